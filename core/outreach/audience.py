"""Who of a run is written to, and where everybody else was lost, step by step.

Works on DuckDB tables handed in: `verdicts(customer, gate_export, reason, segment, value_cents,
has_list)`, `customers`, `deliverable(email_norm, ok)` and `suppressed(customer)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import REASON_NO_RECOMMENDATION, REASON_OK, RuleCode
from core.i18n import N_
from core.outreach.holdout import select_held_out
from core.outreach.one_address import yields_to_another


class Step(StrEnum):
    """The steps of the funnel, in their order."""

    LIST = "list"
    GATE = "gate"
    ADDRESS = "address"
    SUPPRESSION = "suppression"
    SHARED = "shared"
    HOLDOUT = "holdout"


STEP_SENTENCES: Mapping[Step, str] = {
    Step.LIST: N_("have a list"),
    Step.GATE: N_("passed the audit and the review"),
    Step.ADDRESS: N_("have a deliverable address today"),
    Step.SUPPRESSION: N_("are not suppressed today"),
    Step.SHARED: N_("can be written to, one per address"),
    Step.HOLDOUT: N_("are written to, the rest is held out"),
}

REJECTED_IN_REVIEW = "REJECTED_IN_REVIEW"
CUSTOMER_GONE = "CUSTOMER_GONE"
ADDRESS_CHANGED = "ADDRESS_CHANGED"
DEADLINE_PASSED = "DEADLINE_PASSED"
PAYLOAD_CHANGED = "PAYLOAD_CHANGED"
CAMPAIGN_CANCELLED = "CAMPAIGN_CANCELLED"
SHARED_ADDRESS = "SHARED_ADDRESS"
HELD_OUT = "HELD_OUT"
HELD_OUT_ADDRESS = "HELD_OUT_ADDRESS"

LOSS_SENTENCES: Mapping[str, str] = {
    REJECTED_IN_REVIEW: N_("The list was rejected in the review."),
    CUSTOMER_GONE: N_("The customer is no longer in the data."),
    ADDRESS_CHANGED: N_("The address was changed after the campaign was prepared."),
    DEADLINE_PASSED: N_("The campaign was prepared too long ago."),
    PAYLOAD_CHANGED: N_("The message is no longer the one that was prepared."),
    CAMPAIGN_CANCELLED: N_("The campaign was cancelled."),
    SHARED_ADDRESS: N_("Another customer with the same address, of higher value, is written to."),
    HELD_OUT: N_("The customer is held out, so that the effect of the campaign can be measured."),
    HELD_OUT_ADDRESS: N_("Another customer with the same address, of higher value, is held out."),
}
"""Sentences of the reasons that are no audit rule."""

_AUDIENCE_SQL = f"""
CREATE OR REPLACE TABLE audience AS
WITH judged AS (
    SELECT
        listed.customer,
        listed.segment,
        listed.value_cents,
        who.email_norm,
        CASE
            WHEN NOT listed.has_list THEN 'list'
            WHEN NOT listed.gate_export THEN 'gate'
            WHEN who.customer IS NULL OR NOT coalesce(form.ok, FALSE) THEN 'address'
            WHEN blocked.customer IS NOT NULL THEN 'suppression'
        END AS step,
        CASE
            WHEN NOT listed.has_list THEN $no_recommendation
            WHEN NOT listed.gate_export AND listed.reason = $ok THEN $rejected
            WHEN NOT listed.gate_export THEN listed.reason
            WHEN who.customer IS NULL THEN $gone
            WHEN NOT coalesce(form.ok, FALSE) THEN $missing_email
            WHEN blocked.customer IS NOT NULL THEN $suppressed
        END AS reason
    FROM verdicts listed
    LEFT JOIN customers who ON who.customer = listed.customer
    LEFT JOIN deliverable form ON form.email_norm = who.email_norm
    LEFT JOIN suppressed blocked ON blocked.customer = listed.customer
),
placed AS (
    SELECT
        *,
        ({yields_to_another("step")}) AS is_shared
    FROM judged
)
SELECT
    customer,
    segment,
    email_norm,
    CASE WHEN is_shared THEN 'shared' ELSE step END AS step,
    CASE WHEN is_shared THEN $shared ELSE reason END AS reason
FROM placed
ORDER BY customer
"""

_CHOSEN_SQL = "SELECT customer, segment FROM audience WHERE step IS NULL"

# At an address whose customer is held out, nobody else is written to either.
_HOLD_OUT_SQL = (
    """
    UPDATE audience SET step = 'holdout', reason = $held_out
    WHERE customer IN (SELECT unnest($customers::VARCHAR[]))
    """,
    """
    UPDATE audience SET reason = $held_out_address
    WHERE step = 'shared'
        AND email_norm IN (SELECT email_norm FROM audience WHERE step = 'holdout')
    """,
)

_RECIPIENTS_SQL = """
CREATE OR REPLACE TABLE recipients AS
SELECT
    CAST(row_number() OVER (ORDER BY customer) AS INTEGER) AS delivery_no,
    customer,
    email_norm
