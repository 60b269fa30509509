"""The rows of a review: written in steps for the customers it changes, unseen until published."""

from collections.abc import Iterator, Mapping, Sequence

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table, store_rows_in_steps
from core.store.run_outputs import RunAt, counts
from core.store.run_rows import OUTPUT_ROWS, name_run
from core.store.tenant import TenantStore, Transaction

TABLES = ("reco_output", "audit_output", "next_action_output")
_CUSTOMERS_AT_ONCE = 2_000

_ITEM_TYPES = {
    "customer": "VARCHAR",
    "rank": "INTEGER",
    "scenario": "VARCHAR",
    "product_key": "VARCHAR",
    "score": "DOUBLE",
    "explain_short": "VARCHAR",
    "reasons_json": "VARCHAR",
}
_ISSUE_TYPES = {
    "customer": "VARCHAR",
    "issue_no": "INTEGER",
    "severity": "VARCHAR",
    "rule_code": "VARCHAR",
    "product_key": "VARCHAR",
    "details_json": "VARCHAR",
}
_VERDICT_TYPES = {
    "customer": "VARCHAR",
    "eligible": "BOOLEAN",
    "gate_export": "BOOLEAN",
    "reason": "VARCHAR",
    "scenario": "VARCHAR",
    "audit_score": "INTEGER",
    "state": "VARCHAR",
    "segment": "VARCHAR",
    "value_cents": "BIGINT",
}
STORED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "stored_items": ("reco_output", _ITEM_TYPES),
    "stored_issues": ("audit_output", _ISSUE_TYPES),
    "stored_verdicts": ("next_action_output", _VERDICT_TYPES),
}

_COUNTED = {
    "stored_items": ("customer", "scenario", "product_key"),
    "stored_issues": ("customer", "severity", "rule_code"),
    "stored_verdicts": None,
}
_NUMBERED_SQL = """
CREATE OR REPLACE TABLE numbered AS
SELECT *, (row_number() OVER (ORDER BY customer))::INTEGER AS customer_no FROM stored_verdicts
"""
_FIGURED = {
    "verdicts": "SELECT * EXCLUDE (state, segment, value_cents) FROM numbered",
    "customer_facts": "SELECT customer_no, state, segment, value_cents AS monetary_cents"
    " FROM numbered",
    "product_numbers": "SELECT product_key, row_number() OVER (ORDER BY product_key) AS product_no"
    " FROM (SELECT DISTINCT product_key FROM stored_items)",
    "repaired_list": "SELECT customer_no, stored_items.scenario, product_no"
    " FROM stored_items JOIN numbered USING (customer) JOIN product_numbers USING (product_key)",
    "issues": "SELECT customer_no, severity, rule_code"
    " FROM stored_issues JOIN numbered USING (customer)",
}

_OF_RUN = "tenant_id = :tenant AND run_id = :run_id"

# A verdict is the audit's; whether it is exported is the review's too.
_CHANGED = {
    "next_action_output": "* REPLACE (gate_export AND customer NOT IN (FROM rejected)"
    " AS gate_export)",
}


def fetch_stored(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    run: RunAt,
    columns: Sequence[str] | None = None,
    customers: Sequence[str] | None = None,
) -> None:
    """Create one of the tables `STORED` from the rows that count at a review.

    `columns` are all without; `customers` keeps theirs alone.
    """
    source, types = STORED[table]
    kept = {name: types[name] for name in columns or types}
    among = "" if customers is None else f" AND customer {tx.among('customers')}"
    values = {} if customers is None else {"customers": tx.list_of(customers)}
    sql = f"SELECT {', '.join(kept)} FROM {source} WHERE {_OF_RUN} AND {counts(source)}{among}"
    fetch_table(tx, con, table, kept, sql, **vars(run), **values)


def fetch_run(tx: Transaction, con: DuckDBPyConnection, run: RunAt) -> None:
    """Create the tables that a run's figures are counted from, out of all its rows at a review.

    `verdicts`, `customer_facts`, `product_numbers`, `repaired_list` and `issues`; `customer_no`
    counts the customers, `product_no` the products of their lists.
    """
    for table in STORED:
        fetch_stored(tx, con, table, run, _COUNTED[table])
    con.execute(_NUMBERED_SQL)
    for table, query in _FIGURED.items():
        con.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")


def store_review(store: TenantStore, con: DuckDBPyConnection, run: RunAt) -> None:
    """Store the rows of the changed customers as of the review `run.review`, still unseen.

    Reads what a run's rows are stored from, `changed(customer)`, whose rows are stored, and
    `rejected(customer)`, who are not exported.
    """
    name_run(con, run.run_id)
    for table in TABLES:
        cells = _CHANGED.get(table, "*")
        select = (
            f"SELECT {cells}, {run.review:d} AS since_review FROM ({OUTPUT_ROWS[table]})"
            " SEMI JOIN changed USING (customer)"
        )
        described = con.execute(f"DESCRIBE {select}").fetchall()
        store_rows_in_steps(store, con, select, table, [row[0] for row in described])
    changed = [row[0] for row in con.execute("FROM changed ORDER BY ALL").fetchall()]
    for customers in _parts(changed):
        with store.begin() as tx:
            _end_rows(tx, run, customers)


def _end_rows(tx: Transaction, run: RunAt, customers: Sequence[str]) -> None:
    for table in TABLES:
        tx.execute(
            f"UPDATE {_by_key(tx, table)} SET until_review = :review WHERE {_OF_RUN}"
            f" AND customer {tx.among('customers')}"
            " AND since_review < :review AND until_review IS NULL",
            customers=tx.list_of(customers),
            **vars(run),
        )


def clear_unpublished_review(store: TenantStore, run: RunAt) -> None:
    """Remove what a killed attempt left of the review after `run.review`, in short transactions."""
    for table in TABLES:
        with store.read() as tx:
            found = tx.rows(
                f"SELECT DISTINCT customer FROM {table} WHERE {_OF_RUN}"
                " AND (since_review > :review OR until_review > :review)",
                **vars(run),
            )
        for customers in _parts([row["customer"] for row in found]):
            with store.begin() as tx:
                _clear_rows(tx, table, run, customers)


def _clear_rows(tx: Transaction, table: str, run: RunAt, customers: Sequence[str]) -> None:
    of_customers = f"{_OF_RUN} AND customer {tx.among('customers')}"
    values = {"customers": tx.list_of(customers), **vars(run)}
    source = _by_key(tx, table)
    tx.execute(f"DELETE FROM {source} WHERE {of_customers} AND since_review > :review", **values)
    tx.execute(
        f"UPDATE {source} SET until_review = NULL WHERE {of_customers} AND until_review > :review",
        **values,
    )


def _by_key(tx: Transaction, table: str) -> str:
    """Return how to name `table` so that SQLite looks the customers up, not through its pages."""
    return f"{table} INDEXED BY sqlite_autoindex_{table}_1" if tx.is_sqlite else table


def _parts(customers: Sequence[str]) -> Iterator[Sequence[str]]:
    for low in range(0, len(customers), _CUSTOMERS_AT_ONCE):
        yield customers[low : low + _CUSTOMERS_AT_ONCE]
