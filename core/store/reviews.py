"""Decisions on the lists of a run: entered, withdrawn, and applied by the review that follows.

A decision stays for good, also when it is withdrawn. It means the lists of the review that was
looked at, `seen_review`: those rows stay too, so a filter finds the same customers later.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.run_outputs import OUTPUT_COLUMNS, RunAt, counts
from core.store.run_reads import VerdictFilter
from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person decided on lists of a run; `number` counts from 1 in each run.

    Of one `customer`, or of those of `customers_like` when it is None; of one product, or of the
    customer as a whole when `product_key` is None. `replacement` is what takes its place.
    `customers` is how many it meant when it was made, None where that was not kept.
    """

    number: int
    kind: str
    seen_review: int
    customer: str | None = None
    product_key: str | None = None
    replacement: str | None = None
    customers_like: VerdictFilter = field(default_factory=VerdictFilter)
    customers: int | None = None
    note: str
    decided_at: datetime
    decided_by: str
    applied_review: int | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_review: int | None = None

    @property
    def waits(self) -> bool:
        """Tell whether a review has yet to take account of it, or of its withdrawal."""
        if self.withdrawn_at is not None:
            return self.withdrawn_review is None
        return self.applied_review is None

    def later_lists(self, present: int) -> int | None:
        """Return the review whose lists it was, or at `present` will be, applied to.

        None when these are the ones that were looked at. It means them too: a review that was
        under way when it was made may have put the product into lists that did not hold it.
        """
        lists = present if self.applied_review is None else self.applied_review - 1
        return None if lists == self.seen_review else lists

    def counts_in(self, review: int) -> bool:
        """Tell whether a review, which has been made, took account of it."""
        if self.applied_review is None or self.applied_review > review:
            return False
        return self.withdrawn_review is None or self.withdrawn_review > review


_COLUMNS = (
    "kind, seen_review, customer, product_key, replacement, filter_json, customers, note,"
    " decided_at, decided_by"
)
_RECORDED = "applied_review, withdrawn_at, withdrawn_by, withdrawn_review"
_OF_RUN = "tenant_id = :tenant AND run_id = :run_id"

_DECISIONS = f"""
SELECT decision_no AS number, {_COLUMNS}, {_RECORDED} FROM review_decision WHERE {_OF_RUN}
"""

# Those wait of which `Decision.waits` is true.
_COUNTED_DECISIONS = f"""
SELECT
    count(*) AS decisions,
    count(
        CASE
            WHEN withdrawn_at IS NULL AND applied_review IS NULL THEN 1
            WHEN withdrawn_at IS NOT NULL AND withdrawn_review IS NULL THEN 1
        END
    ) AS waiting
FROM review_decision
WHERE {_OF_RUN}
"""

_INSERT = f"""
INSERT INTO review_decision (tenant_id, run_id, decision_no, {_COLUMNS})
SELECT
    :tenant, :run_id, coalesce(max(decision_no), 0) + 1, :kind, :seen_review, :customer,
    :product_key, :replacement, :filter_json, :customers, :note, :decided_at, :decided_by
FROM review_decision
WHERE {_OF_RUN}
"""

# Withdrawn since the review was begun, it is in the lists and waits to be taken out again.
_APPLIED = f"""
UPDATE review_decision SET applied_review = :review, withdrawn_review = NULL
WHERE {_OF_RUN} AND decision_no = :number
"""

_WITHDRAWN = f"""
UPDATE review_decision SET withdrawn_review = :review WHERE {_OF_RUN} AND decision_no = :number
"""

_SUBJECTS = """
SELECT {distinct} next_action_output.customer
FROM next_action_output
{listed}
WHERE {conditions}
"""

_LISTED = """
JOIN reco_output
    ON reco_output.tenant_id = next_action_output.tenant_id
    AND reco_output.run_id = next_action_output.run_id
    AND reco_output.customer = next_action_output.customer
    AND reco_output.product_key = :product_key
    AND ({counted})
"""
_COUNTED = counts("reco_output")
_COUNTED_LATER = f"{_COUNTED} OR {counts('reco_output', ':lists')}"


