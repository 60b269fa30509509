"""What a person decides about a campaign: confirm, pause, resume, cancel."""

from datetime import datetime, timedelta

from core.errors import Busy, NotFound, Refused
from core.i18n import N_
from core.outreach.audience import CAMPAIGN_CANCELLED
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import CampaignState, DeliveryState, Mode, check_move
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.campaign_reports import NO_CAMPAIGN, CampaignStatus, status_of
from core.services.frozen_messages import KEPT_DAYS
from core.services.idempotent_calls import Call
from core.services.live_switch import check_live
from core.store.campaign_log import append_logs
from core.store.campaign_turns import find_next_batch, store_last_batch
from core.store.campaigns import CampaignRow, due_campaigns, find_campaign, move_campaign
from core.store.deliveries import move_all_deliveries
from core.store.senders import (
    Confirmation,
    current_epoch,
    hold_campaign,
    raise_epoch,
    store_confirmation,
)
from core.store.tenant import TenantStore, Transaction

OPEN = (CampaignState.PREPARED, CampaignState.SENDING, CampaignState.PAUSED)


def confirm_live(
    store: TenantStore,
    actor: Actor,
    campaign_id: str,
    recipients: int,
    *,
    start_at: datetime | None = None,
    call: Call | None = None,
) -> CampaignStatus:
    """Let a live campaign go out, or on, by typing how many recipients are still to come.

    With `start_at` a worker begins then; every check is asked again at that time. A program's
    `call` lets its next batch go and no more; raises `Busy` while one is being sent. Raises
    `Refused` for a dry campaign, one that is over, another number than what is pending, a start
    that is past or after the messages are too old, and while the instance or restored data do not
    permit it.
    """
    require(actor, Role.ANALYST)
    check_live(store)
    pending = status_of(store, campaign_id).pending
    if recipients != pending:
        raise Refused(
            N_("The number typed is not the number of recipients: %(count)s. Look again."),
            count=pending,
        )
    with store.begin() as tx:
        hold_campaign(tx, campaign_id)
        campaign = find_open(tx, campaign_id)
        if campaign.mode != Mode.LIVE:
            raise Refused(N_("This campaign is a dry run. Prepare it live to send it."))
        _check_epoch(tx, campaign)
        if call is None:
            store_last_batch(tx, campaign_id, None)
        else:
            _let_next_batch_go(tx, campaign, call)
        now = store.store.now()
        if start_at is not None:
            _check_start(campaign, start_at, now)
        said = Confirmation(
            recipients=recipients,
            username=actor.username,
            user_id=actor.user_id,
            at=now,
            start_at=start_at,
        )
        store_confirmation(tx, campaign_id, said)
        after = CampaignState.SENDING if start_at is None else CampaignState.PREPARED
        move_campaign(tx, campaign_id, OPEN, after)
        detail: dict[str, object] = {"recipients": recipients, "by": actor.username}
        if start_at is not None:
            detail["start_at"] = start_at.isoformat()
        _log(tx, campaign, now, "confirmed", detail)
        who, what = actor.user_id, Action.CAMPAIGN_CONFIRMED
        record(store, tx, who, what, campaign_id, recipients=recipients)
    return status_of(store, campaign_id)


def _let_next_batch_go(tx: Transaction, campaign: CampaignRow, call: Call) -> None:
    if campaign.state == CampaignState.SENDING:
        raise Busy(N_("A batch of this campaign is being sent. Ask again when that is done."))
    store_last_batch(tx, campaign.campaign_id, find_next_batch(tx, campaign.campaign_id))
    call.note_begun(tx, {"campaign_id": campaign.campaign_id})


def _check_start(campaign: CampaignRow, start_at: datetime, now: datetime) -> None:
    if start_at <= now:
        raise Refused(N_("The start is past. Choose a later moment, or send at once."))
    if start_at > campaign.created_at + timedelta(days=KEPT_DAYS):
        raise Refused(
            N_(
                "The messages would be too old by then: they are kept %(count)s days. Choose an"
                " earlier moment, or prepare the campaign later."
            ),
            count=KEPT_DAYS,
        )


def start_due(store: TenantStore) -> None:
    """Set sending what is confirmed for a moment that has come."""
    now = store.store.now()
    with store.begin() as tx:
        for campaign_id in due_campaigns(tx, now):
            campaign = find_known(tx, campaign_id)
            move_campaign(tx, campaign_id, (CampaignState.PREPARED,), CampaignState.SENDING)
            _log(tx, campaign, now, "started", {})


def confirm_mode(store: TenantStore, campaign_id: str, *, is_live: bool) -> None:
    """Raise `Refused` when a campaign was prepared for the other mode, `NotFound` without it."""
    was_live = status_of(store, campaign_id).mode == Mode.LIVE
    if was_live and not is_live:
        raise Refused(
            N_("This campaign is prepared live: send it with --live and the number of recipients.")
        )
    if is_live and not was_live:
        raise Refused(N_("This campaign is a dry run. Prepare it live to send it."))


