"""One run by one process, then in shards by 1, 2 and 4 worker processes: seconds and same rows.

    python -m benchmarks.scaling.scaling FOLDER [CUSTOMERS]

Everything happens on the embedded Postgres in `FOLDER`. Before the clock runs, workers have loaded
what is compiled. A run in shards is planned by this process, which then waits; the digest of all
its rows must be that of the run in one piece. Where the processors are the limit, more workers
cannot be faster: so the queue is measured with shards that do nothing, and with shards that only
wait, as shards on other machines do for this one. The tables are weighed as the run leaves them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.pages.large_tenant import EMBEDDED, served
from benchmarks.pages.measuring import peak_gb
from benchmarks.recommender.make_tenant import make_tenant
from benchmarks.scaling.loading import load_tenant
from benchmarks.scaling.worker import AS_OF, warm_up
from core.jobs import migrate_jobs
from core.jobs.shards import ask_shard
from core.services import shard_plan, shard_run
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.progress import no_progress
from core.services.shard_parts import Part, pack
from core.settings import Settings
from core.store.identity import new_id
from core.store.run_rows import OUTPUT_ROWS
from core.store.run_shards import drop_shards, store_part, store_shards
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now

CUSTOMERS = 200_000
WORKERS = (1, 2, 4)
TRIVIAL, WAITING, WAITS = 100, 40, 0.5
_WARM = 2_000
_LEAST_SHARDS = 8
_RULE = "|---" * 6 + "|"
_WEIGHED = ("customer", "sale_line", *OUTPUT_ROWS)
_DIGEST = """
SELECT count(*) AS rows, sum(('x' || substr(md5(told), 1, 15))::bit(60)::bigint) AS digest
FROM (
    SELECT (to_jsonb({table}) - 'tenant_id' - 'run_id')::text AS told
    FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id
) AS listed
"""
_WEIGHT = """
SELECT pg_total_relation_size('{table}') AS bytes, count(*) AS rows
FROM {table} WHERE tenant_id = :tenant
"""
_PARTS = """
SELECT sum(octet_length(content)) FILTER (WHERE part_no = 0) AS learned,
    sum(octet_length(content)) FILTER (WHERE part_no > 0) AS own
