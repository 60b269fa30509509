"""Rows that wait for a product, a customer, a decision or their sale."""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.store.bulk import store_rows_in_steps
from core.store.dataset import head_of
from core.store.imports import ImportFile, file_of
from core.store.tenant import TenantStore, Transaction

_LINES_AT_ONCE = 20_000

_HELD = """
SELECT held_row.import_id, held_row.kind AS held_kind, held_row.row_json, import_file.*
FROM held_row
JOIN imports
    ON imports.tenant_id = held_row.tenant_id AND imports.import_id = held_row.import_id
JOIN import_file
    ON import_file.tenant_id = held_row.tenant_id
    AND import_file.import_id = held_row.import_id
    AND import_file.file_no = held_row.file_no
WHERE held_row.tenant_id = :tenant
    AND imports.status = 'loaded'
    AND (held_row.released_seq IS NULL OR held_row.released_seq > :head)
ORDER BY held_row.import_id, held_row.file_no, held_row.line
"""
_RELEASE = """
UPDATE held_row SET released_seq = :seq
WHERE tenant_id = :tenant AND import_id = :import_id AND file_no = :file_no AND line {among}
"""


@dataclass(frozen=True, kw_only=True)
class HeldRow:
    """One row that waits: the import and file that brought it, and the row itself as JSON."""

    import_id: str
    file: ImportFile
    kind: str
    row_json: str


def load_held_rows(tx: Transaction) -> list[HeldRow]:
    """Return the rows that wait, by import, file and line."""
    return [
        HeldRow(
            import_id=str(row["import_id"]),
            file=file_of(row),
            kind=row["held_kind"],
            row_json=row["row_json"],
        )
        for row in tx.rows(_HELD, head=head_of(tx))
    ]


def stage_held(
    store: TenantStore,
    con: DuckDBPyConnection,
    table: str,
    kind: FileKind,
    import_id: str,
    file_no: int,
) -> None:
    """Stage the held rows of DuckDB `table`, each with its whole row as JSON."""
    store_rows_in_steps(
        store,
        con,
        f"SELECT '{import_id}', {file_no}, line, '{kind.value}', code, subject,"
        f" CAST(to_json(held) AS VARCHAR) FROM {table} AS held ORDER BY line",
        "held_row",
        ["import_id", "file_no", "line", "kind", "code", "subject", "row_json"],
    )


def stage_released(store: TenantStore, con: DuckDBPyConnection, table: str, seq: int) -> None:
    """Mark the rows of DuckDB `table` (import_id, file_no, line) as released by import `seq`."""
    files = con.execute(
        "SELECT import_id, file_no, list(line ORDER BY line) "
        f"FROM {table} GROUP BY ALL ORDER BY import_id, file_no"
    ).fetchall()
    for import_id, file_no, lines in files:
        for start in range(0, len(lines), _LINES_AT_ONCE):
            with store.begin() as tx:
                tx.execute(
                    _RELEASE.format(among=tx.among("lines")),
                    seq=seq,
                    import_id=import_id,
                    file_no=file_no,
                    lines=tx.list_of(lines[start : start + _LINES_AT_ONCE]),
                )


def clear_unreleased(tx: Transaction) -> None:
    """Let the rows wait again that an unfinished or undone load released."""
    tx.execute(
        "UPDATE held_row SET released_seq = NULL"
        " WHERE tenant_id = :tenant AND released_seq > :head",
        head=head_of(tx),
    )