def insert_decision(tx: Transaction, run: RunAt, decision: Mapping[str, Any]) -> int:
    """Enter a decision (the fields of `Decision` up to `decided_by`) and return its number."""
    # Takes the run's row, so that two decisions at once get two numbers.
    tx.execute(f"UPDATE run SET review_no = review_no WHERE {_OF_RUN}", run_id=run.run_id)
    values = {**decision, "filter_json": json.dumps(vars(decision["customers_like"]))}
    values.pop("customers_like")
    tx.execute(_INSERT, run_id=run.run_id, seen_review=run.review, **values)
    sql = f"SELECT max(decision_no) FROM review_decision WHERE {_OF_RUN}"
    return int(tx.scalar(sql, run_id=run.run_id))


def load_decisions(tx: Transaction, run_id: str) -> list[Decision]:
    """Return the decisions on a run in the order in which they were made."""
    rows = tx.rows(f"{_DECISIONS} ORDER BY decision_no", run_id=run_id)
    return [_decision(row) for row in rows]


def load_newest_decisions(
    tx: Transaction, run_id: str, *, limit: int, offset: int
) -> list[Decision]:
    """Return a page of the decisions on a run, the newest first."""
    sql = f"{_DECISIONS} ORDER BY decision_no DESC LIMIT :limit OFFSET :offset"
    return [_decision(row) for row in tx.rows(sql, run_id=run_id, limit=limit, offset=offset)]


def load_decisions_near(tx: Transaction, run_id: str, customer: str) -> list[Decision]:
    """Return the decisions on one customer and those by a filter, in the order they were made."""
    of_customer = "AND (customer IS NULL OR customer = :customer)"
    sql = f"{_DECISIONS} {of_customer} ORDER BY decision_no"
    return [_decision(row) for row in tx.rows(sql, run_id=run_id, customer=customer)]


def count_decisions(tx: Transaction, run_id: str) -> tuple[int, int]:
    """Return how many decisions there are on a run, and how many of them wait for a review."""
    row = tx.row(_COUNTED_DECISIONS, run_id=run_id)
    assert row is not None
    return int(row["decisions"]), int(row["waiting"])


def withdraw_decision(tx: Transaction, run_id: str, number: int, at: datetime, by: str) -> bool:
    """Take a decision back; return whether one was in force. One not yet applied is done with."""
    return bool(
        tx.execute(
            "UPDATE review_decision SET withdrawn_at = :at, withdrawn_by = :by,"
            " withdrawn_review = CASE WHEN applied_review IS NULL THEN 0 END"
            f" WHERE {_OF_RUN} AND decision_no = :number AND withdrawn_at IS NULL",
            run_id=run_id,
            number=number,
            at=at,
            by=by,
        )
    )


def fetch_subjects(
    tx: Transaction,
    con: DuckDBPyConnection,
    run: RunAt,
    decision: Decision,
    *,
    whatever_listed: bool = False,
) -> None:
    """Create `subjects(customer)`: whom a decision means, on the run at its present review.

    With `whatever_listed` those too whose list does not hold the product.
    """
    product_key = None if whatever_listed else decision.product_key
    lists = decision.later_lists(run.review)
    sql, values = _subjects(decision.customers_like, product_key, lists, decision.customer)
    fetch_table(
        tx,
        con,
        "subjects",
        {"customer": "VARCHAR"},
        sql,
        run_id=run.run_id,
        review=decision.seen_review,
        **values,
    )


def count_subjects(
    tx: Transaction, run: RunAt, customers_like: VerdictFilter, product_key: str | None
) -> int:
    """Return how many customers a decision on these would mean."""
    sql, values = _subjects(customers_like, product_key)
    return int(tx.scalar(f"SELECT count(*) FROM ({sql}) AS meant", **vars(run), **values))


def load_customer_kinds(tx: Transaction, run: RunAt) -> dict[str, str]:
    """Return the kind of the last decision on each customer as a whole that a review knew."""
    kinds: dict[str, str] = {}
    for decision in load_decisions(tx, run.run_id):
        if decision.product_key is None and decision.counts_in(run.review):
            meant = _load_customers(tx, run.run_id, decision)
            kinds.update(dict.fromkeys(meant, decision.kind))
    return kinds


