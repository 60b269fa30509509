"""The shards of a run that is under way: what each is worked out from, and which are done.

What a shard needs lies in `run_part`, in chunks: part 0 was learned from all customers, the others
hold the rows of some, until their shard is done. Both tables are empty when no run is under way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.store.runs import RunStatus, find_run
from core.store.tenant import TenantStore, Transaction

COMMON = 0  # the part of all shards; they count from 1
_CHUNK_BYTES = 4_000_000
_FIGURES_AT_ONCE = 10
_OF_RUN = "tenant_id = :tenant AND run_id = :run_id"
_OF_TRY = f"{_OF_RUN} AND shard_no = :shard_no AND tries = :tries"
_INSERT_CHUNK = """
INSERT INTO run_part (tenant_id, run_id, part_no, chunk_no, content)
VALUES (:tenant, :run_id, :part_no, :chunk_no, :content)
"""
_INSERT_SHARD = """
INSERT INTO run_shard (tenant_id, run_id, shard_no, customers, tries)
VALUES (:tenant, :run_id, :shard_no, :customers, 0)
"""
_HELD_FOR = """
SELECT CAST(run_id AS TEXT) AS run_id, count(*) AS rows FROM {table}
WHERE tenant_id = :tenant GROUP BY run_id
"""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A range of a run's customers: how many, how often tried, whether all their rows are stored.

    `error` says why the last try failed, if it did: a sentence of ours, or the kind of the error.
    """

    shard_no: int
    customers: int
    tries: int
    is_done: bool
    error: str | None


def shard_lock(run_id: str, shard_no: int) -> str:
    """Return the purpose under which a shard is worked on."""
    return f"shard-{run_id.lower()}-{shard_no}"


def store_part(store: TenantStore, run_id: str, part_no: int, content: bytes) -> None:
    """Store a part in chunks, each in a transaction of its own."""
    for chunk_no, low in enumerate(range(0, len(content), _CHUNK_BYTES)):
        with store.begin() as tx:
            tx.execute(
                _INSERT_CHUNK,
                run_id=run_id,
                part_no=part_no,
                chunk_no=chunk_no,
                content=content[low : low + _CHUNK_BYTES],
            )


def load_part(tx: Transaction, run_id: str, part_no: int) -> bytes | None:
    """Return a part, None when it is not there any more."""
    sql = f"SELECT content FROM run_part WHERE {_OF_RUN} AND part_no = :part_no ORDER BY chunk_no"
    rows = tx.rows(sql, run_id=run_id, part_no=part_no)
    return b"".join(bytes(row["content"]) for row in rows) if rows else None


def has_part(tx: Transaction, run_id: str, part_no: int) -> bool:
    """Tell whether a part is there."""
    sql = f"SELECT count(*) FROM run_part WHERE {_OF_RUN} AND part_no = :part_no"
    return bool(tx.scalar(sql, run_id=run_id, part_no=part_no))


def store_shards(store: TenantStore, run_id: str, customers: list[int]) -> None:
    """Enter the shards, numbered from 1, with so many customers each: all parts are stored."""
    shards = [{"shard_no": n, "customers": number} for n, number in enumerate(customers, 1)]
    with store.begin() as tx:
        tx.execute_many(_INSERT_SHARD, [{"run_id": run_id, **shard} for shard in shards])


def load_shards(tx: Transaction, run_id: str) -> list[Shard]:
    """Return the shards of a run in their order, none where it is not worked on in shards."""
    sql = f"""
    SELECT shard_no, customers, tries, done_at IS NOT NULL AS is_done, error FROM run_shard
    WHERE {_OF_RUN} ORDER BY shard_no
    """
    found = tx.rows(sql, run_id=run_id)
    return [Shard(**{**row, "is_done": bool(row["is_done"])}) for row in found]


def stream_figures(tx: Transaction, run_id: str) -> Iterator[str]:
    """Yield what each shard that is done has counted, as JSON, in their order."""
    sql = f"""
    SELECT figures_json FROM run_shard WHERE {_OF_RUN} AND done_at IS NOT NULL ORDER BY shard_no
    """
    for rows in tx.stream(sql, _FIGURES_AT_ONCE, run_id=run_id):
        yield from (str(figures) for (figures,) in rows)


