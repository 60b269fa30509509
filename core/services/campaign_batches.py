"""A run's one campaign, worked on batch by batch by a program."""

from dataclasses import dataclass

from core.errors import Refused
from core.i18n import N_
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import CampaignState, Mode
from core.services.accounts import Actor, Role, require
from core.services.campaign_control import confirm_live, resume
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.prepare_campaign import done_run, prepare
from core.services.send_dry import send_dry
from core.store.campaigns import load_campaigns_like
from core.store.tenant import TenantStore


@dataclass(frozen=True, kw_only=True)
class BatchReport:
    """The sums of a campaign after a call, and how many deliveries the call worked through.

    `worked` is None when a worker does it.
    """

    status: CampaignStatus
    worked: int | None


def work_next_batch(
    store: TenantStore, actor: Actor, run_id: str, template: str, batch_size: int
) -> BatchReport:
    """Work through the next batch of a run's dry campaign, which is prepared unless it is there.

    Between two calls it stands still. Nothing is left to work on once it is over, or when somebody
    paused it. Raises what `prepare` raises.
    """
    require(actor, Role.ANALYST)
    campaign_id = _campaign_of(store, actor, run_id, template, batch_size, Mode.DRY)
    before = status_of(store, campaign_id)
    if before.pause_reason == PauseReason.NEXT_BATCH:
        resume(store, actor, campaign_id)
    after = send_dry(store, campaign_id, batches=1)
    return BatchReport(status=after, worked=before.pending - after.pending)


def confirm_run_live(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    template: str,
    batch_size: int,
    *,
    recipients: int | None,
) -> BatchReport:
    """Let a run's live campaign go out, prepared unless it is there; the caller asks for the work.

    `recipients` is how many are still to come. Raises what `prepare` and `confirm_live` raise, and
    `Refused` without the number.
    """
    require(actor, Role.ANALYST)
    campaign_id = _campaign_of(store, actor, run_id, template, batch_size, Mode.LIVE)
    if recipients is None:
        raise Refused(
            N_("A live campaign needs the number of recipients still to come: %(count)s."),
            count=status_of(store, campaign_id).pending,
        )
    return BatchReport(status=confirm_live(store, actor, campaign_id, recipients), worked=None)


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
