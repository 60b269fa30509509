"""The rows of finished runs as they are exported: whole, in bytewise order, streamed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class RunAt:
    """A run as one of its reviews left it; review 0 is the original."""

    run_id: str
    review: int


def bytewise(tx: Transaction, column: str) -> str:
    """Return the sort key of `column` by its bytes, whatever the collation of the database."""
    return f"{column} COLLATE BINARY" if tx.is_sqlite else f'{column} COLLATE "C"'


def counts(table: str, review: str = ":review") -> str:
    """Return the condition under which a row of `table` counts in `review`, which is SQL."""
    return (
        f"{table}.since_review <= {review}"
        f" AND coalesce({table}.until_review, {review} + 1) > {review}"
    )


def stream_output(tx: Transaction, table: str, run: RunAt) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a run at a review in lists, by customer, then rank or issue number.

    The columns are `OUTPUT_COLUMNS[table]`; memory does not grow with the number of rows.
    """
    columns = ", ".join(_FIELDS.get(name, name) for name in OUTPUT_COLUMNS[table])
    order = bytewise(tx, "customer") + _ORDER_WITHIN_CUSTOMER.get(table, "")
    return tx.stream(
        f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
        f" AND {counts(table)} ORDER BY {order}",
        _STREAMED_ROWS,
        **vars(run),
    )


def count_output(tx: Transaction, table: str, run: RunAt) -> int:
    """Return the number of rows of `table` that count in a run at a review."""
    assert table in OUTPUT_COLUMNS
    sql = (
        f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
        f" AND {counts(table)}"
    )
    return int(tx.scalar(sql, **vars(run)))
