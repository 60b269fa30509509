"""Brevo as campaigns use it: messages, their events, and whom it will not write to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import EventKind, EventQuery
from core.outreach.replies import EmailReply
from core.services.pull_refusals import Watch, pull_refusals, read_on
from core.store.doubtful import SeenEvent
from core.store.tenant import TenantStore

_NEWEST_EVENTS = 100


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
    """One account for the length of a job."""

    client: BrevoClient

    def send_email(self, body: bytes) -> EmailReply:
        """Post one message; never raises for what the network or Brevo does."""
        return self.client.send_email(body)

    def written_to(self, tag: str) -> Sequence[str]:
        """Return to whom the newest messages under a tag went; raise `BrevoError` when it cannot.

        Of other events the newest may all be of messages that were taken long before.
        """
        asked = EventQuery(tags=(tag,), kind=EventKind.REQUESTS)
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

    def refuse_known(self, store: TenantStore, watch: Watch = read_on) -> bool:
        """Suppress the tenant's customers whom Brevo must not write to; raise `BrevoError`.

        Returns False when `watch` ended it before all of them were read.
        """
        return pull_refusals(store, self.client, watch).is_whole
