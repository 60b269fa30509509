"""Whom the decisions on a run mean, as DuckDB tables.

`meant(number, kind, customer, product_key, replacement, of_one, waits, in_force)` has a row for
each customer whom a decision means, `of_one` where it is hers alone; `changed(customer)` are those
whose list is made again, `rejected(customer)` those who are not exported, `barred(customer,
product_key)` what may fill no place in the list of a customer who changes.
"""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.store.review_rows import fetch_stored
from core.store.reviews import Decision, fetch_subjects
from core.store.run_outputs import RunAt
from core.store.tenant import Transaction

APPROVE, REJECT, REPLACE = "approve", "reject", "replace"

_MEANT_SQL = """
CREATE OR REPLACE TABLE meant (
    number INTEGER, kind VARCHAR, customer VARCHAR, product_key VARCHAR, replacement VARCHAR,
    of_one BOOLEAN, waits BOOLEAN, in_force BOOLEAN
)
"""

_ADD_MEANT_SQL = """
INSERT INTO meant
SELECT
    $number, $kind, customer, $product_key, $replacement, $of_one, $waits, $in_force
FROM subjects
"""

# An approved product changes no list.
_CHANGED_SQL = """
CREATE OR REPLACE TABLE changed AS
SELECT DISTINCT customer
FROM meant
SEMI JOIN customers USING (customer)
WHERE waits AND NOT (kind = 'approve' AND product_key IS NOT NULL)
ORDER BY customer
"""

_REJECTED_SQL = """
CREATE OR REPLACE TABLE rejected AS
SELECT customer
FROM meant
WHERE in_force AND product_key IS NULL
GROUP BY customer
HAVING arg_max(kind, number) = 'reject'
ORDER BY customer
"""


def read_decisions(
    tx: Transaction, con: DuckDBPyConnection, run: RunAt, decisions: Sequence[Decision]
) -> None:
    """Create `meant`, `changed` and `rejected`, and what the run stored of those who change.

    `run` is at the review to whose lists the decisions that wait are applied.
    """
    con.execute(_MEANT_SQL)
    for decision in decisions:
        if decision.withdrawn_at is None or decision.waits:
            fetch_subjects(tx, con, run, decision)
            con.execute(
                _ADD_MEANT_SQL,
                {
                    "number": decision.number,
                    "kind": decision.kind,
                    "product_key": decision.product_key,
                    "replacement": decision.replacement,
                    "of_one": decision.customer is not None,
                    "waits": decision.waits,
                    "in_force": decision.withdrawn_at is None,
                },
            )
    con.execute(_CHANGED_SQL)
    con.execute(_REJECTED_SQL)
    _read_barred(tx, con, run, decisions)
    changed = [row[0] for row in con.execute("FROM changed").fetchall()]
    original = RunAt(run_id=run.run_id, review=0)
    for table in ("stored_items", "stored_issues"):
        fetch_stored(tx, con, table, original, customers=changed)


def _read_barred(
    tx: Transaction, con: DuckDBPyConnection, run: RunAt, decisions: Sequence[Decision]
) -> None:
    """Create `barred(customer, product_key)`: what shall be in no list of those a filter shows."""
    con.execute("CREATE OR REPLACE TABLE barred (customer VARCHAR, product_key VARCHAR)")
    for decision in decisions:
        is_bulk = decision.customer is None and decision.product_key is not None
        if is_bulk and decision.kind != APPROVE and decision.withdrawn_at is None:
            fetch_subjects(tx, con, run, decision, whatever_listed=True)
            con.execute(
                "INSERT INTO barred"
                " SELECT customer, $product_key FROM subjects SEMI JOIN changed USING (customer)",
                {"product_key": decision.product_key},
            )
