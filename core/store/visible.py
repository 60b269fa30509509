"""What of a tenant's visible rows an import must know, fetched by the keys that it names.

Every `keys` is a DuckDB select of text columns; only rows with these keys are read.
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.store.bulk import fetch_table
from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction
from core.store.versions import STORED
from core.store.wanted import fetch_wanted

_OF_STORED = VISIBLE.replace("tenant_id", "stored.tenant_id")
_FILES = """
SELECT file_id, substr(CAST(exported_at AS TEXT), 1, 19), sha256 FROM import_file
WHERE tenant_id = :tenant AND file_id IS NOT NULL AND kind = :kind
"""
_FILE_TYPES = {"file_id": "BIGINT", "exported_at": "TIMESTAMP", "sha256": "VARCHAR"}
# What no file of this kind wrote, such as a product created from sales, is older than any file.
_VERSIONED = """
CREATE OR REPLACE TABLE {table} AS
SELECT visible_rows.* EXCLUDE (file_id),
    coalesce(exported_at, TIMESTAMP '1900-01-01') AS exported_at, coalesce(sha256, '') AS sha256
FROM visible_rows LEFT JOIN written_files USING (file_id)
"""
_KNOWN_CUSTOMERS = f"""
SELECT DISTINCT stored.customer FROM wanted CROSS JOIN customer AS stored
WHERE stored.customer = wanted.customer AND {_OF_STORED}
"""
# `numbered` is '1' where the file's lines have numbers: those of the other sort are looked for.
_RENUMBERED = """
SELECT DISTINCT wanted.document_id FROM wanted
WHERE EXISTS (
    SELECT 1 FROM sale_line AS stored
    WHERE {of_document} AND (stored.line_no IS NULL) = (wanted.numbered = '1') AND {visible}
    {one_by_one}
)
"""
# Where text is compared by its bytes, the primary key finds the lines of a document.
_BY_KEY = """
stored.line_key >= wanted.document_id || {separator}(31)
AND stored.line_key < wanted.document_id || {separator}(32)
"""
_ONE_BY_ONE = "LIMIT 1 OFFSET 0"  # keeps Postgres from joining the ranges of every key
_BY_DOCUMENT = "stored.document_id = wanted.document_id"


def fetched_types(kind: FileKind) -> dict[str, str]:
    """Return the columns of fetched rows: the stored fields, `exported_at`, `sha256`."""
    return {**STORED[kind].types, "exported_at": "TIMESTAMP", "sha256": "VARCHAR"}


def fetch_all(tx: Transaction, con: DuckDBPyConnection, kind: FileKind, table: str) -> None:
    """Create DuckDB `table`: every visible row of `kind` with the version that wrote it."""
    sql = f"SELECT {_names(kind)} FROM {STORED[kind].table} AS stored WHERE {_OF_STORED}"
    fetch_table(tx, con, "visible_rows", _row_types(kind), sql, head=head_of(tx))
    _tell_versions(tx, con, kind, table)


def fetch_by(
    tx: Transaction, con: DuckDBPyConnection, kind: FileKind, table: str, keys: str
) -> None:
    """Create DuckDB `table` like `fetch_all`, of the rows that agree with `keys` in its columns."""
    named = [row[0] for row in con.execute(f"DESCRIBE {keys}").fetchall()]
    agree = " AND ".join(f'stored."{name}" = wanted."{name}"' for name in named)
    sql = (
        f"SELECT {_names(kind)} FROM wanted CROSS JOIN {STORED[kind].table} AS stored"
        f" WHERE {agree} AND {_OF_STORED}"
    )
    fetch_wanted(tx, con, "visible_rows", _row_types(kind), sql, keys, head=head_of(tx))
    _tell_versions(tx, con, kind, table)


def _row_types(kind: FileKind) -> dict[str, str]:
    return {**STORED[kind].types, "file_id": "BIGINT"}


def _names(kind: FileKind) -> str:
    return ", ".join(f'stored."{name}"' for name in _row_types(kind))


def _tell_versions(tx: Transaction, con: DuckDBPyConnection, kind: FileKind, table: str) -> None:
    fetch_table(tx, con, "written_files", _FILE_TYPES, _FILES, kind=kind.value)
    con.execute(_VERSIONED.format(table=table))
    con.execute("DROP TABLE visible_rows")


def fetch_people(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(customer, email_norm)`: every customer, with her address or NULL."""
    types = {"customer": "VARCHAR", "email_norm": "VARCHAR"}
    sql = f"SELECT customer, email_norm FROM customer WHERE {VISIBLE}"
    fetch_table(tx, con, table, types, sql, head=head_of(tx))


def fetch_known_customers(tx: Transaction, con: DuckDBPyConnection, table: str, keys: str) -> None:
    """Create DuckDB `table(customer)`: those of `keys` (customer) that are there."""
    types = {"customer": "VARCHAR"}
    fetch_wanted(tx, con, table, types, _KNOWN_CUSTOMERS, keys, head=head_of(tx))


def fetch_renumbered(tx: Transaction, con: DuckDBPyConnection, table: str, keys: str) -> None:
    """Create DuckDB `table(document_id)`: documents known with line numbers, or without.

    `keys` (document_id, numbered) says what the file has: those of the other sort are fetched.
    """
    by_key = _BY_KEY.format(separator="char" if tx.is_sqlite else "chr")
    by_index = tx.compares_bytes()
    sql = _RENUMBERED.format(
        of_document=by_key if by_index else _BY_DOCUMENT,
        one_by_one=_ONE_BY_ONE if by_index else "",
        visible=_OF_STORED,
    )
    types, head = {"document_id": "VARCHAR"}, head_of(tx)
    fetch_wanted(tx, con, table, types, sql, keys, by_index=by_index, head=head)


def count_visible(tx: Transaction, kind: FileKind) -> int:
    """Return how many rows of `kind` are visible."""
    sql = f"SELECT count(*) FROM {STORED[kind].table} WHERE {VISIBLE}"
    return int(tx.scalar(sql, head=head_of(tx)) or 0)