def _load_customers(tx: Transaction, run_id: str, decision: Decision) -> list[str]:
    """Return whom a decision on customers as a whole means."""
    if decision.customer is not None:
        return [decision.customer]
    sql, values = _subjects(decision.customers_like)
    found = tx.rows(sql, run_id=run_id, review=decision.seen_review, **values)
    return [row["customer"] for row in found]


def is_meant(tx: Transaction, run: RunAt, decision: Decision, customer: str) -> bool:
    """Tell whether a decision means this customer, on the run at its present review."""
    if decision.customer is not None:
        return decision.customer == customer
    lists = decision.later_lists(run.review)
    sql, values = _subjects(decision.customers_like, decision.product_key, lists)
    values |= {"customer": customer, "review": decision.seen_review}
    return tx.row(_rows_of_one(tx) + sql, run_id=run.run_id, **values) is not None


def _rows_of_one(tx: Transaction) -> str:
    """Return the beginning of a query for which the run has the rows of `:customer` alone.

    Else the planner may take the index of a condition and walk half the run for one customer.
    """
    schema = "main." if tx.is_sqlite else ""  # there the name would mean the rows themselves
    tables = ", ".join(
        f"{table} AS MATERIALIZED"
        f" (SELECT * FROM {schema}{table} WHERE {_OF_RUN} AND customer = :customer)"
        for table in OUTPUT_COLUMNS
    )
    return f"WITH {tables}"


def _subjects(
    customers_like: VerdictFilter,
    product_key: str | None = None,
    lists: int | None = None,
    customer: str | None = None,
) -> tuple[str, dict[str, object]]:
    """Return the SQL of whom a decision means, and the values it binds.

    The product is looked for in the lists of the review that was looked at, and of review `lists`.
    """
    conditions, values = customers_like.conditions()
    listed, distinct = "", ""
    if customer is not None:
        conditions += " AND next_action_output.customer = :customer"
        values["customer"] = customer
    elif product_key is not None:
        values["product_key"] = product_key
        listed = _LISTED.format(counted=_COUNTED)
        if lists is not None:
            values["lists"] = lists
            listed, distinct = _LISTED.format(counted=_COUNTED_LATER), "DISTINCT"
    sql = _SUBJECTS.format(distinct=distinct, listed=listed, conditions=conditions)
    return sql, values


def load_reserve(tx: Transaction, run_id: str, customer: str) -> list[list[str]]:
    """Return what a run left over for a customer, best first: product key and scenario of each."""
    found = tx.scalar(
        f"SELECT candidates_json FROM run_reserve WHERE {_OF_RUN} AND customer = :customer",
        run_id=run_id,
        customer=customer,
    )
    reserve: list[list[str]] = json.loads(found) if found else []
    return reserve


def publish_review(
    tx: Transaction,
    run: RunAt,
    decisions: Sequence[Decision],
    *,
    summary_json: str,
    qc_json: str,
) -> None:
    """Make the rows of the review `run.review` count, and its decisions applied."""
    published = tx.execute(
        "UPDATE run SET review_no = :review, review_summary_json = :summary_json,"
        f" review_qc_json = :qc_json WHERE {_OF_RUN} AND review_no = :review - 1",
        summary_json=summary_json,
        qc_json=qc_json,
        **vars(run),
    )
    assert published == 1, "reviews are published one after another"
    for decision in decisions:
        taken_account = _WITHDRAWN if decision.withdrawn_at else _APPLIED
        tx.execute(taken_account, number=decision.number, **vars(run))


def _decision(row: Mapping[str, Any]) -> Decision:
    values = {name: value for name, value in row.items() if name != "filter_json"}
    decided_at = as_moment(row["decided_at"])
    assert decided_at is not None
    values |= {"decided_at": decided_at, "withdrawn_at": as_moment(row["withdrawn_at"])}
    return Decision(**values, customers_like=VerdictFilter(**json.loads(row["filter_json"])))