FROM run_part WHERE tenant_id = :tenant
"""


@contextmanager
def workers(store: Store, number: int, folder: Path, waits: float | None = None) -> Iterator[None]:
    """Hold so many worker processes ready for the block."""
    environment = {
        **os.environ,
        "DATABASE_URL": store.settings.database_url,
        "DATA_DIR": str(store.settings.data_dir),
    }
    command = [sys.executable, "-m", "benchmarks.scaling.worker", str(folder / "warm")]
    command += [] if waits is None else [str(waits)]
    held = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(number)
    ]
    try:
        for process in held:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        time.sleep(5)  # until each has its slot and listens to its queues
        yield
    finally:
        for process in held:
            process.kill()
            process.wait()


def digests(tenant: TenantStore, run_id: str) -> dict[str, tuple[int, int]]:
    """Return the number of rows and a digest of a run, by table."""
    found = {}
    with tenant.read() as tx:
        for table in OUTPUT_ROWS:
            row = tx.row(_DIGEST.format(table=table), run_id=run_id)
            assert row is not None
            found[table] = (int(row["rows"]), int(row["digest"] or 0))
    return found


def run_once(tenant: TenantStore, number: int, folder: Path) -> tuple[dict[str, float], object]:
    """Return the seconds of a run by so many workers, 0 for one in this process; and its rows."""
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    if not number:
        began = time.perf_counter()
        summary = execute(tenant, run_id)
    else:
        with workers(tenant.store, number, folder):
            began = time.perf_counter()
            summary = execute(tenant, run_id, ask=ask_shard)
    seconds = {"in all": time.perf_counter() - began, **summary["timings"]}
    found = digests(tenant, run_id)
    if number:  # what it leaves would slow the next one down
        _forget(tenant, run_id)
    return seconds, found


def _forget(tenant: TenantStore, run_id: str) -> None:
    with tenant.begin() as tx:
        for table in OUTPUT_ROWS:
            of_run = "tenant_id = :tenant AND run_id = :run_id"
            tx.execute(f"DELETE FROM {table} WHERE {of_run}", run_id=run_id)


def queue_seconds(
    tenant: TenantStore, number: int, folder: Path, shards: int, waits: float
) -> float:
    """Return the seconds from the first shard asked for to the last one known to be done."""
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    for part_no in range(shards + 1):
        store_part(tenant, run_id, part_no, pack(Part(arrays={}, tables={})))
    store_shards(tenant, run_id, [1] * shards)
    with workers(tenant.store, number, folder, waits):
        began = time.perf_counter()
        shard_run._wait_for(tenant, run_id, no_progress, ask_shard)
        seconds = time.perf_counter() - began
    drop_shards(tenant, run_id)
    return seconds


def weigh(tenant: TenantStore) -> None:
    """Print the bytes of a row of each table, with its indexes."""
    print("\n| table | rows | MB | bytes a row |\n|---|---|---|---|")
    with tenant.read() as tx:
        for table in _WEIGHED:
            row = tx.row(_WEIGHT.format(table=table))
            assert row is not None
            share = row["bytes"] / max(row["rows"], 1)
            print(f"| {table} | {row['rows']:,} | {row['bytes'] / 1e6:.0f} | {share:.0f} |")


def show_runs(tenant: TenantStore, folder: Path) -> None:
    """Print the seconds of the run in one piece and in shards, and whether rows are the same."""
    whole, rows = run_once(tenant, 0, folder)
    print(f"one process: {_told(whole)}; peak {peak_gb():.1f} GB", flush=True)
    weigh(tenant)
    print(
        "\n| workers | in all, s | of it planned | shards | times one process | rows |\n"
        + "|---" * 6
        + "|"
    )
    for number in WORKERS:
        seconds, found = run_once(tenant, number, folder)
        shards = seconds["shards"]
        ratio = seconds["in all"] / whole["in all"]
        same = "the same" if found == rows else "OTHERS"
        print(
            f"| {number} | {seconds['in all']:.1f} | {seconds['in all'] - shards:.1f}"
            f" | {shards:.1f} | {ratio:.2f} | {same} |",
            flush=True,
        )


def _told(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())


def show_queue(tenant: TenantStore, folder: Path) -> None:
    """Print what the queue costs per shard, and how shards that wait scale."""
    print(
        f"\n| workers | {TRIVIAL} empty shards, s | ms a shard | {WAITING} shards of {WAITS} s |"
        " ideal | times ideal |\n" + _RULE
    )
    for number in WORKERS:
        empty = queue_seconds(tenant, number, folder, TRIVIAL, 0)
        waited = queue_seconds(tenant, number, folder, WAITING, WAITS)
        ideal = WAITING * WAITS / number
        print(
            f"| {number} | {empty:.1f} | {1000 * empty / TRIVIAL:.0f} | {waited:.1f} | {ideal:.1f}"
            f" | {waited / ideal:.2f} |",
            flush=True,
        )


@contextmanager
def _parts_weighed() -> Iterator[None]:
    """Print the bytes of the parts once a run has laid them out."""
    stored = shard_plan.store_shards

    def weighed(store: TenantStore, run_id: str, customers: list[int]) -> None:
        stored(store, run_id, customers)
        with store.read() as tx:
            row = tx.row(_PARTS)
        assert row is not None
        own = row["own"] / sum(customers)
        print(f"learned {row['learned'] / 1e6:.1f} MB, {own:.0f} bytes a customer", file=sys.stderr)

    shard_plan.store_shards = weighed
    try:
        yield
    finally:
        shard_plan.store_shards = stored


def main(folder: Path, customers: int) -> None:
    """Make the tenant, and print all tables."""
    for name, number in (("source", customers), ("warm", _WARM)):
        if not (folder / name).exists():
            make_tenant(folder / name, number)
    warm_up(folder / "warm")
    shard_plan.SHARDED_FROM = min(shard_plan.SHARDED_FROM, customers)
    fewest = -(-customers // _LEAST_SHARDS)
    shard_plan.CUSTOMERS_PER_SHARD = min(shard_plan.CUSTOMERS_PER_SHARD, fewest)
    with served(EMBEDDED, folder) as (url, _):
        settings = Settings(database_url=url, data_dir=folder / "data")
        migrate(settings)
        migrate_jobs(settings)
        store = Store(settings, utc_now)
        tenant = load_tenant(store, f"large-{new_id()[:8]}", folder / "source")
        with _parts_weighed():
            show_runs(tenant, folder)
        show_queue(tenant, folder)
        store.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else CUSTOMERS)
