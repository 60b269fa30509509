"""What a campaign reads of the people it writes to, as DuckDB tables."""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from core.contracts import DATASET_TABLES
from core.store.bulk import fetch_table
from core.store.dataset import SOURCES, head_of
from core.store.run_outputs import RunAt, counts
from core.store.tenant import Transaction

_CUSTOMER_TYPES = {
    name: DATASET_TABLES["customers"][name]
    for name in ("customer", "email_norm", "email_opt_out", "first_name", "language")
}
_VERDICT_TYPES = {
    "customer": "VARCHAR",
    "gate_export": "BOOLEAN",
    "reason": "VARCHAR",
    "segment": "VARCHAR",
    "value_cents": "BIGINT",
    "items": "BIGINT",
}
_ITEM_TYPES = {
    "customer": "VARCHAR",
    "rank": "INTEGER",
    "scenario": "VARCHAR",
    "sentence": "VARCHAR",
    **{
        name: DATASET_TABLES["products"][name]
        for name in ("product_key", "name", "family", "grape", "sweetness", "price_cents")
    },
}

_VERDICTS_SQL = f"""
SELECT verdict.customer, verdict.gate_export, verdict.reason, verdict.segment,
    verdict.value_cents, count(item.rank) AS items
FROM next_action_output AS verdict
LEFT JOIN reco_output AS item
    ON item.tenant_id = verdict.tenant_id
    AND item.run_id = verdict.run_id
    AND item.customer = verdict.customer
    AND {counts("item")}
WHERE verdict.tenant_id = :tenant AND verdict.run_id = :run_id AND {counts("verdict")}
GROUP BY verdict.customer, verdict.gate_export, verdict.reason, verdict.segment,
    verdict.value_cents
"""

_ITEMS_SQL = f"""
SELECT item.customer, item.rank, item.scenario, item.explain_short AS sentence,
    item.product_key, product.name, product.family, product.grape, product.sweetness,
    product.price_cents
FROM reco_output AS item
LEFT JOIN product
    ON product.tenant_id = item.tenant_id
    AND product.product_key = item.product_key
    AND product.from_seq <= :head
    AND (product.to_seq IS NULL OR product.to_seq > :head)
WHERE item.tenant_id = :tenant AND item.run_id = :run_id AND {counts("item")}
"""

_EVENTS = ("contacts", "suppressions")


def fetch_lists(tx: Transaction, con: DuckDBPyConnection, run: RunAt) -> None:
    """Create `verdicts` and `items` of a run at a review.

    `verdicts` has one row per customer of the run, `items` her list by rank.
    """
    fetch_table(tx, con, "verdicts", _VERDICT_TYPES, _VERDICTS_SQL, **vars(run))
    fetch_table(tx, con, "items", _ITEM_TYPES, _ITEMS_SQL, head=head_of(tx), **vars(run))


def fetch_addressees(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Create `customers`, `contacts` and `suppressions` as they are visible now."""
    _fetch_customers(tx, con, "", {})
    for table in _EVENTS:
        _fetch_events(tx, con, table, "", {})


def fetch_addressees_among(
    tx: Transaction, con: DuckDBPyConnection, customers: Sequence[str], addresses: Sequence[str]
) -> None:
    """Create the tables of `fetch_addressees` for these customers and addresses alone.

    Customers who share one of the addresses come with their events.
    """
    values = {"codes": tx.list_of(customers), "addresses": tx.list_of(addresses)}
    among = f"AND (customer {tx.among('codes')} OR email_norm {tx.among('addresses')})"
    _fetch_customers(tx, con, among, values)
    related = [code for (code,) in con.execute("SELECT customer FROM customers").fetchall()]
    values["codes"] = tx.list_of(sorted({*related, *customers}))
    for table in _EVENTS:
        _fetch_events(tx, con, table, among, values)


def _fetch_customers(
    tx: Transaction, con: DuckDBPyConnection, among: str, values: Mapping[str, object]
) -> None:
    names = ", ".join(_CUSTOMER_TYPES)
    sql = f"SELECT {names} {SOURCES['customers']} {among}"
    fetch_table(tx, con, "customers", _CUSTOMER_TYPES, sql, head=head_of(tx), **values)


def _fetch_events(
    tx: Transaction, con: DuckDBPyConnection, table: str, among: str, values: Mapping[str, object]
) -> None:
    types = DATASET_TABLES[table]
    sql = f"SELECT {', '.join(types)} {SOURCES[table]} {among}"
    head = {"head": head_of(tx)} if ":head" in sql else {}
    fetch_table(tx, con, table, types, sql, **head, **values)
