"""Take in what Brevo tells of messages: any event, any number of times, in any order.

Each event leaves the same rows whenever and however often it comes: `brevo_event` once, the
contact event and the suppression it stands for, and the proof that a delivery of unknown outcome
was accepted. Events that are not the tenant's own are counted and leave nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.outreach.outcomes import PROOF_WEBHOOK
from core.outreach.protocol import FINAL, DeliveryState, Mode, check_move
from core.outreach.webhook_events import SUPPRESSING, VendorEvent, parse_event
from core.services.addressee_checks import local_day
from core.services.sent_contacts import note_sent
from core.store.brevo_events import BrevoEvent, prove_sent, store_event
from core.store.campaign_log import append_logs
from core.store.deliveries import DeliveryRow, find_delivery
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore, Transaction
from core.store.wishes import (
    ContactEvent,
    Suppression,
    load_addressees,
    store_contact_event,
    store_suppression,
)

SOURCE = "brevo_webhook"
_BATCH = 200  # events of one transaction, which holds SQLite's write lock
_BOUNCE = "hard_bounce"


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of the events of one call: `events = new + known + ignored`."""

    events: int
    new: int
    known: int
    ignored: int


@dataclass(frozen=True, kw_only=True)
class _About:
    """Whom an event is about: a delivery, or an address and the customers it leads to."""

    delivery: DeliveryRow | None
    customers: Sequence[str]

    @property
    def customer(self) -> str | None:
        return self.customers[0] if len(self.customers) == 1 else None


@dataclass(frozen=True, kw_only=True)
class _Intake:
    """One transaction that takes events in at `now`."""

    store: TenantStore
    tx: Transaction
    now: datetime

    def moment_of(self, event: VendorEvent) -> datetime:
        """When it happened: a clock that runs ahead does not date contacts into the future."""
        return min(event.at or self.now, self.now)

    def day_of(self, moment: datetime) -> date:
        """The day of a moment where the tenant lives."""
        return local_day(self.store, moment)


def receive_events(store: TenantStore, bodies: Sequence[object]) -> Received:
    """Take in the events of one call, JSON objects of Brevo's; return what became of them.

    What an event leaves is written in one transaction; what is no event is ignored.
    """
    now = store.store.now()
    events = [event for body in bodies if (event := parse_event(body))]
    # Two calls at once lock their rows in one order.
    events.sort(key=lambda event: (event.campaign_id or "", event.email_norm, event.event_key))
    new = known = 0
    for start in range(0, len(events), _BATCH):
        with store.begin() as tx:
            intake = _Intake(store=store, tx=tx, now=now)
            taken = [_take_in(intake, event) for event in events[start : start + _BATCH]]
        new += taken.count(True)
        known += taken.count(False)
    return Received(events=len(bodies), new=new, known=known, ignored=len(bodies) - new - known)


def _take_in(intake: _Intake, event: VendorEvent) -> bool | None:
    """Write what an event leaves; return whether it is new, None when it is nothing of ours."""
    about = _about(intake.tx, event)
    if about is None:
        return None
    is_new = store_event(intake.tx, _row(intake, event, about), intake.now)
    if event.status:
        store_contact_event(intake.tx, _contact(intake, event, about))
    if event.status in SUPPRESSING:
        _suppress(intake, event, about)
    if about.delivery:
        _prove(intake, event, about.delivery)
    return is_new


def _about(tx: Transaction, event: VendorEvent) -> _About | None:
    """Return whom an event is about; None when it names another's message, or tells us nothing.

    An instance's tenants may share one account at Brevo, whose webhooks tell each of them of all
    messages. So a message must be a live delivery of this tenant to this address; where none is
    named, as in mailings made at Brevo, only what forbids writing counts, for known addresses.
    """
    if event.campaign_id is not None:
        delivery = find_delivery(tx, event.campaign_id, event.email_norm, Mode.LIVE)
        if delivery is None or event.delivery_no not in (None, delivery.delivery_no):
            return None
        return _About(delivery=delivery, customers=(delivery.customer,))
    if event.status not in SUPPRESSING:
        return None
    customers = [known.customer for known in load_addressees(tx, event.email_norm)]
    return _About(delivery=None, customers=customers) if customers else None


def _row(intake: _Intake, event: VendorEvent, about: _About) -> BrevoEvent:
    return BrevoEvent(
        event_key=event.event_key,
        campaign_id=event.campaign_id,
        delivery_no=about.delivery.delivery_no if about.delivery else None,
        message_id=event.message_id,
        email_norm=event.email_norm,
        event=event.event,
        at=intake.moment_of(event),
    )


def _contact(intake: _Intake, event: VendorEvent, about: _About) -> ContactEvent:
    assert event.status is not None
    return ContactEvent(
        event_key=f"{SOURCE}:{event.contact_key}",
        customer=about.customer,
        email_norm=event.email_norm,
        contact_date=intake.day_of(intake.moment_of(event)),
        status=event.status,
        campaign=event.campaign_id,
    )


def _suppress(intake: _Intake, event: VendorEvent, about: _About) -> None:
    """A wish follows the person to another address, a bounce is of the address alone."""
    assert event.status is not None
    customers: Sequence[str | None] = (None,) if event.status == _BOUNCE else about.customers
    for customer in customers:
        suppression = Suppression(
            suppression_id=f"{SOURCE}:{event.contact_key}:{customer or ''}",
            customer=customer,
            email_norm=event.email_norm,
            reason=event.status,
            source=SOURCE,
            since=intake.day_of(intake.moment_of(event)),
        )
        store_suppression(intake.tx, suppression)


def _prove(intake: _Intake, event: VendorEvent, delivery: DeliveryRow) -> None:
    """Record a delivery of unknown outcome as sent: Brevo tells events of what it accepted."""
    before = DeliveryState(delivery.state)
    if event.message_id is None or before in FINAL:
        return
    assert event.campaign_id is not None
    check_move(before, DeliveryState.SENT)
    hold_campaign(intake.tx, event.campaign_id)  # its sender may be recording an outcome
    claimed_at = prove_sent(
        intake.tx,
        event.campaign_id,
        delivery.delivery_no,
        message_id=event.message_id,
        proof=PROOF_WEBHOOK,
        at=intake.moment_of(event),
    )
    if claimed_at is not None:
        _note_sent(intake, event.campaign_id, delivery, event.message_id, claimed_at)


def _note_sent(
    intake: _Intake, campaign_id: str, delivery: DeliveryRow, message_id: str, sent_at: datetime
) -> None:
    entry = {
        "event": "sent",
        "delivery_no": delivery.delivery_no,
        "batch_no": delivery.batch_no,
        "detail": {"proof": PROOF_WEBHOOK, "message_id": message_id},
    }
    append_logs(intake.tx, campaign_id, Mode.LIVE, intake.now, [entry])
    note_sent(intake.store, intake.tx, campaign_id, delivery, sent_at)
