"""Taking up planned deliveries: every check is asked again in the transaction that claims them.

A few deliveries are claimed by one transaction. Each is moved from PLANNED by its own statement and
gets its own key; that they commit together leaves no state that single claims could not leave.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from core.outreach.audience import (
    ADDRESS_CHANGED,
    CUSTOMER_GONE,
    DEADLINE_PASSED,
    PAYLOAD_CHANGED,
)
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import CampaignState, DeliveryState, Mode, check_move
from core.policy import AuditPolicy, parse_policy
from core.services.addressee_checks import judge_deliveries
from core.store.campaign_log import append_logs
from core.store.campaign_turns import find_last_batch, find_next_batch
from core.store.campaigns import CampaignRow, move_campaign
from core.store.deliveries import (
    DeliveryMove,
    DeliveryRow,
    has_deliveries,
    load_deliveries,
    move_deliveries,
)
from core.store.runs import find_run
from core.store.senders import may_claim, take_campaign
from core.store.tenant import TenantStore, Transaction
from core.store.watermarks import write_watermark

# What becomes of a delivery that a check at the claim holds back.
_STATE_OF_REASON: Mapping[str, DeliveryState] = {
    DEADLINE_PASSED: DeliveryState.CANCELLED,
    PAYLOAD_CHANGED: DeliveryState.FAILED,
    ADDRESS_CHANGED: DeliveryState.SUPPRESSED,
    CUSTOMER_GONE: DeliveryState.SUPPRESSED,
}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who works through a campaign; `con` is for the checks, `number` fences off earlier ones."""

    store: TenantStore
    con: DuckDBPyConnection
    campaign: CampaignRow
    policy: AuditPolicy
    number: int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A planned delivery and its move: claimed, or put aside for a reason."""

    row: DeliveryRow
    move: DeliveryMove

    @property
    def goes_out(self) -> bool:
        """Tell whether the delivery was claimed."""
        return self.move.after == DeliveryState.CLAIMED


def become_sender(
    store: TenantStore, tx: Transaction, con: DuckDBPyConnection, campaign: CampaignRow
) -> Sender:
    """Make the caller the sender of a campaign that is set sending."""
    run = find_run(tx, campaign.run_id)
    assert run is not None
    return Sender(
        store=store,
        con=con,
        campaign=campaign,
        policy=parse_policy(json.loads(run.policy_json)).audit,
        number=take_campaign(tx, campaign.campaign_id, store.store.now()),
    )


def claim_next(sender: Sender, limit: int, batch_no: int | None = None) -> list[Claim]:
    """Claim what may be sent of the next `limit` deliveries of a batch, put the rest aside.

    The batch is `batch_no`, or that of the first delivery that is planned. Returns none when the
    batch is done, and when the sender may claim no more: the campaign was paused or cancelled, or
    has another sender, or is let go no further, or the data were brought back from a backup.
    """
    campaign, now = sender.campaign, sender.store.store.now()
    with sender.store.begin() as tx:
        if not may_claim(tx, campaign.campaign_id, sender.number, CampaignState.SENDING):
            return []
        planned = _planned(tx, campaign, limit, batch_no)
        if not planned:
            return []
        zone = ZoneInfo(sender.store.tenant.time_zone)
        reasons = judge_deliveries(tx, sender.con, planned, sender.policy, now=now, zone=zone)
        claims = [_claim(row, reasons.get(row.delivery_no), now) for row in planned]
        move_deliveries(tx, campaign.campaign_id, [claim.move for claim in claims])
        entries = [_entry_of(claim) for claim in claims]
        log_no = append_logs(tx, campaign.campaign_id, campaign.mode, now, entries)
    if campaign.mode == Mode.LIVE:
        write_watermark(sender.store, campaign.campaign_id, campaign.epoch, log_no)
    return claims


def finish(sender: Sender) -> None:
    """Note that a campaign is over once nothing of it is planned or claimed."""
    campaign, now = sender.campaign, sender.store.store.now()
    under_way = (DeliveryState.PLANNED, DeliveryState.CLAIMED)
    with sender.store.begin() as tx:
        if not may_claim(tx, campaign.campaign_id, sender.number, CampaignState.SENDING):
            return
        if any(has_deliveries(tx, campaign.campaign_id, state) for state in under_way):
            _rest(tx, campaign, now)
            return
        sending = (CampaignState.SENDING,)
        move_campaign(tx, campaign.campaign_id, sending, CampaignState.SENT, finished_at=now)
        append_logs(tx, campaign.campaign_id, campaign.mode, now, [{"event": "finished"}])


def _rest(tx: Transaction, campaign: CampaignRow, now: datetime) -> None:
    """Pause a campaign behind the batch up to which a program lets it go."""
    campaign_id, reason = campaign.campaign_id, PauseReason.NEXT_BATCH
    last, following = find_last_batch(tx, campaign_id), find_next_batch(tx, campaign_id)
    if last is None or following is None or following <= last:
        return
    sending = (CampaignState.SENDING,)
    move_campaign(tx, campaign_id, sending, CampaignState.PAUSED, pause_reason=reason)
    entry = {"event": "paused", "detail": {"reason": reason}}
    append_logs(tx, campaign_id, campaign.mode, now, [entry])


def _planned(
    tx: Transaction, campaign: CampaignRow, limit: int, batch_no: int | None
) -> list[DeliveryRow]:
    planned = load_deliveries(tx, campaign.campaign_id, state=DeliveryState.PLANNED, limit=limit)
    batch_no = planned[0].batch_no if planned and batch_no is None else batch_no
    last = find_last_batch(tx, campaign.campaign_id)
    if batch_no is not None and last is not None and batch_no > last:
        return []
    return [row for row in planned if row.batch_no == batch_no]


def _claim(row: DeliveryRow, reason: str | None, now: datetime) -> Claim:
    before, after = DeliveryState(row.state), DeliveryState.CLAIMED
    if reason is not None:
        after = _STATE_OF_REASON.get(reason, DeliveryState.SUPPRESSED)
    check_move(before, after)
    going = reason is None
    move = DeliveryMove(
        email_norm=row.email_norm,
        before=before,
        after=after,
        key=str(uuid.uuid4()) if going else None,
        key_no=row.key_no + going,
        claimed_at=now if going else None,
        error_code=reason,
    )
    return Claim(row=row, move=move)


def _entry_of(claim: Claim) -> dict[str, object]:
    detail: dict[str, object] = {"reason": claim.move.error_code}
    if claim.goes_out:
        detail = {"key_no": claim.move.key_no}
    return log_entry(claim.row, claim.move.after.lower(), detail)


def log_entry(row: DeliveryRow, event: str, detail: Mapping[str, object]) -> dict[str, object]:
    """Return a line of the journal about a delivery, for `append_logs`."""
    return {
        "event": event,
        "delivery_no": row.delivery_no,
        "batch_no": row.batch_no,
        "detail": detail,
    }
