"""The page Customers: a page of customers found by anything, of a segment or state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.contracts import RunVersion
from core.services.run_records import RunCard
from core.services.run_reports import card_of, full_name
from core.store.customer_reads import load_last_sales, load_people, load_verdicts
from core.store.customer_search import LEAST, Wanted, find_codes
from core.store.runs import Run, load_runs
from core.store.tenant import TenantStore, Transaction, as_date

__all__ = ["LEAST", "CustomerPage", "CustomerRow", "find_customers"]


@dataclass(frozen=True, kw_only=True)
class CustomerRow:
    """A customer in the list; what the last run says of her is None where she is not in it.

    `value_cents` is the net revenue of the 24 months before the run.
    """

    customer: str
    name: str
    postal_code: str | None
    segment: str | None
    state: str | None
    eligible: bool | None
    reason: str | None
    value_cents: int | None
    last_sale: date | None


@dataclass(frozen=True, kw_only=True)
class CustomerPage:
    """A page of customers; `next_after` is the code behind which the next begins, None at the end.

    `run` is the last finished run, None without one.
    """

    customers: tuple[CustomerRow, ...]
    next_after: str | None
    run: RunCard | None


def find_customers(
    store: TenantStore,
    *,
    term: str = "",
    segment: str | None = None,
    state: str | None = None,
    after: str = "",
    limit: int = 20,
) -> CustomerPage:
    """Return the customers that `term` finds, of a segment and a state of the last run.

    The order is that of the codes in the database; the page begins behind the code `after`.
    """
    with store.read() as tx:
        run = last_run(tx)
        at = None if run is None else run.at(RunVersion.REVIEWED)
        wanted = Wanted(term=" ".join(term.split()), segment=segment, state=state, run=at)
        found = find_codes(tx, wanted, limit=limit + 1, after=after)
        rows = _rows(tx, run, found[:limit])
    return CustomerPage(
        customers=rows,
        next_after=found[limit - 1] if len(found) > limit else None,
        run=None if run is None else card_of(run),
    )


def last_run(tx: Transaction) -> Run | None:
    """Return the finished run that was launched last, or None."""
    runs = load_runs(tx, limit=1, done_only=True)
    return runs[0] if runs else None


def _rows(tx: Transaction, run: Run | None, codes: Sequence[str]) -> tuple[CustomerRow, ...]:
    people, sales = load_people(tx, codes), load_last_sales(tx, codes)
    verdicts = {} if run is None else load_verdicts(tx, run.at(RunVersion.REVIEWED), codes)
    return tuple(
        _row(code, people.get(code), verdicts.get(code, {}), sales.get(code)) for code in codes
    )


def _row(
    code: str, person: dict[str, Any] | None, verdict: dict[str, Any], last_sale: object
) -> CustomerRow:
    eligible = verdict.get("eligible")
    return CustomerRow(
        customer=code,
        name=full_name(person) if person else "",
        postal_code=person["postal_code"] if person else None,
        segment=verdict.get("segment"),
        state=verdict.get("state"),
        eligible=None if eligible is None else bool(eligible),
        reason=verdict.get("reason"),
        value_cents=verdict.get("value_cents"),
        last_sale=as_date(last_sale),
    )
