"""Brevo as campaigns use it: messages, their events, and whom it will not write to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from core.errors import Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import BlockedContact, EventQuery
from core.outreach.replies import EmailReply
from core.services.addressee_checks import local_day
from core.store.doubtful import SeenEvent
from core.store.tenant import TenantStore, Transaction
from core.store.wishes import Suppression, load_addressees, store_suppression

SOURCE = "brevo_blocked"

_NEWEST_EVENTS = 100
# Of the reasons that Brevo names; any other forbids writing all the same.
_REASONS = {
    "hardBounce": "hard_bounce",
    "contactFlaggedAsSpam": "complaint",
    "unsubscribedViaMA": "unsubscribe",
    "unsubscribedViaEmail": "unsubscribe",
    "unsubscribedViaApi": "unsubscribe",
}
_OTHER_REASON = "blocked"


@contextmanager
def open_brevo(store: TenantStore) -> Iterator["BrevoAccount"]:
    """Give Brevo for the block; raise `Refused` without a key, and when nothing may be sent."""
    settings = store.store.settings
    if settings.is_dry_run or settings.brevo_api_key is None:
        raise Refused(
            N_("Live sending is switched off here: BREVO_DRY_RUN is not 0. Nobody is contacted.")
        )
    client = BrevoClient(settings.brevo_api_key, settings.brevo_base_url)
    try:
        yield BrevoAccount(client=client)
    finally:
        client.close()


@dataclass
class BrevoAccount:
    """One account for the length of a job; it remembers how far the blocked addresses are read."""

    client: BrevoClient
    _read_until: date | None = field(default=None)

    def send_email(self, body: bytes) -> EmailReply:
        """Post one message; never raises for what the network or Brevo does."""
        return self.client.send_email(body)

    def written_to(self, _store: TenantStore, tag: str) -> Sequence[str]:
        """Return the addresses of events under a tag; raise `BrevoError` when it cannot."""
        asked = EventQuery(tags=(tag,))
        page = self.client.events(asked, limit=_NEWEST_EVENTS, newest_first=True)
        return [event.email.strip().lower() for event in page.items]

    def events_under(self, tag: str, limit: int, offset: int) -> Sequence[SeenEvent]:
        """Return a page of the events under a tag; raise `BrevoError` when it cannot."""
        page = self.client.events(EventQuery(tags=(tag,)), limit=limit, offset=offset)
        return [
            SeenEvent(
                email_norm=event.email.strip().lower(), message_id=event.message_id, at=event.at
            )
            for event in page.items
        ]

    def refuse_known(self, store: TenantStore) -> None:
        """Suppress the tenant's customers whom Brevo will not write to; raise `BrevoError`.

        The first reading is of all such addresses, later ones of those since. An address that no
        customer has is another's, and is not kept.
        """
        day = local_day(store)
        offset: int | None = 0
        while offset is not None:
            page = self.client.blocked_contacts(
                offset=offset, first_day=self._read_until, last_day=day
            )
            suppress_blocked(store, page.items)
            offset = page.next_offset
        self._read_until = day


def suppress_blocked(store: TenantStore, blocked: Sequence[BlockedContact]) -> int:
    """Suppress the addresses that customers have; return how many were not known as such."""
    with store.begin() as tx:
        return sum(_suppress_address(store, tx, contact) for contact in blocked)


def _suppress_address(store: TenantStore, tx: Transaction, contact: BlockedContact) -> bool:
    email_norm = contact.email.strip().lower()
    if not load_addressees(tx, email_norm):
        return False
    day = local_day(store, contact.blocked_at)
    suppression = Suppression(
        suppression_id=f"{SOURCE}:{contact.reason}:{day}:{email_norm}",
        customer=None,
        email_norm=email_norm,
        reason=_REASONS.get(contact.reason, _OTHER_REASON),
        source=SOURCE,
        since=day,
    )
    return store_suppression(tx, suppression)
