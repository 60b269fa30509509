"""The rows of finished runs as they are exported: whole, in bytewise order, streamed."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
# As cells: an empty text is written like a missing one.
_COPIED = {
    "customer_code": "nullif(customer, '')",
    "score": "CAST(score AS numeric(20, 6))",
    "eligible": "CASE WHEN eligible THEN 'true' ELSE 'false' END",
    "gate_export": "CASE WHEN gate_export THEN 'true' ELSE 'false' END",
    **{
        name: f"nullif({name}, '')"
        for name in (
            "scenario",
            "product_key",
            "explain_short",
            "reasons_json",
            "severity",
            "rule_code",
            "details_json",
            "reason",
        )
    },
}


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
    return tx.stream(select_output(tx, table), _STREAMED_ROWS, **vars(run))


def copy_output(tx: Transaction, table: str, run: RunAt) -> Generator[bytes]:
    """Yield the rows that `stream_output` yields as CSV from Postgres, each cell as it is written.

    Scores have 6 digits, truth is `true` or `false`, and what is missing is nothing.
    """
    sql = select_output(tx, table, _COPIED)
    return tx.copy_pieces(sql, by_index=tx.compares_bytes(), **vars(run))


def select_output(
    tx: Transaction, table: str, written: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the query of the rows of a run at a review, some columns `written` in another way."""
    fields = {**_FIELDS, **written}
    columns = ", ".join(fields.get(name, name) for name in OUTPUT_COLUMNS[table])
    # Where the database compares bytes itself the rows come by the index, else they are sorted.
    key = "customer" if tx.compares_bytes() else bytewise(tx, "customer")
    order = key + _ORDER_WITHIN_CUSTOMER.get(table, "")
    return (
        f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
        f" AND {counts(table)} ORDER BY {order}"
    )


def count_output(tx: Transaction, table: str, run: RunAt) -> int:
    """Return the number of rows of `table` that count in a run at a review."""
    assert table in OUTPUT_COLUMNS
    sql = (
        f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
        f" AND {counts(table)}"
    )
    return int(tx.scalar(sql, **vars(run)))
