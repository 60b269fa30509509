"""Messages of which nobody knows whether they left: shown to a person, who decides each."""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotFound, Refused
from core.i18n import N_
from core.outreach.outcomes import PROOF_OPERATOR, PauseReason
from core.outreach.protocol import CampaignState, DeliveryState, check_move
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.campaign_claims import log_entry
from core.services.campaign_control import find_known
from core.services.sent_contacts import note_sent
from core.store.campaign_log import LogEntry, append_logs, load_delivery_logs
from core.store.campaigns import CampaignRow, move_campaign
from core.store.deliveries import DeliveryRow, load_deliveries
from core.store.doubtful import find_numbered, move_doubtful
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore, Transaction


class Ruling(StrEnum):
    """What a person decides about a message that may have left."""

    ARRIVED = "arrived"
    SEND_AGAIN = "send_again"
    GIVE_UP = "give_up"


_STATES = {
    Ruling.ARRIVED: DeliveryState.SENT,
    Ruling.SEND_AGAIN: DeliveryState.PLANNED,
    Ruling.GIVE_UP: DeliveryState.CANCELLED,
}


@dataclass(frozen=True, kw_only=True)
class ReviewCase:
    """One message to decide about, with every line of the journal that speaks of it."""

    row: DeliveryRow
    evidence: tuple[LogEntry, ...]


def cases_of(
    store: TenantStore, campaign_id: str, *, limit: int = 20, offset: int = 0
) -> list[ReviewCase]:
    """Return the messages of a campaign that wait for a person; raise `NotFound`."""
    with store.read() as tx:
        find_known(tx, campaign_id)
        rows = load_deliveries(
            tx, campaign_id, state=DeliveryState.REVIEW, limit=limit, offset=offset
        )
        return [
            ReviewCase(
                row=row, evidence=tuple(load_delivery_logs(tx, campaign_id, row.delivery_no))
            )
            for row in rows
        ]


def rule(
    store: TenantStore,
    actor: Actor,
    campaign_id: str,
    delivery_no: int,
    ruling: Ruling,
    note: str,
) -> None:
    """Decide about one message, with a reason; sending it again takes a new key at its claim.

    A campaign that is over is opened again, paused, for a message to be sent again. Raises
    `NotFound`, and `Refused` without a reason or for a message that waits for nobody.
    """
    require(actor, Role.ANALYST)
    if not note.strip():
        raise Refused(N_("Say why: the reason is kept in the journal."))
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        hold_campaign(tx, campaign_id)  # or it ends with a message that is planned again
        row = find_numbered(tx, campaign_id, delivery_no)
        if row is None:
            raise NotFound(N_("There is no such message in this campaign."))
        after = _STATES[ruling]
        if row.state != DeliveryState.REVIEW:
            raise Refused(N_("This message does not wait for a decision."))
        check_move(DeliveryState.REVIEW, after)
        _apply(store, tx, campaign, row, after)
        detail = {"ruling": ruling, "by": actor.username, "note": note.strip()}
        append_logs(
            tx, campaign_id, campaign.mode, store.store.now(), [log_entry(row, "ruled", detail)]
        )
        who, what = actor.user_id, Action.DELIVERY_RULED
        record(store, tx, who, what, campaign_id, delivery_no=delivery_no, ruling=ruling)


def _apply(
    store: TenantStore,
    tx: Transaction,
    campaign: CampaignRow,
    row: DeliveryRow,
    after: DeliveryState,
) -> None:
    proof = PROOF_OPERATOR if after == DeliveryState.SENT else None
    move_doubtful(tx, campaign.campaign_id, row, after, proof=proof)
    if after == DeliveryState.SENT:
        note_sent(store, tx, campaign.campaign_id, row, store.store.now())
    if after == DeliveryState.PLANNED:
        over = (CampaignState.SENT, CampaignState.CANCELLED)
        move_campaign(
            tx,
            campaign.campaign_id,
            over,
            CampaignState.PAUSED,
            pause_reason=PauseReason.BY_HAND,
        )
