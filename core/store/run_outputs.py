"""The rows of finished runs as they are exported: whole, in bytewise order, streamed."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.contracts import AUDIT_OUTPUT, NEXT_ACTION_OUTPUT, RECO_OUTPUT
from core.store.tenant import Transaction

OUTPUT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "reco_output": RECO_OUTPUT,
    "audit_output": AUDIT_OUTPUT,
    "next_action_output": NEXT_ACTION_OUTPUT,
}
_ORDER_WITHIN_CUSTOMER = {"reco_output": ", rank", "audit_output": ", issue_no"}
_FIELDS = {"customer_code": "customer", "run_id": "CAST(run_id AS TEXT)"}
_STREAMED_ROWS = 5_000


def bytewise(tx: Transaction, column: str) -> str:
    """Return the sort key of `column` by its bytes, whatever the collation of the database."""
    return f"{column} COLLATE BINARY" if tx.is_sqlite else f'{column} COLLATE "C"'


def stream_output(tx: Transaction, table: str, run_id: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a run in lists, by customer, then rank or issue number.

    The columns are `OUTPUT_COLUMNS[table]`; memory does not grow with the number of rows.
    """
    columns = ", ".join(_FIELDS.get(name, name) for name in OUTPUT_COLUMNS[table])
    order = bytewise(tx, "customer") + _ORDER_WITHIN_CUSTOMER.get(table, "")
    return tx.stream(
        f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
        f" ORDER BY {order}",
        _STREAMED_ROWS,
        run_id=run_id,
    )


def count_output(tx: Transaction, table: str, run_id: str) -> int:
    """Return the number of rows of a run in `table`."""
    assert table in OUTPUT_COLUMNS
    sql = f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
    return int(tx.scalar(sql, run_id=run_id))
