"""Work through a prepared campaign, batch by batch, without opening a socket.

The order of steps is that of a live send: lock, claim with every check asked again, outcome with
journal and contact history. A process that dies leaves claims behind; the next one takes them up.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
from duckdb import DuckDBPyConnection

from core.errors import NotFound, Refused
from core.i18n import N_
from core.outreach.audience import (
    ADDRESS_CHANGED,
    CAMPAIGN_CANCELLED,
    CUSTOMER_GONE,
    DEADLINE_PASSED,
    PAYLOAD_CHANGED,
)
from core.outreach.payload import compose_body, redact_body
from core.outreach.protocol import (
    PROOF_DRY_RUN,
    CampaignState,
    DeliveryState,
    Mode,
    check_move,
)
from core.policy import AuditPolicy, parse_policy
from core.services.accounts import Actor, Role, require
from core.services.addressee_checks import judge_deliveries, local_day
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.prepare_campaign import BUSY, lock_name
from core.services.progress import Progress, no_progress
from core.store import locks
from core.store.campaign_log import append_logs
from core.store.campaigns import CampaignRow, find_campaign, move_campaign
from core.store.deliveries import (
    DeliveryMove,
    DeliveryRow,
    load_deliveries,
    move_all_deliveries,
    move_deliveries,
    store_contacts,
)
from core.store.runs import find_run
from core.store.tenant import TenantStore, Transaction

STAGE_DRY_RUN = N_("Dry run: checking and composing the messages")

_CHANNEL = "email"
OPEN = (CampaignState.PREPARED, CampaignState.SENDING, CampaignState.PAUSED)

# What becomes of a delivery that a check at the claim holds back.
_STATE_OF_REASON: Mapping[str, DeliveryState] = {
    DEADLINE_PASSED: DeliveryState.CANCELLED,
    PAYLOAD_CHANGED: DeliveryState.FAILED,
    ADDRESS_CHANGED: DeliveryState.SUPPRESSED,
    CUSTOMER_GONE: DeliveryState.SUPPRESSED,
}


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """A planned delivery and its move: claimed, or put aside for a reason."""

    row: DeliveryRow
    move: DeliveryMove


@dataclass(frozen=True, kw_only=True)
class _Send:
    """One campaign being worked through; `con` is for the checks, `new_key` gives a UUID."""

    store: TenantStore
    con: DuckDBPyConnection
    campaign: CampaignRow
    policy: AuditPolicy
    new_key: Callable[[], str]


def send_dry(
    store: TenantStore, campaign_id: str, progress: Progress = no_progress
) -> CampaignStatus:
    """Simulate the send of a campaign; return its sums.

    A campaign that is over stays as it is; one that was interrupted goes on where it stopped.
    Raises `NotFound`, `Refused` for a campaign that is no dry run, and `Busy` while another
    process works on it.
    """
    status_of(store, campaign_id)
    with locks.exclusive(store, lock_name(campaign_id), BUSY), duckdb.connect() as con:
        send = _begin(store, con, campaign_id)
        _release_claims(send)
        while _work_batch(send):
            status = status_of(store, campaign_id)
            progress(STAGE_DRY_RUN, status.planned - status.pending, status.planned)
        _finish(send)
    return status_of(store, campaign_id)


def cancel(store: TenantStore, actor: Actor, campaign_id: str) -> CampaignStatus:
    """Cancel what is not sent yet of a campaign; raise `NotFound`, `Refused` when it is over.

    Deliveries that a running send has claimed keep the outcome of that send.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        campaign = _found(tx, campaign_id)
        now = store.store.now()
        if not move_campaign(tx, campaign_id, OPEN, CampaignState.CANCELLED, finished_at=now):
            raise Refused(N_("This campaign is over: there is nothing left to cancel."))
        _cancel_planned(tx, campaign, now)
    return status_of(store, campaign_id)


def _cancel_planned(tx: Transaction, campaign: CampaignRow, now: datetime) -> None:
    cancelled = _move_all(
        tx,
        campaign.campaign_id,
        DeliveryState.PLANNED,
        DeliveryState.CANCELLED,
        error_code=CAMPAIGN_CANCELLED,
    )
    entry = {"event": "cancelled", "detail": {"deliveries": cancelled}}
    append_logs(tx, campaign.campaign_id, campaign.mode, now, [entry])


def _move_all(
    tx: Transaction,
    campaign_id: str,
    before: DeliveryState,
    after: DeliveryState,
    *,
    error_code: str | None = None,
) -> int:
    check_move(before, after)
    return move_all_deliveries(tx, campaign_id, before, after, error_code=error_code)


def _found(tx: Transaction, campaign_id: str) -> CampaignRow:
    campaign = find_campaign(tx, campaign_id)
    if campaign is None:
        raise NotFound(N_("There is no such campaign."))
    return campaign


def _begin(store: TenantStore, con: DuckDBPyConnection, campaign_id: str) -> _Send:
    """Set the campaign sending unless it is over."""
    with store.begin() as tx:
        campaign = _found(tx, campaign_id)
        if campaign.mode != Mode.DRY:
            raise Refused(N_("Only dry runs can be sent: this version contacts nobody."))
        if move_campaign(tx, campaign_id, OPEN, CampaignState.SENDING):
            append_logs(tx, campaign_id, campaign.mode, store.store.now(), [{"event": "started"}])
        run = find_run(tx, campaign.run_id)
    assert run is not None
    return _Send(
        store=store,
        con=con,
        campaign=campaign,
        policy=parse_policy(json.loads(run.policy_json)).audit,
        new_key=lambda: str(uuid.uuid4()),
    )


