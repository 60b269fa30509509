"""Take in from Brevo who must not be written to: opt-outs of contacts, and blocked addresses.

Where a walk through a list stands is kept with each page, so that one that was stopped, by a limit,
a kill or who waits for it, goes on there. A page taken in twice changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from core.contracts import normalise_address
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import BlockedContact, Contact, Page
from core.services.addressee_checks import local_day
from core.store.contact_pushes import Pull, PullSource, load_pull, store_pull
from core.store.tenant import TenantStore, Transaction
from core.store.wishes import (
    Suppression,
    close_lifted,
    is_bounced,
    load_addressees,
    store_suppression,
)

SOURCE = "brevo_contacts"
BLOCKED_SOURCE = "brevo_blocked"

# Of the reasons that Brevo names; any other forbids writing all the same.
_REASONS = {
    "hardBounce": "hard_bounce",
    "contactFlaggedAsSpam": "complaint",
    "unsubscribedViaMA": "unsubscribe",
    "unsubscribedViaEmail": "unsubscribe",
    "unsubscribedViaApi": "unsubscribe",
}
_OTHER_REASON = "blocked"

T = TypeVar("T")

# Brevo's clock is not ours, and its days are not the tenant's.
_OVERLAP = timedelta(days=1)

Watch = Callable[[int, int], bool]
"""Told how many of how many contacts are read; returns whether to read on."""


def read_on(_done: int, _total: int) -> bool:
    """Read to the end."""
    return True


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """How many suppressions are new, and whether everybody was read whom Brevo refuses."""

    found: int
    is_whole: bool


def pull_refusals(store: TenantStore, client: BrevoClient, watch: Watch = read_on) -> Refusals:
    """Suppress the tenant's own customers whom Brevo must not write to.

    The blocked addresses come first: they are few. An address that no customer has is another's,
    and is not kept. Raises `BrevoError`; the next call goes on where this one stopped.
    """
    walk = _Walk(store=store, watch=watch)

    def blocked_page(pull: Pull) -> Page[BlockedContact]:
        return client.blocked_contacts(
            first_day=None if pull.since is None else local_day(store, pull.since),
            last_day=local_day(store, pull.begun_at),
            offset=pull.next_offset or 0,
        )

    def contact_page(pull: Pull) -> Page[Contact]:
        return client.contacts(modified_since=pull.since, offset=pull.next_offset or 0)

    is_whole = walk.go_through(PullSource.BLOCKED, blocked_page, suppress_blocked)
    is_whole = is_whole and walk.go_through(PullSource.CONTACTS, contact_page, _suppress_contacts)
    return Refusals(found=walk.found, is_whole=is_whole)


@dataclass(kw_only=True)
class _Walk:
    """Goes through Brevo's lists page by page, as long as `watch` says so."""

    store: TenantStore
    watch: Watch
    found: int = 0

    def go_through(
        self,
        source: PullSource,
        read: Callable[[Pull], Page[T]],
        keep: Callable[[TenantStore, Sequence[T]], int],
    ) -> bool:
        """Finish a walk that was stopped, then go through what has changed since it began.

        Returns False when `watch` stopped it.
        """
        with self.store.read() as tx:
            pull = load_pull(tx, source)
        if pull is not None and not self._finish(pull, read, keep):
            return False
        since = None if pull is None else pull.begun_at - _OVERLAP
        begun = Pull(source=source, since=since, begun_at=self.store.store.now(), next_offset=0)
        return self._finish(begun, read, keep)

    def _finish(
        self,
        pull: Pull,
        read: Callable[[Pull], Page[T]],
        keep: Callable[[TenantStore, Sequence[T]], int],
    ) -> bool:
        while pull.next_offset is not None:
            page = read(pull)
            self.found += keep(self.store, page.items)
            pull = replace(pull, next_offset=page.next_offset)
            with self.store.begin() as tx:
                store_pull(tx, pull)
            if pull.next_offset is None:
                break
            if not self.watch(pull.next_offset, page.total or 0):
                return False
        return True


def suppress_blocked(store: TenantStore, blocked: Sequence[BlockedContact]) -> int:
    """Suppress the addresses that customers have; return how many were not known as such."""
    with store.begin() as tx:
        return sum(_suppress_address(store, tx, contact) for contact in blocked)


def _suppress_address(store: TenantStore, tx: Transaction, contact: BlockedContact) -> bool:
    email_norm = normalise_address(contact.email)
    if not load_addressees(tx, email_norm):
        return False
    day = local_day(store, contact.blocked_at)
    suppression = Suppression(
        suppression_id=f"{BLOCKED_SOURCE}:{contact.reason}:{day}:{email_norm}",
        customer=None,
        email_norm=email_norm,
        reason=_REASONS.get(contact.reason, _OTHER_REASON),
        source=BLOCKED_SOURCE,
        since=day,
    )
    return store_suppression(tx, suppression)


def _suppress_contacts(store: TenantStore, contacts: Sequence[Contact]) -> int:
    """Suppress who is blacklisted; who is open again and leaves once more has a new wish."""
    named = [(normalise_address(contact.email), contact) for contact in contacts if contact.email]
    with store.begin() as tx:
        close_lifted(tx, SOURCE, [email for email, found in named if not found.is_blacklisted])
        return sum(
            _suppress_contact(store, tx, email_norm, contact)
            for email_norm, contact in named
            if contact.is_blacklisted
        )


def _suppress_contact(
    store: TenantStore, tx: Transaction, email_norm: str, contact: Contact
) -> int:
    """Take a blacklisted contact for somebody's wish, which follows the person.

    Unless Brevo has said of the address that it bounces: that is of the address alone, and kept.
    """
    customers = load_addressees(tx, email_norm)
    if not customers or is_bounced(tx, email_norm):
        return 0
    return sum(
        store_suppression(
            tx,
            Suppression(
                suppression_id=f"{SOURCE}:{email_norm}:{known.customer}",
                customer=known.customer,
                email_norm=email_norm,
                reason="unsubscribe",
                source=SOURCE,
                since=local_day(store, contact.modified_at),
            ),
        )
        for known in customers
    )
