"""Ask Brevo's events what became of messages that nobody is sure of.

What is found was sent. What two readings, half an hour apart, do not find is shown to a person;
nothing is ever sent again by itself. After a backup was brought back, everything that is planned
is doubtful, and the campaign stands still until two such readings have looked at all of it.

A reading goes on beside the sender: they settle deliveries of different states, one after another
by the campaign's row. After a restore it needs those that a sender works on, so it waits for it.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.i18n import N_
from core.outreach.outcomes import PROOF_EVENT
from core.outreach.payload import batch_tag
from core.outreach.protocol import DeliveryState, check_move
from core.services.accounts import Actor, Role, require
from core.services.campaign_claims import log_entry
from core.services.campaign_control import find_known
from core.services.prepare_campaign import lock_name
from core.services.sent_contacts import note_sent
from core.store import locks
from core.store.brevo_events import find_proof
from core.store.campaign_log import append_logs
from core.store.deliveries import DeliveryRow
from core.store.doubtful import (
    Doubtful,
    SeenEvent,
    cleared_batches,
    cleared_entry,
    doubtful_batches,
    load_doubtful,
    move_doubtful,
    note_missed,
)
from core.store.event_reads import reserve_read
from core.store.patience import Patience
from core.store.senders import current_epoch, hold_campaign, store_epoch
from core.store.tenant import TenantStore, Transaction

MISSED_FOR = timedelta(minutes=30)
"""Between the two readings that do not find a message."""
NOT_FOUND = "not_found"

BEING_READ = N_(
    "Brevo's events are being read for this campaign at the moment. Look at what that brought in a"
    " minute."
)
UNDER_WAY = N_(
    "Messages of this campaign are still under way. Pause it, wait until nothing is under way any"
    " more, then reconcile again."
)
_TURN = Patience(seconds=60, tell=lambda: None)
"""The 40 s that a post takes at most, and its outcome."""

_PAGE = 2_500
_UNSURE = (DeliveryState.UNCONFIRMED, DeliveryState.REVIEW)
_AFTER_RESTORE = (*_UNSURE, DeliveryState.PLANNED, DeliveryState.CLAIMED)


class EventSource(Protocol):
    """Who knows what became of messages."""

    def events_under(self, tag: str, limit: int, offset: int) -> Sequence[SeenEvent]:
        """Return a page of the events under a tag; raise `CrmError` when it cannot."""


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What a reading of the events brought: numbers of deliveries.

    `unread` batches wait for the next hour; `settles_at` is when another reading can end what this
    one did not find.
    """

    found: int = 0
    missed: int = 0
    to_review: int = 0
    unread: int = 0
    settles_at: datetime | None = None


def reconcile(
    store: TenantStore, actor: Actor, campaign_id: str, source: EventSource
) -> Reconciliation:
    """Read the events of a campaign's unsure messages and settle what they settle.

    Raises `NotFound`, and what `source` raises: batches that were read before stay settled. `Busy`
    beside another reading, and after a restore while messages stay under way for a minute.
    """
    require(actor, Role.ANALYST)
    with ExitStack() as held:
        held.enter_context(locks.exclusive(store, f"events-{campaign_id}", BEING_READ))
        with store.read() as tx:
            epoch = current_epoch(tx)
            is_restored = find_known(tx, campaign_id).epoch != epoch
        if is_restored:
            held.enter_context(locks.exclusive(store, lock_name(campaign_id), UNDER_WAY, _TURN))
        return _Reading(store, campaign_id, source, epoch, is_restored=is_restored).run()


