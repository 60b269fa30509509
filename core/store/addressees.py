"""What a campaign reads of the people it writes to, as DuckDB tables."""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from core.contracts import DATASET_TABLES
from core.store.bulk import fetch_table
from core.store.dataset import SOURCES, head_of, visible_in
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
SELECT customer, gate_export, reason, segment, value_cents
FROM next_action_output
WHERE tenant_id = :tenant AND run_id = :run_id AND {counts("next_action_output")}
"""

# Lists are ranked from 1. Joined to the verdicts here and not by Postgres, whose planner takes a
# run to have few rows and then looks each up, or goes through them all for each, as it happens.
_LISTED_SQL = f"""
SELECT customer FROM reco_output
WHERE tenant_id = :tenant AND run_id = :run_id AND rank = 1 AND {counts("reco_output")}
"""
_HAS_LIST_SQL = """
CREATE OR REPLACE TABLE verdicts AS
SELECT *, customer IN (SELECT customer FROM listed) AS has_list FROM verdicts
"""

_ITEMS_SQL = f"""
SELECT item.customer, item.rank, item.scenario, item.explain_short AS sentence,
    item.product_key, product.name, product.family, product.grape, product.sweetness,
    product.price_cents
FROM reco_output AS item
LEFT JOIN product
    ON product.tenant_id = item.tenant_id
    AND product.product_key = item.product_key
    AND {visible_in("product")}
WHERE item.tenant_id = :tenant AND item.run_id = :run_id AND {counts("item")}
"""

_EVENTS = ("contacts", "suppressions")


def fetch_verdicts(tx: Transaction, con: DuckDBPyConnection, run: RunAt) -> None:
    """Create `verdicts` of a run at a review, one row per customer."""
    fetch_table(tx, con, "verdicts", _VERDICT_TYPES, _VERDICTS_SQL, **vars(run))
    fetch_table(tx, con, "listed", {"customer": "VARCHAR"}, _LISTED_SQL, **vars(run))
    con.execute(_HAS_LIST_SQL)
    con.execute("DROP TABLE listed")


def fetch_items(tx: Transaction, con: DuckDBPyConnection, run: RunAt) -> None:
    """Create `items`, the lists of a run at a review by rank."""
    fetch_table(tx, con, "items", _ITEM_TYPES, _ITEMS_SQL, head=head_of(tx), **vars(run))


def fetch_addressees(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Create `customers`, `contacts` and `suppressions` as they are visible now."""
    for table in ("customers", *_EVENTS):
        _fetch(tx, con, table, _sql_of(table), {})


def fetch_addressees_among(
    tx: Transaction, con: DuckDBPyConnection, customers: Sequence[str], addresses: Sequence[str]
) -> None:
    """Create the tables of `fetch_addressees` for these customers and addresses alone.

    Customers who share one of the addresses come with their events.
    """
    values = {"codes": tx.list_of(customers), "addresses": tx.list_of(addresses)}
    _fetch(tx, con, "customers", _sql_among(tx, "customers"), values)
    related = [code for (code,) in con.execute("SELECT customer FROM customers").fetchall()]
    values["codes"] = tx.list_of(sorted({*related, *customers}))
    for table in _EVENTS:
        _fetch(tx, con, table, _sql_among(tx, table), values)


def _types_of(table: str) -> Mapping[str, str]:
    return _CUSTOMER_TYPES if table == "customers" else DATASET_TABLES[table]


def _sql_of(table: str) -> str:
    return f"SELECT {', '.join(_types_of(table))} {SOURCES[table]}"


def _sql_among(tx: Transaction, table: str) -> str:
    """Return the rows of customers or addresses.

    By two searches of an index: with OR between them SQLite goes through all of the tenant's.
    Suppressions, which are fewer, are gone through in either form: once.
    """
    sql, is_named = _sql_of(table), f"customer {tx.among('codes')}"
    is_addressed = f"email_norm {tx.among('addresses')}"
    if table == "suppressions":
        return f"{sql} AND ({is_named} OR {is_addressed})"
    return f"""
    {sql} AND {is_named}
    UNION ALL
    {sql} AND {is_addressed} AND (customer IS NULL OR NOT {is_named})
    """


def _fetch(
    tx: Transaction, con: DuckDBPyConnection, table: str, sql: str, values: Mapping[str, object]
) -> None:
    head = {"head": head_of(tx)} if ":head" in sql else {}
    fetch_table(tx, con, table, _types_of(table), sql, **head, **values)
