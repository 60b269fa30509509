"""Recording what became of posted messages: state, journal and contact history together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.outreach.audience import CAMPAIGN_CANCELLED
from core.outreach.outcomes import PROOF_WEBHOOK, Decision, PauseReason, decide
from core.outreach.payload import compose_request
from core.outreach.protocol import FINAL, CampaignState, DeliveryState, check_move
from core.outreach.replies import EmailReply
from core.services.campaign_claims import Sender, log_entry
from core.services.campaign_control import cancel_planned, find_known
from core.services.sent_contacts import note_sent
from core.store.brevo_events import find_proof
from core.store.campaign_log import append_logs, load_delivery_logs
from core.store.campaigns import move_campaign
from core.store.doubtful import find_numbered
from core.store.live_deliveries import Flight, Settlement, note_unclear, settle
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore, Transaction

UNCLEAR = "unclear"
TAKEN_LATE = "taken_late"
RESTARTED = "restarted"

_CLAIMED = (DeliveryState.CLAIMED,)
# A proof counts also for a delivery that another sender has meanwhile given up.
_PROVABLE = (
    DeliveryState.CLAIMED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.REVIEW,
    DeliveryState.PLANNED,
)


@dataclass(frozen=True, kw_only=True)
class Landing:
    """A flight and its answer.

    `request` is what a log may keep of what was posted, None when this process did not post it.
    """

    flight: Flight
    reply: EmailReply
    request: Mapping[str, Any] | None = None


def record(sender: Sender, landings: Sequence[Landing]) -> list[Decision]:
    """Record what became of messages by one transaction; return what was decided of each.

    A delivery that another sender has taken further stays as it is.
    """
    now = sender.store.store.now()
    decisions = [
        decide(x.reply, unclear=x.flight.unclear, age=now - x.flight.claimed_at) for x in landings
    ]
    with sender.store.begin() as tx:
        hold_campaign(tx, sender.campaign.campaign_id)
        entries = [
            _record_one(sender, tx, landing, decision)
            for landing, decision in zip(landings, decisions, strict=True)
        ]
        campaign = sender.campaign
        append_logs(tx, campaign.campaign_id, campaign.mode, now, [e for e in entries if e])
        if any(decision.after == DeliveryState.PLANNED for decision in decisions):
            _cancel_with_campaign(sender, tx, now)
    return decisions


def _record_one(
    sender: Sender, tx: Transaction, landing: Landing, decision: Decision
) -> dict[str, object] | None:
    """Move one delivery; return its line of the journal, None when it went on without us."""
    campaign_id, flight = sender.campaign.campaign_id, landing.flight
    if decision.after == DeliveryState.UNCONFIRMED:
        decision = _told_meanwhile(tx, campaign_id, flight) or decision
    if decision.after is None:
        is_ours = note_unclear(tx, campaign_id, flight)
        return _entry(landing, decision, UNCLEAR) if is_ours else None
    check_move(DeliveryState.CLAIMED, decision.after)
    settlement = Settlement(
        email_norm=flight.row.email_norm,
        key=flight.key,
        after=decision.after,
        error_code=decision.error_code,
        proof=decision.proof,
        message_id=decision.message_id,
    )
    before = _PROVABLE if decision.after == DeliveryState.SENT else _CLAIMED
    if not settle(tx, campaign_id, settlement, before):
        return _late_entry(sender, tx, landing, decision)
    if decision.after == DeliveryState.SENT:
        note_sent(sender.store, tx, campaign_id, flight.row, flight.claimed_at)
    return _entry(landing, decision, decision.after.lower())


def _late_entry(
    sender: Sender, tx: Transaction, landing: Landing, decision: Decision
) -> dict[str, object] | None:
    """Return the line of a message that was taken after all, None when the journal knows of it.

    A delivery that is over and not sent stays so; the contact it was is entered all the same.
    """
    campaign_id, number = sender.campaign.campaign_id, landing.flight.row.delivery_no
    if decision.after != DeliveryState.SENT:
        return None
    told = load_delivery_logs(tx, campaign_id, number)
    if any(line.detail.get("message_id") == decision.message_id for line in told):
        return None
    row = find_numbered(tx, campaign_id, number)
    if row is not None and row.state in FINAL and row.state != DeliveryState.SENT:
        note_sent(sender.store, tx, campaign_id, row, landing.flight.claimed_at)
    return _entry(landing, decision, TAKEN_LATE)


def _told_meanwhile(tx: Transaction, campaign_id: str, flight: Flight) -> Decision | None:
    """Return the proof that a webhook brought while the answer was waited for, or None."""
    message_id = find_proof(tx, campaign_id, flight.row.delivery_no)
    if message_id is None:
        return None
    return Decision(after=DeliveryState.SENT, proof=PROOF_WEBHOOK, message_id=message_id)


def _entry(landing: Landing, decision: Decision, event: str) -> dict[str, object]:
    flight, reply = landing.flight, landing.reply
    detail: dict[str, object] = {
        "key_no": flight.row.key_no,
        "unclear": flight.unclear,
        "status": reply.status,
        "answer": reply.detail,
    }
    if decision.error_code:
        detail["code"] = decision.error_code
    if decision.message_id:
        detail["message_id"] = decision.message_id
    if flight.unclear == 0:
        known = landing.request
        detail["request"] = known or compose_request(flight.row.payload, flight.key).redacted
    return log_entry(flight.row, event, detail)


def _cancel_with_campaign(sender: Sender, tx: Transaction, now: datetime) -> None:
    """Of a campaign cancelled meanwhile, cancel what was planned again."""
    campaign = find_known(tx, sender.campaign.campaign_id)
    if campaign.state == CampaignState.CANCELLED:
        cancel_planned(tx, campaign, now)


def give_up(sender: Sender, flights: Sequence[Flight]) -> None:
    """Leave to the events what a dead process had claimed of a campaign that is not being sent."""
    if not flights:
        return
    campaign, now = sender.campaign, sender.store.store.now()
    check_move(DeliveryState.CLAIMED, DeliveryState.UNCONFIRMED)
    is_cancelled = campaign.state == CampaignState.CANCELLED
    code = CAMPAIGN_CANCELLED if is_cancelled else RESTARTED
    entries = []
    with sender.store.begin() as tx:
        hold_campaign(tx, campaign.campaign_id)
        for flight in flights:
            settlement = Settlement(
                email_norm=flight.row.email_norm,
                key=flight.key,
                after=DeliveryState.UNCONFIRMED,
                error_code=code,
            )
            if settle(tx, campaign.campaign_id, settlement, _CLAIMED):
                detail = {"key_no": flight.row.key_no, "code": code}
                entries.append(log_entry(flight.row, settlement.after.lower(), detail))
        append_logs(tx, campaign.campaign_id, campaign.mode, now, entries)


def pause_sending(sender: Sender, reason: PauseReason) -> None:
    """Let a campaign that is being sent stand still until somebody lets it go on."""
    pause_campaign(sender.store, sender.campaign.campaign_id, reason)


def pause_campaign(store: TenantStore, campaign_id: str, reason: PauseReason) -> None:
    """Pause a campaign that is being sent; nothing when it is not."""
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        sending = (CampaignState.SENDING,)
        if move_campaign(tx, campaign_id, sending, CampaignState.PAUSED, pause_reason=reason):
            entry = {"event": "paused", "detail": {"reason": reason}}
            append_logs(tx, campaign_id, campaign.mode, store.store.now(), [entry])
