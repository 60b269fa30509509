"""A run's one campaign, worked on batch by batch by a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Refused
from core.i18n import N_
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import CampaignState, Mode
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.campaign_control import confirm_live, find_known
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.idempotent_calls import Call
from core.services.prepare_campaign import BUSY, lock_name, prepare
from core.services.run_audience import done_run
from core.services.send_dry import send_dry
from core.store import locks
from core.store.campaign_log import append_logs
from core.store.campaign_turns import find_next_batch, store_last_batch
from core.store.campaigns import CampaignRow, load_campaigns_like, move_campaign
from core.store.tenant import TenantStore, Transaction

_BEGUN = (CampaignState.PREPARED, CampaignState.SENDING)


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """The sums of a campaign after a call, and how many deliveries the call worked through.

    `worked` is None when a worker does it.
    """

    status: CampaignStatus
    worked: int | None


def work_next_batch(
    store: TenantStore, actor: Actor, run_id: str, template: str, batch_size: int, call: Call
) -> BatchReport:
    """Work through the next batch of a run's dry campaign, which is prepared unless it is there.

    Between two calls it stands still. Nothing is left to work on once it is over, or when somebody
    paused it. A call that is gone on with works on its own batch. Raises what `prepare` raises, and
    `Busy` while somebody else works on it.
    """
    require(actor, Role.ANALYST)
    begun = call.begun
    if begun is None:
        campaign_id = _campaign_of(store, actor, run_id, template, batch_size, Mode.DRY)
        begun = _let_next_batch_go(store, actor, campaign_id, call)
    after = send_dry(store, str(begun["campaign_id"]))
    return BatchReport(status=after, worked=int(begun["pending"]) - after.pending)


def _let_next_batch_go(
    store: TenantStore, actor: Actor, campaign_id: str, call: Call
) -> Mapping[str, Any]:
    """Let a dry campaign go one batch further; what a dead process was at is worked on first."""
    with locks.exclusive(store, lock_name(campaign_id), BUSY):
        begun = {"campaign_id": campaign_id, "pending": status_of(store, campaign_id).pending}
        with store.begin() as tx:
            campaign = find_known(tx, campaign_id)
            is_resting = campaign.pause_reason == PauseReason.NEXT_BATCH
            if campaign.state in _BEGUN or is_resting:
                store_last_batch(tx, campaign_id, find_next_batch(tx, campaign_id))
            if is_resting:
                _resume(store, tx, actor, campaign)
            call.note_begun(tx, begun)
    return begun


def _resume(store: TenantStore, tx: Transaction, actor: Actor, campaign: CampaignRow) -> None:
    campaign_id = campaign.campaign_id
    move_campaign(tx, campaign_id, (CampaignState.PAUSED,), CampaignState.SENDING)
    entry = {"event": "resumed", "detail": {"by": actor.username}}
    append_logs(tx, campaign_id, campaign.mode, store.store.now(), [entry])
    record(store, tx, actor.user_id, Action.CAMPAIGN_RESUMED, campaign_id, mode=campaign.mode)


def live_campaign_of(
    store: TenantStore, actor: Actor, run_id: str, template: str, batch_size: int, call: Call
) -> str:
    """Return the live campaign of a run, prepared unless it is there; raise as `prepare` does."""
    require(actor, Role.ANALYST)
    if call.begun is not None:
        return str(call.begun["campaign_id"])
    return _campaign_of(store, actor, run_id, template, batch_size, Mode.LIVE)


def confirm_next_batch(
    store: TenantStore, actor: Actor, campaign_id: str, *, recipients: int | None, call: Call
) -> BatchReport:
    """Let the next batch of a live campaign go out; the caller asks a worker for the work.

    `recipients` is how many are still to come. A call that is gone on with lets no more go, and of
    a campaign that is over nothing is left. Raises what `confirm_live` raises, and `Refused`
    without the number.
    """
    require(actor, Role.ANALYST)
    status = status_of(store, campaign_id)
    if call.begun is not None:
        return BatchReport(status=status, worked=None)
    if status.state == CampaignState.SENT:
        return BatchReport(status=status, worked=0)
    if recipients is None:
        raise Refused(
            N_("A live campaign needs the number of recipients still to come: %(count)s."),
            count=status.pending,
        )
    confirmed = confirm_live(store, actor, campaign_id, recipients, call=call)
    return BatchReport(status=confirmed, worked=None)


def _campaign_of(
    store: TenantStore, actor: Actor, run_id: str, template: str, batch_size: int, mode: Mode
) -> str:
    """Return the campaign of these choices, the last one if it is over and was not cancelled."""
    run = done_run(store, run_id)
    with store.read() as tx:
        like = load_campaigns_like(
            tx,
            run_id=run.run_id,
            review_no=run.review_no,
            template=template,
            batch_size=batch_size,
            mode=mode,
            holdout_share=0.0,
        )
    kept = [each for each in like if each.state != CampaignState.CANCELLED]
    if kept and kept[-1].state == CampaignState.SENT:
        return kept[-1].campaign_id
    return prepare(store, actor, run_id, template, batch_size, mode=mode)