class _Reading:
    """One reading, batch by batch, and what it has brought so far."""

    def __init__(
        self,
        store: TenantStore,
        campaign_id: str,
        source: EventSource,
        epoch: int,
        *,
        is_restored: bool,
    ) -> None:
        self.store, self.source = store, source
        self.epoch, self.is_restored = epoch, is_restored
        self.counts: Counter[str] = Counter()
        self.settles_at: datetime | None = None
        self.waiting: set[int] = set()
        self.read_at = store.store.now()
        with store.read() as tx:
            self.campaign = find_known(tx, campaign_id)
            self.states = _AFTER_RESTORE if self.is_restored else _UNSURE
            cleared = cleared_batches(tx, campaign_id, self.epoch) if self.is_restored else ()
            doubtful = doubtful_batches(tx, campaign_id, self.states)
            self.left = [batch_no for batch_no in doubtful if batch_no not in cleared]

    def run(self) -> Reconciliation:
        """Read and settle as many batches as the hour permits."""
        while self.left:
            events = self._read(self.left[0])
            if events is None:
                break
            self._settle(self.left.pop(0), events)
        if self.is_restored and not self.left and self.settles_at is None:
            self._end_restore()
        return Reconciliation(**self.counts, unread=len(self.left), settles_at=self.settles_at)

    def _read(self, batch_no: int) -> Mapping[str, SeenEvent] | None:
        """Return the events of a batch by address, None when the hour's readings are used up."""
        found: dict[str, SeenEvent] = {}
        self.read_at = self.store.store.now()
        for page in itertools.count():
            with self.store.begin() as tx:
                if not reserve_read(tx, self.store.store.now()):
                    return None
            tag = batch_tag(self.campaign.campaign_id, batch_no)
            events = self.source.events_under(tag, _PAGE, page * _PAGE)
            found |= {event.email_norm: event for event in events}
            if len(events) < _PAGE:
                break
        return found

    def _settle(self, batch_no: int, events: Mapping[str, SeenEvent]) -> None:
        """Settle a batch by one transaction; nothing by events read before another restore."""
        campaign, now = self.campaign, self.store.store.now()
        with self.store.begin() as tx:
            hold_campaign(tx, campaign.campaign_id)
            if current_epoch(tx) != self.epoch:
                return
            entries = []
            for doubtful in load_doubtful(tx, campaign.campaign_id, batch_no, self.states):
                event = events.get(doubtful.row.email_norm) or self._told(tx, doubtful.row, now)
                if event is not None:
                    entries.append(self._found(tx, doubtful.row, event))
                else:
                    entries.append(self._missed(tx, doubtful, now))
            told = [entry for entry in entries if entry is not None]
            if self.is_restored and batch_no not in self.waiting:
                told.append(cleared_entry(batch_no, self.epoch))
            append_logs(tx, campaign.campaign_id, campaign.mode, now, told)

    def _told(self, tx: Transaction, row: DeliveryRow, now: datetime) -> SeenEvent | None:
        """Return what a webhook told of a delivery, None when none did."""
        message_id = find_proof(tx, self.campaign.campaign_id, row.delivery_no)
        if message_id is None:
            return None
        return SeenEvent(email_norm=row.email_norm, message_id=message_id, at=now)

    def _found(
        self, tx: Transaction, row: DeliveryRow, event: SeenEvent
    ) -> dict[str, object] | None:
        campaign_id = self.campaign.campaign_id
        if row.state != DeliveryState.CLAIMED:
            check_move(DeliveryState(row.state), DeliveryState.SENT)
        if not move_doubtful(
            tx, campaign_id, row, DeliveryState.SENT, event=event, proof=PROOF_EVENT
        ):
            return None
        note_sent(self.store, tx, campaign_id, row, event.at)
        self.counts["found"] += 1
        return log_entry(
            row, DeliveryState.SENT.lower(), {"proof": PROOF_EVENT, "message_id": event.message_id}
        )

    def _missed(
        self, tx: Transaction, doubtful: Doubtful, now: datetime
    ) -> dict[str, object] | None:
        row, campaign_id = doubtful.row, self.campaign.campaign_id
        if self._is_newer(doubtful):
            self.settles_at = now + MISSED_FOR
            return None
        self.counts["missed"] += 1
        note_missed(tx, campaign_id, row, now)
        settles_at = (doubtful.missed_at or now) + MISSED_FOR
        if doubtful.missed_at is None or now < settles_at:
            self.settles_at = max(self.settles_at or settles_at, settles_at)
            self.waiting.add(row.batch_no)
            return None
        if row.state in (DeliveryState.PLANNED, DeliveryState.REVIEW):
            return None
        self.counts["to_review"] += 1
        move_doubtful(tx, campaign_id, row, DeliveryState.REVIEW, error_code=NOT_FOUND)
        return log_entry(row, DeliveryState.REVIEW.lower(), {"code": NOT_FOUND})

    def _is_newer(self, doubtful: Doubtful) -> bool:
        """Tell whether a message was claimed when the events had been read: they say nothing of it.

        After a restore nothing is claimed.
        """
        claimed_at = doubtful.claimed_at
        return not self.is_restored and claimed_at is not None and claimed_at > self.read_at

    def _end_restore(self) -> None:
        """Let the campaign be resumed: what is planned now was never sent."""
        campaign = self.campaign
        with self.store.begin() as tx:
            store_epoch(tx, campaign.campaign_id, self.epoch)
            append_logs(
                tx,
                campaign.campaign_id,
                campaign.mode,
                self.store.store.now(),
                [{"event": "reconciled"}],
            )
