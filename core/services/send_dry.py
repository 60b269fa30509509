"""Work through a prepared campaign, batch by batch, without opening a socket.

The order of steps is that of a live send: lock, claim with every check asked again, outcome with
journal and contact history. A process that dies leaves claims behind; the next one takes them up.
"""

from collections.abc import Sequence

import duckdb
from duckdb import DuckDBPyConnection

from core.errors import Refused
from core.i18n import N_
from core.outreach.payload import compose_request
from core.outreach.protocol import (
    PROOF_DRY_RUN,
    CampaignState,
    DeliveryState,
    Mode,
    check_move,
)
from core.services.addressee_checks import local_day
from core.services.campaign_claims import (
    Claim,
    Sender,
    become_sender,
    claim_next,
    finish,
    log_entry,
)
from core.services.campaign_control import cancel_planned, find_known
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.prepare_campaign import BUSY, lock_name
from core.services.progress import Progress, no_progress
from core.store import locks
from core.store.campaign_log import append_logs
from core.store.campaigns import move_campaign
from core.store.deliveries import (
    DeliveryMove,
    move_all_deliveries,
    move_deliveries,
    store_contacts,
)
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore
from core.store.wishes import CHANNEL

STAGE_DRY_RUN = N_("Dry run: checking and composing the messages")

_BEGUN = (CampaignState.PREPARED, CampaignState.SENDING)


def send_dry(
    store: TenantStore,
    campaign_id: str,
    progress: Progress = no_progress,
) -> CampaignStatus:
    """Simulate the send of a campaign, as far as it is let go; return its sums.

    A campaign that is over or paused stays as it is; one that was interrupted goes on where it
    stopped, also when a backup was brought back since: nothing of it can have left. Raises
    `NotFound`, `Refused` for a campaign that is no dry run, and `Busy` while another process works
    on it.
    """
    status_of(store, campaign_id)
    with locks.exclusive(store, lock_name(campaign_id), BUSY), duckdb.connect() as con:
        send = _begin(store, con, campaign_id)
        _release_claims(send)
        while _work_batch(send):
            status = status_of(store, campaign_id)
            progress(STAGE_DRY_RUN, status.planned - status.pending, status.planned)
        finish(send)
    return status_of(store, campaign_id)


def _begin(store: TenantStore, con: DuckDBPyConnection, campaign_id: str) -> Sender:
    """Set the campaign sending unless it is over or paused."""
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        if campaign.mode != Mode.DRY:
            raise Refused(N_("This campaign is no dry run: it is sent live or not at all."))
        if move_campaign(tx, campaign_id, _BEGUN, CampaignState.SENDING):
            append_logs(tx, campaign_id, campaign.mode, store.store.now(), [{"event": "started"}])
        return become_sender(store, tx, con, campaign)


def _release_claims(send: Sender) -> None:
    """Plan again what a dead process had claimed: in a dry run nothing can have left.

    Of a campaign cancelled meanwhile these deliveries are cancelled too.
    """
    campaign, now = send.campaign, send.store.store.now()
    check_move(DeliveryState.CLAIMED, DeliveryState.PLANNED)
    with send.store.begin() as tx:
        hold_campaign(tx, campaign.campaign_id)
        released = move_all_deliveries(
            tx, campaign.campaign_id, DeliveryState.CLAIMED, DeliveryState.PLANNED
        )
        if not released:
            return
        entry = {"event": "released", "detail": {"deliveries": released}}
        append_logs(tx, campaign.campaign_id, campaign.mode, now, [entry])
        if find_known(tx, campaign.campaign_id).state == CampaignState.CANCELLED:
            cancel_planned(tx, campaign, now)


def _work_batch(send: Sender) -> bool:
    """Claim a batch, compose its requests, record what became of them; False when none is left."""
    claims = claim_next(send, send.campaign.batch_size)
    going = [claim for claim in claims if claim.goes_out]
    if going:
        _record_outcomes(send, going)
    return bool(claims)


def _record_outcomes(send: Sender, claims: Sequence[Claim]) -> None:
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
        hold_campaign(tx, campaign.campaign_id)
        move_deliveries(tx, campaign.campaign_id, moves)
        append_logs(tx, campaign.campaign_id, campaign.mode, now, entries)
        store_contacts(
            tx,
            campaign.campaign_id,
            [claim.row for claim in claims],
            status=PROOF_DRY_RUN,
            channel=CHANNEL,
            day=local_day(send.store),
        )


def _outcome_entry(claim: Claim) -> dict[str, object]:
    assert claim.move.key is not None
    request = compose_request(claim.row.payload, claim.move.key)
    detail = {"request": request.redacted, "payload_sha256": claim.row.payload_sha256}
    return log_entry(claim.row, PROOF_DRY_RUN, detail)
