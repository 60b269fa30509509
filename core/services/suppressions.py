"""Who must not be written to, why, and since when; and how that ends: by a person, with a reason.

A suppression is never deleted. A lifted one keeps who lifted it, when and why, and the contact
event it came from stops counting with it. Who leaves again afterwards is suppressed again.
"""

from dataclasses import dataclass
from enum import StrEnum

import duckdb

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.addressee_checks import local_day, mark_suppressed
from core.services.audit_trail import Action, record
from core.services.policies import current_policy
from core.store.addressees import fetch_addressees_among
from core.store.beginnings import Known, find_beginnings
from core.store.contacts import ContactRow, Person, count_contacts, find_person, load_contacts
from core.store.suppressions import (
    Lift,
    SuppressionRow,
    count_in_force,
    count_suppressions,
    find_suppression,
    lift_suppressions,
    load_suppressions,
    opted_out_customers,
)
from core.store.tenant import TenantStore, Transaction

MAX_REASON_CHARS = 500


class Standing(StrEnum):
    """Whether a searched person may be written to, as the audit's rule judges today."""

    UNKNOWN = "unknown"
    OPEN = "open"
    HELD_BACK = "held_back"


@dataclass(frozen=True, kw_only=True)
class Lifted:
    """What a lift did: rows that it ended, those of the same person that still count.

    `opted_out` are customers whose own record still says that they opted out: only a file of
    clients that says otherwise changes that.
    """

    ended: int
    left: int
    opted_out: tuple[str, ...]


def suppressions_of(
    store: TenantStore, term: str = "", *, limit: int = 20, offset: int = 0
) -> list[SuppressionRow]:
    """Return a page of suppressions, lifted ones too, the newest first.

    Those of a whole address or customer code, or all.
    """
    with store.read() as tx:
        person = find_person(tx, term) if term.strip() else None
        return load_suppressions(tx, person, limit=limit, offset=offset)


def number_of_suppressions(store: TenantStore, term: str = "") -> int:
    """Return how many suppressions `suppressions_of` pages through."""
    with store.read() as tx:
        return count_suppressions(tx, find_person(tx, term) if term.strip() else None)


def standing_of(store: TenantStore, term: str) -> Standing:
    """Return whether who has this address or code is held back, by whatever told it.

    Soft bounces in a row, or a record that still says opted out after a lift, enter no suppression.
    """
    audit, day = current_policy(store).audit, local_day(store)
    with store.read() as tx, duckdb.connect() as con:
        person = find_person(tx, term)
        fetch_addressees_among(tx, con, person.customers, person.addresses)
        mark_suppressed(con, audit, day)
        (known,) = con.execute("SELECT count(*) FROM customers").fetchall()[0]
        (held_back,) = con.execute("SELECT count(*) FROM suppressed").fetchall()[0]
    if not known:
        return Standing.UNKNOWN
    return Standing.HELD_BACK if held_back else Standing.OPEN


def contacts_of(
    store: TenantStore, term: str, *, limit: int = 20, offset: int = 0
) -> list[ContactRow]:
    """Return a page of what happened with a whole address or customer code, the newest first.

    Nothing without one.
    """
    if not term.strip():
        return []
    with store.read() as tx:
        return load_contacts(tx, find_person(tx, term), limit=limit, offset=offset)


def number_of_contacts(store: TenantStore, term: str) -> int:
    """Return how many events `contacts_of` pages through."""
    if not term.strip():
        return 0
    with store.read() as tx:
        return count_contacts(tx, find_person(tx, term))


def people_beginning(store: TenantStore, term: str, *, limit: int = 20) -> list[Known]:
    """Return the first customers and addresses that begin with `term`, in any case.

    Nothing without one.
    """
    if not term.strip():
        return []
    with store.read() as tx:
        return find_beginnings(tx, term.strip(), limit=limit)


def lift(store: TenantStore, actor: Actor, suppression_id: str, reason: str) -> Lifted:
    """End a suppression, with those entered beside it by the same word of the same address.

    Raises `NotAllowed` for a viewer, `NotFound`, and `Refused` without a reason or for one that
    is lifted already.
    """
    require(actor, Role.ANALYST)
    said = reason.strip()
    if not said:
        raise Refused(N_("Say why: the reason is kept with the suppression."))
    if len(said) > MAX_REASON_CHARS:
        raise Refused(
            N_("A reason has at most %(count)s characters. Shorten it."), count=MAX_REASON_CHARS
        )
    with store.begin() as tx:
        kept = find_suppression(tx, suppression_id)
        if kept is None:
            raise NotFound(N_("There is no such suppression."))
        if kept.lifted_at is not None:
            raise Refused(N_("This suppression is lifted already."))
        made = Lift(at=store.store.now(), by=actor.username, reason=said)
        ended = lift_suppressions(tx, kept, made)
        lifted = _lifted(tx, kept, ended)
        record(store, tx, actor.user_id, Action.SUPPRESSION_LIFTED, ended=ended, reason=kept.reason)
        return lifted


def _lifted(tx: Transaction, kept: SuppressionRow, ended: int) -> Lifted:
    person = _person_of(tx, kept)
    return Lifted(
        ended=ended,
        left=count_in_force(tx, person),
        opted_out=tuple(opted_out_customers(tx, person.customers)),
    )


def _person_of(tx: Transaction, kept: SuppressionRow) -> Person:
    found = [find_person(tx, term) for term in (kept.customer, kept.email_norm) if term]
    return Person(
        customers=tuple(sorted({code for person in found for code in person.customers})),
        addresses=tuple(sorted({email for person in found for email in person.addresses})),
    )
