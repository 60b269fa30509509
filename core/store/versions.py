"""The versioned rows that imports write.

A load stages its rows under the next sequence number in short transactions; `publish_import` moves
the tenant's head and the ledger in one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, DUCKDB_TYPES, FileKind
from core.store.bulk import fetch_table, store_rows_in_steps
from core.store.import_states import OPEN_STATES, refusal
from core.store.imports import ImportEntry, ImportFile
from core.store.tenant import TenantStore, Transaction

_FILES_PER_SEQ = 1_000
_PUBLISH = """
UPDATE imports SET status = 'loaded', seq = :seq, loaded_at = :now, report_json = :report
WHERE tenant_id = :tenant AND import_id = :import_id AND origin = :origin AND status {among}
"""
_PUBLISHED_SUPPRESSIONS = """
SELECT suppression_id FROM suppression
WHERE tenant_id = :tenant AND (
    import_id IS NULL OR import_id IN (
        SELECT import_id FROM imports
        WHERE tenant_id = :tenant AND status IN ('loaded', 'undone')
    )
)
"""
_AS_READ = """
UPDATE import_file
SET file_id = :file_id, kind = :kind, mapping_json = :mapping_json, exported_at = :exported_at,
    sha256 = :sha256, left_out = :left_out
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
"""


@dataclass(frozen=True, kw_only=True)
class StoredKind:
    """Where the rows of a file kind are kept: table, identity, columns with DuckDB types."""

    table: str
    identity: str
    types: Mapping[str, str]


def _stored(kind: FileKind, table: str, identity: str, *, without: str, extra: str) -> StoredKind:
    types = {c.field: DUCKDB_TYPES[c.type] for c in COLUMNS[kind] if c.field != without}
    if extra:
        types[extra] = "VARCHAR"
    if identity not in types:
        types[identity] = "VARCHAR"
    return StoredKind(table=table, identity=identity, types=types)


STORED: Mapping[FileKind, StoredKind] = {
    FileKind.PRODUCTS: _stored(FileKind.PRODUCTS, "product", "product_key", without="", extra=""),
    FileKind.CLIENTS: _stored(
        FileKind.CLIENTS, "customer", "customer", without="", extra="email_norm"
    ),
    FileKind.SALES: _stored(
        FileKind.SALES, "sale_line", "line_key", without="product_label", extra=""
    ),
    FileKind.CONTACTS: _stored(
        FileKind.CONTACTS, "contact_history", "event_key", without="email", extra="email_norm"
    ),
}


def file_id_of(seq: int, file_no: int) -> int:
    """Return the number that rows of this file carry."""
    return seq * _FILES_PER_SEQ + file_no


def stage_rows(
    store: TenantStore, con: DuckDBPyConnection, kind: FileKind, table: str, seq: int
) -> None:
    """Stage the rows of DuckDB `table` (stored fields, `file_no`, `is_older`) under `seq`.

    A row with `is_older` enters history only; any other supersedes the visible row of its
    identity at publication.
    """
    stored = STORED[kind]
    names = ", ".join(f'"{name}"' for name in stored.types)
    identity = f'"{stored.identity}"'
    store_rows_in_steps(
        store,
        con,
        f"SELECT {names}, {seq} * {_FILES_PER_SEQ} + file_no, {seq},"
        f" CASE WHEN is_older THEN {seq} END, CASE WHEN replaces_visible THEN {identity} END"
        f" FROM {table} ORDER BY {identity}",
        stored.table,
        [*stored.types, "file_id", "from_seq", "to_seq"],
        partial(_supersede, stored, seq),
    )


def _supersede(stored: StoredKind, seq: int, tx: Transaction, keys: Sequence[str]) -> None:
    tx.execute(
        f"UPDATE {stored.table} SET to_seq = :seq WHERE tenant_id = :tenant"
        f' AND "{stored.identity}" {tx.among("keys")} AND to_seq IS NULL AND from_seq < :seq',
        seq=seq,
        keys=tx.list_of(keys),
    )


def publish_import(
    tx: Transaction,
    entry: ImportEntry,
    files: Sequence[ImportFile],
    seq: int,
    report_json: str,
    now: datetime,
) -> None:
    """Make everything staged under `seq` visible; `files` are told as the load has read them.

    What was chosen while it was being loaded did not count, and is not kept. Raises `Refused`,
    and nothing becomes visible, when the import was closed or made a correction in the meantime.
    """
    published = tx.execute(
        _PUBLISH.format(among=tx.among("states")),
        seq=seq,
        now=now,
        report=report_json,
        import_id=entry.import_id,
        origin=str(entry.origin),
        states=tx.list_of(OPEN_STATES),
    )
    if not published:
        raise refusal(tx, entry.import_id)
    tx.execute_many(_AS_READ, [_as_read(entry, file, seq) for file in files])
    move_head(tx, seq)


def _as_read(entry: ImportEntry, file: ImportFile, seq: int) -> dict[str, object]:
    return {
        "import_id": entry.import_id,
        "file_no": file.file_no,
        "file_id": file_id_of(seq, file.file_no),
        "kind": file.kind,
        "mapping_json": file.mapping_json,
        "exported_at": file.exported_at,
        "sha256": file.sha256,
        "left_out": file.left_out,
    }


def move_head(tx: Transaction, seq: int, *, staged_seq: int | None = None) -> None:
    """Set the tenant's head, entering it when the tenant has none yet.

    `staged_seq` is the number above it of which rows are left.
    """
    tx.execute(
        """
        INSERT INTO tenant_head (tenant_id, seq, staged_seq) VALUES (:tenant, :seq, :staged_seq)
        ON CONFLICT (tenant_id)
            DO UPDATE SET seq = excluded.seq, staged_seq = excluded.staged_seq
        """,
        seq=seq,
        staged_seq=staged_seq,
    )


def fetch_suppression_ids(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(suppression_id)` of the tenant's suppressions, staged ones left out."""
    fetch_table(
        tx,
        con,
        table,
        {"suppression_id": "VARCHAR"},
        _PUBLISHED_SUPPRESSIONS,
    )


def stage_suppressions(
    store: TenantStore, con: DuckDBPyConnection, table: str, import_id: str
) -> None:
    """Stage the suppressions of DuckDB `table`; they count once the import is loaded."""
    columns = ["suppression_id", "customer", "email_norm", "reason", "source", "since"]
    store_rows_in_steps(
        store,
        con,
        f"SELECT {', '.join(columns)}, '{import_id}' FROM {table} ORDER BY suppression_id",
        "suppression",
        [*columns, "import_id"],
    )
