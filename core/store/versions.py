"""The versioned rows that imports write.

A load stages its rows under the next sequence number in short transactions; `publish` moves the
tenant's head and the ledger in one. Whatever a killed load left behind carries a sequence
number above the head: nobody sees it, and `clear_unpublished` removes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, DUCKDB_TYPES, FileKind
from core.store.bulk import fetch_table, store_rows_in_steps
from core.store.dataset import VISIBLE, head_of
from core.store.held import clear_unreleased
from core.store.imports import ImportEntry
from core.store.tenant import TenantStore, Transaction

_KEYS_AT_ONCE = 20_000
_FILES_PER_SEQ = 1_000


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


def fetch_state(tx: Transaction, con: DuckDBPyConnection, kind: FileKind, table: str) -> None:
    """Create DuckDB `table`: the visible rows of `kind` with the version that wrote each.

    Columns: the stored fields, `exported_at TIMESTAMP`, `sha256`.
    """
    stored = STORED[kind]
    names = ", ".join(f'stored."{name}"' for name in stored.types)
    visible = VISIBLE.replace("tenant_id", "stored.tenant_id")
    fetch_table(
        tx,
        con,
        table,
        {**stored.types, "exported_at": "TIMESTAMP", "sha256": "VARCHAR"},
        f"""
        SELECT {names},
            coalesce(substr(CAST(f.exported_at AS TEXT), 1, 19), '1900-01-01') AS exported_at,
            coalesce(f.sha256, '') AS sha256
        FROM {stored.table} AS stored
        LEFT JOIN import_file AS f
            ON f.tenant_id = stored.tenant_id AND f.file_id = stored.file_id
        WHERE {visible}
        """,
        head=head_of(tx),
    )


def clear_unpublished(store: TenantStore) -> None:
    """Remove what unfinished loads left: rows above the head, and their marks on older rows."""
    for stored in STORED.values():
        with store.begin() as tx:
            head = head_of(tx)
            tx.execute(
                f"DELETE FROM {stored.table} WHERE tenant_id = :tenant AND from_seq > :head",
                head=head,
            )
            tx.execute(
                f"UPDATE {stored.table} SET to_seq = NULL"
                " WHERE tenant_id = :tenant AND to_seq > :head",
                head=head,
            )
    with store.begin() as tx:
        clear_unreleased(tx)
        for table in ("suppression", "held_row"):
            tx.execute(
                f"""
                DELETE FROM {table} WHERE tenant_id = :tenant AND import_id IN (
                    SELECT import_id FROM imports
                    WHERE tenant_id = :tenant AND status NOT IN ('loaded', 'undone')
                )
                """
            )


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
    _supersede(store, con, stored, table, seq)
    columns = [*stored.types, "file_id", "from_seq", "to_seq"]
    names = ", ".join(f'"{name}"' for name in stored.types)
    store_rows_in_steps(
        store,
        con,
        f"SELECT {names}, {seq} * {_FILES_PER_SEQ} + file_no, {seq},"
        f' CASE WHEN is_older THEN {seq} END FROM {table} ORDER BY "{stored.identity}"',
        stored.table,
        columns,
    )


def _supersede(
    store: TenantStore, con: DuckDBPyConnection, stored: StoredKind, table: str, seq: int
) -> None:
    result = con.cursor().execute(
        f'SELECT "{stored.identity}" FROM {table} WHERE replaces_visible ORDER BY 1'
    )
    while rows := result.fetchmany(_KEYS_AT_ONCE):
        with store.begin() as tx:
            tx.execute(
                f"UPDATE {stored.table} SET to_seq = :seq WHERE tenant_id = :tenant"
                f' AND "{stored.identity}" {tx.among("keys")} AND to_seq IS NULL'
                " AND from_seq < :seq",
                seq=seq,
                keys=tx.list_of([row[0] for row in rows]),
            )


def publish(
    store: TenantStore, entry: ImportEntry, seq: int, report_json: str, now: datetime
) -> None:
    """Make everything staged under `seq` visible, in one small transaction."""
    with store.begin() as tx:
        for file in entry.files:
            tx.execute(
                """
                UPDATE import_file SET file_id = :file_id
                WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
                """,
                file_id=file_id_of(seq, file.file_no),
                import_id=entry.import_id,
                file_no=file.file_no,
            )
        tx.execute(
            """
            UPDATE imports
            SET status = 'loaded', seq = :seq, loaded_at = :now, report_json = :report
            WHERE tenant_id = :tenant AND import_id = :import_id
            """,
            seq=seq,
            now=now,
            report=report_json,
            import_id=entry.import_id,
        )
        move_head(tx, seq)


def move_head(tx: Transaction, seq: int) -> None:
    """Set the tenant's head, entering it when the tenant has none yet."""
    tx.execute(
        """
        INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, :seq)
        ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq
        """,
        seq=seq,
    )


def unpublish(store: TenantStore, import_id: str, seq: int) -> bool:
    """Take the head back by one when it stands at `seq`; tell whether it did."""
    with store.begin() as tx:
        if head_of(tx) != seq:
            return False
        tx.execute(
            "UPDATE imports SET status = 'undone'"
            " WHERE tenant_id = :tenant AND import_id = :import_id",
            import_id=import_id,
        )
        # The next load takes the same number: its rows must not be taken for this import's.
        tx.execute(
            "UPDATE import_file SET file_id = NULL"
            " WHERE tenant_id = :tenant AND import_id = :import_id",
            import_id=import_id,
        )
        move_head(tx, seq - 1)
        return True


def fetch_suppression_ids(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(suppression_id)` of the tenant's suppressions."""
    fetch_table(
        tx,
        con,
        table,
        {"suppression_id": "VARCHAR"},
        "SELECT suppression_id FROM suppression WHERE tenant_id = :tenant",
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