FROM audience
WHERE step IS NULL
ORDER BY customer
"""

_LOSSES_SQL = """
SELECT step, reason, list(customer ORDER BY customer) AS customers
FROM audience
WHERE step IS NOT NULL
GROUP BY step, reason
ORDER BY step, reason
"""

_SEGMENTS_SQL = """
SELECT segment, count(*) FROM audience WHERE step IS NULL GROUP BY segment ORDER BY segment
"""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Customers who are not written to for one reason, in bytewise order."""

    step: Step
    reason: str
    customers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StepCount:
    """How many customers are left after a step."""

    step: Step
    remaining: int


@dataclass(frozen=True, kw_only=True)
class Audience:
    """The funnel of a campaign, frozen with it; `segments` counts the recipients alone."""

    customers: int
    recipients: int
    shared: int
    steps: tuple[StepCount, ...]
    segments: Mapping[str, int]
    losses: tuple[Loss, ...]

    @property
    def held_out(self) -> int:
        """Customers who could be written to and are not, to measure the effect."""
        return sum(len(loss.customers) for loss in self.losses if loss.reason == HELD_OUT)

    @property
    def planned(self) -> int:
        """Recipients and those who share an address with one."""
        return self.recipients + self.shared

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form with the counts first, as `parse_audience` reads it."""
        return {"planned": self.planned, "held_out": self.held_out, **asdict(self)}


def select_audience(
    con: DuckDBPyConnection, tenant_id: str, *, holdout_share: float = 0.0
) -> Audience:
    """Create `audience` and `recipients(delivery_no, customer, email_norm)`; return the funnel.

    Of the customers with one address one is written to (`core.outreach.one_address`). A share of
    those is held out by `core.outreach.holdout`. Deliveries are numbered from 1 in bytewise order
    of the customers.
    """
    con.execute(
        _AUDIENCE_SQL,
        {
            "no_recommendation": REASON_NO_RECOMMENDATION,
            "ok": REASON_OK,
            "rejected": REJECTED_IN_REVIEW,
            "gone": CUSTOMER_GONE,
            "missing_email": RuleCode.MISSING_EMAIL.value,
            "suppressed": RuleCode.OPTOUT_OR_BOUNCE.value,
            "shared": SHARED_ADDRESS,
        },
    )
    _hold_out(con, tenant_id, holdout_share)
    con.execute(_RECIPIENTS_SQL)
    losses = [
        Loss(step=Step(step), reason=reason, customers=tuple(customers))
        for step, reason, customers in con.execute(_LOSSES_SQL).fetchall()
    ]
    segments = {str(segment): int(n) for segment, n in con.execute(_SEGMENTS_SQL).fetchall()}
    steps = [step for step in Step if holdout_share or step is not Step.HOLDOUT]
    return _funnel(steps, segments, losses)


def _hold_out(con: DuckDBPyConnection, tenant_id: str, share: float) -> None:
    if share == 0:
        return
    chosen = dict(con.execute(_CHOSEN_SQL).fetchall())
    held_out = sorted(select_held_out(tenant_id, chosen, share))
    hold, tell_others = _HOLD_OUT_SQL
    con.execute(hold, {"held_out": HELD_OUT, "customers": held_out})
    con.execute(tell_others, {"held_out_address": HELD_OUT_ADDRESS})


def read_held_out(con: DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return (customer, segment) of whom `select_audience` held out, in bytewise order."""
    sql = "SELECT customer, segment FROM audience WHERE step = 'holdout' ORDER BY customer"
    return con.execute(sql).fetchall()


def _funnel(steps: Sequence[Step], segments: Mapping[str, int], losses: Sequence[Loss]) -> Audience:
    lost = {step: sum(len(x.customers) for x in losses if x.step == step) for step in steps}
    recipients = sum(segments.values())
    remaining = customers = recipients + sum(lost.values())
    counts = []
    for step in steps:
        remaining -= lost[step]
        counts.append(StepCount(step=step, remaining=remaining))
    return Audience(
        customers=customers,
        recipients=recipients,
        shared=sum(len(x.customers) for x in losses if x.reason == SHARED_ADDRESS),
        steps=tuple(counts),
        segments=segments,
        losses=tuple(sorted(losses, key=lambda x: (steps.index(x.step), x.reason))),
    )


def parse_audience(stored: Mapping[str, Any]) -> Audience:
    """Return the audience that `Audience.to_dict` gave."""
    return Audience(
        customers=stored["customers"],
        recipients=stored["recipients"],
        shared=stored["shared"],
        steps=tuple(
            StepCount(step=Step(s["step"]), remaining=s["remaining"]) for s in stored["steps"]
        ),
        segments=stored["segments"],
        losses=tuple(
            Loss(step=Step(x["step"]), reason=x["reason"], customers=tuple(x["customers"]))
            for x in stored["losses"]
        ),
    )
