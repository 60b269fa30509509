"""Rows that wait for a product, a customer, a decision or their sale."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.store.bulk import fetch_table, store_rows_in_steps
from core.store.dataset import head_of
from core.store.imports import ImportFile, file_of
from core.store.tenant import TenantStore, Transaction

_LINES_AT_ONCE = 20_000

_STILL_WAITING = """
FROM held_row
JOIN imports
    ON imports.tenant_id = held_row.tenant_id AND imports.import_id = held_row.import_id
WHERE held_row.tenant_id = :tenant
    AND imports.status = 'loaded'
    AND (held_row.released_seq IS NULL OR held_row.released_seq > :head)
"""
_WAITING_TYPES = {
    "import_id": "VARCHAR",
    "file_no": "INTEGER",
    "line": "BIGINT",
    "kind": "VARCHAR",
    "code": "VARCHAR",
    "subject": "VARCHAR",
    "subject_norm": "VARCHAR",
    "row_json": "VARCHAR",
}
_FILES = """
SELECT * FROM import_file
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no
"""
_MARK = """
UPDATE held_row SET {column} = :seq
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no AND line {among}
    AND {column} IS NULL
"""


def fetch_waiting(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table` of the rows that wait, each with its whole row as `row_json`."""
    names = ", ".join(
        f"CAST(held_row.{name} AS TEXT)" if of == "VARCHAR" else f"held_row.{name}"
        for name, of in _WAITING_TYPES.items()
    )
    sql = f"SELECT {names} {_STILL_WAITING}"
    fetch_table(tx, con, table, _WAITING_TYPES, sql, head=head_of(tx))


def load_file(tx: Transaction, import_id: str, file_no: int) -> ImportFile:
    """Return one file of an import that is there."""
    row = tx.row(_FILES, import_id=import_id, file_no=file_no)
    assert row is not None
    return file_of(row)


def stage_held(
    store: TenantStore,
    con: DuckDBPyConnection,
    table: str,
    kind: FileKind,
    import_id: str,
    file_no: int,
    norms: str | None = None,
) -> None:
    """Stage the held rows of DuckDB `table`, each with its whole row as JSON.

    `norms` names a table (label, label_norm): an unknown label is compared in that form.
    """
    norm = f"(SELECT label_norm FROM {norms} AS n WHERE n.label = held.subject)"
    subject_norm = f"CASE code WHEN 'UNKNOWN_LABEL' THEN {norm} END" if norms else "NULL"
    amount = "amount_cents" if kind is FileKind.SALES else "NULL::BIGINT"
    store_rows_in_steps(
        store,
        con,
        f"SELECT '{import_id}', {file_no}, line, '{kind.value}', code, subject,"
        f" coalesce({subject_norm}, subject), {amount},"
        f" CAST(to_json(held) AS VARCHAR) FROM {table} AS held ORDER BY line",
        "held_row",
        [
            *("import_id", "file_no", "line", "kind", "code", "subject"),
            *("subject_norm", "amount_cents", "row_json"),
        ],
    )


def stage_released(store: TenantStore, con: DuckDBPyConnection, table: str, seq: int) -> None:
    """Mark the rows of DuckDB `table` (import_id, file_no, line) as released by import `seq`."""
    _mark(store, con, table, "released_seq", seq)


def stage_held_again(store: TenantStore, con: DuckDBPyConnection, table: str, seq: int) -> None:
    """Mark the rows of `table`, as of `stage_released`, as held again by import `seq`."""
    _mark(store, con, table, "again_seq", seq)


def _mark(store: TenantStore, con: DuckDBPyConnection, table: str, column: str, seq: int) -> None:
    files = con.execute(
        "SELECT import_id, file_no, list(line ORDER BY line) "
        f"FROM {table} GROUP BY ALL ORDER BY import_id, file_no"
    ).fetchall()
    for import_id, file_no, lines in files:
        for start in range(0, len(lines), _LINES_AT_ONCE):
            with store.begin() as tx:
                tx.execute(
                    _MARK.format(column=column, among=tx.among("lines")),
                    seq=seq,
                    import_id=import_id,
                    file_no=file_no,
                    lines=tx.list_of(lines[start : start + _LINES_AT_ONCE]),
                )


def clear_unreleased(tx: Transaction) -> None:
    """Let the rows wait again that an unfinished or undone load released or held again."""
    for column in ("released_seq", "again_seq"):
        tx.execute(
            f"UPDATE held_row SET {column} = NULL WHERE tenant_id = :tenant AND {column} > :head",
            head=head_of(tx),
        )
