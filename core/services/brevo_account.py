"""Brevo as campaigns use it: messages, their events, and whom it will not write to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.contracts import normalise_address
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import EventKind, EventQuery, Template
from core.outreach.brevo_sockets import at_any_time
from core.outreach.replies import EmailReply
from core.services.live_switch import brevo_key
from core.services.pull_refusals import Watch, pull_refusals, read_on
from core.store.doubtful import SeenEvent
from core.store.tenant import TenantStore

_NEWEST_EVENTS = 100
_MOST_TEMPLATES = 1_000


@contextmanager
def open_brevo(store: TenantStore) -> Iterator["BrevoAccount"]:
    """Give Brevo for the block; raise what `brevo_key` raises where it may not be asked."""
    client = BrevoClient(brevo_key(store), store.store.settings.brevo_base_url)
    try:
        yield BrevoAccount(client=client)
    finally:
        client.close()


@dataclass
class BrevoAccount:
    """One account for the length of a job."""

    client: BrevoClient

    def send_email(self, body: bytes, is_in_time: Callable[[], bool] = at_any_time) -> EmailReply:
        """Post one message if it is still in time when its bytes leave.

        Never raises for what the network or Brevo does.
        """
        return self.client.send_email(body, is_in_time)

    def written_to(self, tag: str) -> Sequence[str]:
        """Return to whom the newest messages under a tag went; raise `BrevoError` when it cannot.

        Of other events the newest may all be of messages that were taken long before.
        """
        asked = EventQuery(tags=(tag,), kind=EventKind.REQUESTS)
        page = self.client.events(asked, limit=_NEWEST_EVENTS, newest_first=True)
        return [normalise_address(event.email) for event in page.items]

    def events_under(self, tag: str, limit: int, offset: int) -> Sequence[SeenEvent]:
        """Return a page of the events under a tag; raise `BrevoError` when it cannot."""
        page = self.client.events(EventQuery(tags=(tag,)), limit=limit, offset=offset)
        return [
            SeenEvent(
                email_norm=normalise_address(event.email), message_id=event.message_id, at=event.at
            )
            for event in page.items
        ]

    def template(self, template_id: int) -> Template | None:
        """Return a template as it is now, None when there is none; raise `BrevoError`."""
        return self.client.template(template_id)

    def active_templates(self) -> Sequence[Template]:
        """Return the active templates, the oldest first; raise `BrevoError` when it cannot."""
        found: list[Template] = []
        offset: int | None = 0
        while offset is not None and offset < _MOST_TEMPLATES:
            page = self.client.templates(is_active=True, offset=offset)
            found, offset = [*found, *page.items], page.next_offset
        return found

    def refuse_known(self, store: TenantStore, watch: Watch = read_on) -> bool:
        """Suppress the tenant's customers whom Brevo must not write to; raise `BrevoError`.

        Returns False when `watch` ended it before all of them were read.
        """
        return pull_refusals(store, self.client, watch).is_whole
