"""The versions of one product or customer, each with the import that wrote it."""

from collections.abc import Sequence
from typing import Any

from core.contracts import FileKind
from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction
from core.store.versions import STORED

Row = dict[str, Any]

# An import writes a row once. What an undone load staged under a number that is taken again is gone
# by then, so that a row's number names one loaded import.
_WRITER = """
    LEFT JOIN imports AS writer
        ON writer.tenant_id = stored.tenant_id
        AND writer.seq = stored.from_seq AND writer.status = 'loaded'
"""
_SEEN = """
SELECT stored.*, coalesce(CAST(writer.import_id AS TEXT), 'unknown') AS written_by
FROM (SELECT * FROM {table} WHERE {visible} AND "{identity}" {among}) AS stored
{writer}
ORDER BY stored."{identity}"
"""
# A row that entered history behind a newer one was never seen.
_SHOWN = """
FROM {table} AS stored
WHERE stored.tenant_id = :tenant AND stored."{identity}" = :key
    AND stored.from_seq <= :head AND (stored.to_seq IS NULL OR stored.to_seq > stored.from_seq)
"""
_VERSIONS = """
SELECT stored.*, CAST(writer.import_id AS TEXT) AS written_by, writer.origin, writer.created_by,
    writer.loaded_at, told.name AS file_name
FROM (SELECT stored.* {shown}) AS stored
{writer}
LEFT JOIN import_file AS told
    ON told.tenant_id = stored.tenant_id AND told.file_id = stored.file_id
ORDER BY stored.from_seq DESC LIMIT :limit OFFSET :offset
"""


def load_seen(tx: Transaction, kind: FileKind, keys: Sequence[str]) -> list[Row]:
    """Return the visible rows of `kind` with these keys, in their order.

    `written_by` is the id of the import that wrote the row: with it the row has not changed.
    """
    stored = STORED[kind]
    sql = _SEEN.format(
        table=stored.table,
        visible=VISIBLE,
        identity=stored.identity,
        among=tx.among("keys"),
        writer=_WRITER,
    )
    return tx.rows(sql, head=head_of(tx), keys=tx.list_of(keys))


def load_versions(
    tx: Transaction, kind: FileKind, key: str, *, limit: int, offset: int = 0
) -> list[Row]:
    """Return a page of the versions of a row, the newest first.

    Beside the cells: `written_by`, `origin`, `created_by`, `loaded_at` and `file_name`.
    """
    stored = STORED[kind]
    shown = _SHOWN.format(table=stored.table, identity=stored.identity)
    sql = _VERSIONS.format(shown=shown, writer=_WRITER)
    return tx.rows(sql, key=key, head=head_of(tx), limit=limit, offset=offset)


def count_versions(tx: Transaction, kind: FileKind, key: str) -> int:
    """Return how many versions `load_versions` pages through."""
    stored = STORED[kind]
    shown = _SHOWN.format(table=stored.table, identity=stored.identity)
    return int(tx.scalar(f"SELECT count(*) {shown}", key=key, head=head_of(tx)) or 0)


def load_chain(tx: Transaction) -> dict[str, str | None]:
    """Return which product each visible one replaces, by key."""
    sql = f"SELECT product_key, replaces FROM product WHERE {VISIBLE}"
    return {row["product_key"]: row["replaces"] for row in tx.rows(sql, head=head_of(tx))}