def note_restore(store: TenantStore, actor: Actor) -> int:
    """Hold every open campaign back until it is reconciled; return the number of restores."""
    require(actor, Role.ADMIN)
    with store.begin() as tx:
        raise_epoch(tx, store.store.now(), actor.username)
        epoch = current_epoch(tx)
        record(store, tx, actor.user_id, Action.RESTORE_NOTED, epoch)
        return epoch


def pause(store: TenantStore, actor: Actor, campaign_id: str) -> CampaignStatus:
    """Let a campaign claim nobody more; what is under way is finished.

    Raises `NotFound`, and `Refused` when it is not being sent.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        campaign = find_open(tx, campaign_id)
        before = (CampaignState.PREPARED, CampaignState.SENDING)
        if not move_campaign(
            tx, campaign_id, before, CampaignState.PAUSED, pause_reason=PauseReason.BY_HAND
        ):
            raise Refused(N_("This campaign is paused already."))
        _log(tx, campaign, store.store.now(), "paused", {"reason": PauseReason.BY_HAND})
        record(store, tx, actor.user_id, Action.CAMPAIGN_PAUSED, campaign_id)
    return status_of(store, campaign_id)


def resume(store: TenantStore, actor: Actor, campaign_id: str) -> CampaignStatus:
    """Let a paused campaign go on, at its start if that is to come; the caller asks for the work.

    One that waits for a program to ask for its next batch goes on to its end.

    Raises `NotFound`, and `Refused` when it is not paused, and for a live campaign that nobody
    confirmed or that a restore of the data holds.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        campaign = find_open(tx, campaign_id)
        if campaign.mode == Mode.LIVE:
            _check_epoch(tx, campaign)
            check_live(store)
            if campaign.confirmed_at is None:
                raise Refused(N_("Nobody has confirmed this campaign yet. Confirm it instead."))
        is_early = campaign.start_at is not None and store.store.now() < campaign.start_at
        after = CampaignState.PREPARED if is_early else CampaignState.SENDING
        if campaign.pause_reason == PauseReason.NEXT_BATCH:
            store_last_batch(tx, campaign_id, None)
        if not move_campaign(tx, campaign_id, (CampaignState.PAUSED,), after):
            raise Refused(N_("This campaign is not paused: there is nothing to resume."))
        _log(tx, campaign, store.store.now(), "resumed", {"by": actor.username})
        record(store, tx, actor.user_id, Action.CAMPAIGN_RESUMED, campaign_id, mode=campaign.mode)
    return status_of(store, campaign_id)


def cancel(store: TenantStore, actor: Actor, campaign_id: str) -> CampaignStatus:
    """Cancel what is not sent yet of a campaign; raise `NotFound`, `Refused` when it is over.

    Deliveries that a running send has claimed keep the outcome of that send.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        campaign = find_open(tx, campaign_id)
        now = store.store.now()
        move_campaign(tx, campaign_id, OPEN, CampaignState.CANCELLED, finished_at=now)
        cancel_planned(tx, campaign, now)
        record(store, tx, actor.user_id, Action.CAMPAIGN_CANCELLED, campaign_id)
    return status_of(store, campaign_id)


def cancel_planned(tx: Transaction, campaign: CampaignRow, now: datetime) -> None:
    """Cancel the planned deliveries of a cancelled campaign."""
    check_move(DeliveryState.PLANNED, DeliveryState.CANCELLED)
    cancelled = move_all_deliveries(
        tx,
        campaign.campaign_id,
        DeliveryState.PLANNED,
        DeliveryState.CANCELLED,
        error_code=CAMPAIGN_CANCELLED,
    )
    _log(tx, campaign, now, "cancelled", {"deliveries": cancelled})


def find_known(tx: Transaction, campaign_id: str) -> CampaignRow:
    """Return a campaign; raise `NotFound`."""
    campaign = find_campaign(tx, campaign_id)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    return campaign


def find_open(tx: Transaction, campaign_id: str) -> CampaignRow:
    """Return a campaign that is not over; raise `NotFound` or `Refused`."""
    campaign = find_known(tx, campaign_id)
    if campaign.state not in OPEN:
        raise Refused(N_("This campaign is over: there is nothing left to decide."))
    return campaign


def _check_epoch(tx: Transaction, campaign: CampaignRow) -> None:
    if campaign.epoch != current_epoch(tx):
        raise Refused(
            N_("A backup was brought back since this campaign was prepared. Reconcile it first.")
        )


def _log(
    tx: Transaction, campaign: CampaignRow, now: datetime, event: str, detail: dict[str, object]
) -> None:
    append_logs(tx, campaign.campaign_id, campaign.mode, now, [{"event": event, "detail": detail}])