def _release_claims(send: _Send) -> None:
    """Plan again what a dead process had claimed: in a dry run nothing can have left.

    Of a campaign cancelled meanwhile these deliveries are cancelled too.
    """
    campaign, now = send.campaign, send.store.store.now()
    with send.store.begin() as tx:
        released = _move_all(tx, campaign.campaign_id, DeliveryState.CLAIMED, DeliveryState.PLANNED)
        if not released:
            return
        entry = {"event": "released", "detail": {"deliveries": released}}
        append_logs(tx, campaign.campaign_id, campaign.mode, now, [entry])
        if _found(tx, campaign.campaign_id).state == CampaignState.CANCELLED:
            _cancel_planned(tx, campaign, now)


def _work_batch(send: _Send) -> bool:
    """Claim a batch, compose its requests, record what became of them; False when none is left."""
    claims = _claim_batch(send)
    going = [claim for claim in claims if claim.move.after == DeliveryState.CLAIMED]
    if going:
        _record_outcomes(send, going)
    return bool(claims)


def _claim_batch(send: _Send) -> list[_Claim]:
    """Claim what may be sent of the next batch, put the rest of it aside."""
    campaign, now = send.campaign, send.store.store.now()
    sending = (CampaignState.SENDING,)
    with send.store.begin() as tx:
        if not move_campaign(tx, campaign.campaign_id, sending, CampaignState.SENDING):
            return []  # cancelled meanwhile
        planned = _next_batch(tx, campaign)
        if not planned:
            return []
        day = local_day(send.store)
        reasons = judge_deliveries(tx, send.con, planned, send.policy, now=now, day=day)
        claims = [_claim(send, row, reasons.get(row.delivery_no), now) for row in planned]
        move_deliveries(tx, campaign.campaign_id, [claim.move for claim in claims])
        entries = [_claim_entry(claim) for claim in claims]
        append_logs(tx, campaign.campaign_id, campaign.mode, now, entries)
    return claims


def _next_batch(tx: Transaction, campaign: CampaignRow) -> list[DeliveryRow]:
    planned = load_deliveries(
        tx, campaign.campaign_id, state=DeliveryState.PLANNED, limit=campaign.batch_size
    )
    return [row for row in planned if row.batch_no == planned[0].batch_no]


def _claim(send: _Send, row: DeliveryRow, reason: str | None, now: datetime) -> _Claim:
    before, after = DeliveryState(row.state), DeliveryState.CLAIMED
    if reason is not None:
        after = _STATE_OF_REASON.get(reason, DeliveryState.SUPPRESSED)
    check_move(before, after)
    going = reason is None
    move = DeliveryMove(
        email_norm=row.email_norm,
        before=before,
        after=after,
        key=send.new_key() if going else None,
        key_no=row.key_no + going,
        claimed_at=now if going else None,
        error_code=reason,
    )
    return _Claim(row=row, move=move)


def _claim_entry(claim: _Claim) -> dict[str, object]:
    if claim.move.after == DeliveryState.CLAIMED:
        detail: dict[str, object] = {"key_no": claim.move.key_no}
    else:
        detail = {"reason": claim.move.error_code}
    return _entry(claim.row, claim.move.after.lower(), detail)


def _entry(row: DeliveryRow, event: str, detail: Mapping[str, object]) -> dict[str, object]:
    return {
        "event": event,
        "delivery_no": row.delivery_no,
        "batch_no": row.batch_no,
        "detail": detail,
    }


def _record_outcomes(send: _Send, claims: Sequence[_Claim]) -> None:
    """Compose each request as it would be posted; record the outcomes in one transaction."""
    campaign, now = send.campaign, send.store.store.now()
    check_move(DeliveryState.CLAIMED, DeliveryState.SENT)
    entries = [_outcome_entry(claim) for claim in claims]
    moves = [
        DeliveryMove(
            email_norm=claim.row.email_norm,
            before=DeliveryState.CLAIMED,
            after=DeliveryState.SENT,
            key_no=claim.move.key_no,
            proof=PROOF_DRY_RUN,
        )
        for claim in claims
    ]
    with send.store.begin() as tx:
        move_deliveries(tx, campaign.campaign_id, moves)
        append_logs(tx, campaign.campaign_id, campaign.mode, now, entries)
        store_contacts(
            tx,
            campaign.campaign_id,
            [claim.row for claim in claims],
            status=PROOF_DRY_RUN,
            channel=_CHANNEL,
            day=local_day(send.store),
        )


def _outcome_entry(claim: _Claim) -> dict[str, object]:
    assert claim.move.key is not None
    body = compose_body(claim.row.payload, claim.move.key)
    detail = {"request": redact_body(body), "payload_sha256": claim.row.payload_sha256}
    return _entry(claim.row, PROOF_DRY_RUN, detail)


def _finish(send: _Send) -> None:
    campaign, now = send.campaign, send.store.store.now()
    sending = (CampaignState.SENDING,)
    with send.store.begin() as tx:
        if move_campaign(tx, campaign.campaign_id, sending, CampaignState.SENT, finished_at=now):
            append_logs(tx, campaign.campaign_id, campaign.mode, now, [{"event": "finished"}])
