"""What a person decides on the lists of a run: approve, reject, replace; with who, when and why.

A decision is entered at once and applied by `review_work.apply_decisions`, which a worker does.
Decisions stay; one that is withdrawn is taken out of the next review.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.contracts import FileKind, RunVersion
from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.review_meant import APPROVE, REJECT, REPLACE
from core.services.run_reports import finished_run
from core.services.verdict_counts import count_customers
from core.store.catalogue_reads import load_visible_keys
from core.store.reviews import (
    Decision,
    count_subjects,
    insert_decision,
    load_decisions,
    withdraw_decision,
)
from core.store.run_outputs import RunAt
from core.store.run_reads import VerdictFilter, find_verdict, load_items
from core.store.runs import Run
from core.store.tenant import TenantStore, Transaction

MOST_NOTE_CHARS = 500
KIND_TITLES: Mapping[str, str] = {
    APPROVE: N_("Approval"),
    REJECT: N_("Rejection"),
    REPLACE: N_("Replacement"),
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a decision is about.

    One `customer`, or all of `customers_like` when it is None; one product of the list, or the
    customer as a whole when `product_key` is None.
    """

    customer: str | None = None
    product_key: str | None = None
    customers_like: VerdictFilter = field(default_factory=VerdictFilter)


def decide_on(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    kind: str,
    subject: Subject,
    *,
    note: str,
    replacement: str | None = None,
) -> int:
    """Enter a decision on the reviewed lists of a run and return its number.

    `kind` is approve, reject or replace. Raises `NotAllowed` below analyst, `NotFound` for what
    is not there, and `Refused` without a reason or with a replacement that cannot be.
    """
    require(actor, Role.ANALYST)
    note = note.strip()
    if not note and kind != APPROVE:
        raise Refused(N_("Say in a few words why, for whoever asks later."))
    if len(note) > MOST_NOTE_CHARS:
        raise Refused(
            N_("The reason is longer than %(most)s characters. Shorten it."), most=MOST_NOTE_CHARS
        )
    # To count takes seconds at worst, so no writer waits for it. A review that is published in
    # between changes nothing: the decision means the lists it was checked on.
    with store.read() as tx:
        run = finished_run(tx, run_id)
        reviewed = run.at(RunVersion.REVIEWED)
        meant = _check_subject(tx, run, subject)
        if kind == REPLACE:
            _check_replacement(tx, reviewed, subject, replacement)
    with store.begin() as tx:
        number = insert_decision(
            tx,
            reviewed,
            {
                "kind": kind,
                **vars(subject),
                "customers": meant,
                "replacement": replacement if kind == REPLACE else None,
                "note": note,
                "decided_at": store.store.now(),
                "decided_by": actor.username,
            },
        )
        who, what = actor.user_id, Action.DECISION_ENTERED
        record(store, tx, who, what, run.run_id, number=number, kind=kind, customers=meant)
        return number


def withdraw(store: TenantStore, actor: Actor, run_id: str, number: int) -> None:
    """Take a decision back; raise `NotAllowed` below analyst and `NotFound` when none is there."""
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        run = finished_run(tx, run_id)
        if not withdraw_decision(tx, run.run_id, number, store.store.now(), actor.username):
            raise NotFound(N_("There is no such decision in force."))
        record(store, tx, actor.user_id, Action.DECISION_WITHDRAWN, run.run_id, number=number)


def decisions_on(store: TenantStore, run_id: str) -> tuple[Decision, ...]:
    """Return the decisions on a run, the newest first; raise `NotFound`."""
    with store.read() as tx:
        run = finished_run(tx, run_id)
        return tuple(reversed(load_decisions(tx, run.run_id)))


def number_meant(store: TenantStore, run_id: str, subject: Subject) -> int:
    """Return how many customers a decision on `subject` would mean now; raise `NotFound`."""
    with store.read() as tx:
        run = finished_run(tx, run_id)
        if subject.customer is not None:
            reviewed = run.at(RunVersion.REVIEWED)
            return int(find_verdict(tx, reviewed, subject.customer) is not None)
        return _count(tx, run, subject)


def _count(tx: Transaction, run: Run, subject: Subject) -> int:
    """Return how many customers a decision by a filter would mean."""
    like, product_key = subject.customers_like, subject.product_key
    if product_key is not None and like.product not in (None, product_key):
        return count_subjects(tx, run.at(RunVersion.REVIEWED), like, product_key)
    return count_customers(tx, run, replace(like, product=product_key or like.product))


def _check_subject(tx: Transaction, run: Run, subject: Subject) -> int:
    """Return how many customers are meant."""
    if subject.customer is None:
        meant = _count(tx, run, subject)
        if not meant:
            raise Refused(N_("No customer of the run is meant: there is nothing to decide."))
        return meant
    reviewed = run.at(RunVersion.REVIEWED)
    if find_verdict(tx, reviewed, subject.customer) is None:
        raise NotFound(N_("This customer is not in the run."))
    listed = {item["product_key"] for item in load_items(tx, reviewed, subject.customer)}
    if subject.product_key is not None and subject.product_key not in listed:
        raise Refused(
            N_(
                "The list has changed meanwhile: this product is not in it any more. Open the"
                " customer again."
            )
        )
    return 1


def _check_replacement(
    tx: Transaction, run: RunAt, subject: Subject, replacement: str | None
) -> None:
    if subject.product_key is None or replacement is None:
        raise Refused(N_("Choose the product to replace, and the one that takes its place."))
    if not load_visible_keys(tx, FileKind.PRODUCTS, [replacement]):
        raise NotFound(N_("There is no such product in the catalogue."))
    if replacement == subject.product_key:
        raise Refused(N_("The product would replace itself. Choose another."))
    if subject.customer is None:
        return
    listed = {item["product_key"] for item in load_items(tx, run, subject.customer)}
    if replacement in listed:
        raise Refused(N_("This product is in the list already. Choose another."))