def try_shard(store: TenantStore, run_id: str, shard_no: int) -> int:
    """Count a try of a shard and return which it is; 0 when it is done, or wanted no more."""
    values = {"run_id": run_id, "shard_no": shard_no}
    with store.begin() as tx:
        is_wanted = tx.execute(
            "UPDATE run_shard SET tries = tries + 1, error = NULL"
            f" WHERE {_OF_RUN} AND shard_no = :shard_no AND done_at IS NULL",
            **values,
        )
        if not is_wanted:
            return 0
        sql = f"SELECT tries FROM run_shard WHERE {_OF_RUN} AND shard_no = :shard_no"
        return int(tx.scalar(sql, **values))


def fail_shard(store: TenantStore, run_id: str, shard_no: int, tries: int, error: str) -> None:
    """Keep why this try of a shard failed, unless it is not the last; it names no person."""
    with store.begin() as tx:
        tx.execute(
            f"UPDATE run_shard SET error = :error WHERE {_OF_TRY}",
            run_id=run_id,
            shard_no=shard_no,
            tries=tries,
            error=error,
        )


def finish_shard(
    store: TenantStore, run_id: str, shard_no: int, tries: int, figures_json: str, now: datetime
) -> None:
    """Set a shard done, of which this try stored all rows, and drop what it was worked out from.

    Nothing happens when another try has begun, which removes these rows first: a worker whose
    lock went with the database's restart works on beside it.
    """
    with store.begin() as tx:
        is_last = tx.execute(
            f"UPDATE run_shard SET figures_json = :figures_json, done_at = :now WHERE {_OF_TRY}",
            run_id=run_id,
            shard_no=shard_no,
            tries=tries,
            figures_json=figures_json,
            now=now,
        )
        if is_last:
            _drop_part(tx, run_id, shard_no)


def drop_parts(store: TenantStore, run_id: str | None = None) -> None:
    """Drop what shards of one run, or of all, are worked out from; those at work have read it."""
    with store.begin() as tx:
        if run_id is None:
            tx.execute("DELETE FROM run_part WHERE tenant_id = :tenant")
        else:
            tx.execute(f"DELETE FROM run_part WHERE {_OF_RUN}", run_id=run_id)


def drop_shards(store: TenantStore, run_id: str) -> None:
    """Forget the shards of a run, and what is left of their parts."""
    with store.begin() as tx:
        tx.execute(f"DELETE FROM run_part WHERE {_OF_RUN}", run_id=run_id)
        tx.execute(f"DELETE FROM run_shard WHERE {_OF_RUN}", run_id=run_id)


def open_shard_locks(tx: Transaction) -> Iterator[str]:
    """Yield the purposes under which shards that are not done may be worked on."""
    rows = tx.rows(
        "SELECT CAST(run_id AS TEXT) AS run_id, shard_no FROM run_shard"
        " WHERE tenant_id = :tenant AND done_at IS NULL AND tries > 0"
        " ORDER BY run_id, shard_no"
    )
    for row in rows:
        yield shard_lock(str(row["run_id"]), int(row["shard_no"]))


def abandoned_runs(tx: Transaction, before: datetime) -> list[str]:
    """Return the runs that left shards behind: over, or launched earlier than `before`."""
    held = [
        str(row["run_id"])
        for table in ("run_part", "run_shard")
        for row in tx.rows(_HELD_FOR.format(table=table))
    ]
    runs = [find_run(tx, run_id) for run_id in sorted(set(held))]
    return [
        run.run_id
        for run in runs
        if run and (run.status is not RunStatus.RUNNING or run.created_at < before)
    ]


def _drop_part(tx: Transaction, run_id: str, part_no: int) -> None:
    sql = f"DELETE FROM run_part WHERE {_OF_RUN} AND part_no = :part_no"
    tx.execute(sql, run_id=run_id, part_no=part_no)
