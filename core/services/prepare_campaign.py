"""Prepare a campaign: freeze whom a run writes to, and what each of them would receive."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid5

import duckdb

from core.errors import Busy, NotFound, Refused
from core.i18n import N_
from core.outreach.audience import Audience, read_held_out
from core.outreach.brevo_template import BrevoTemplate
from core.outreach.holdout import check_share
from core.outreach.payload import sender_of
from core.outreach.protocol import FINISHED, CampaignState, Mode
from core.outreach.unsubscribe import token_secret
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record, user_id_named
from core.services.campaign_reports import NO_CAMPAIGN
from core.services.frozen_messages import Choices, freeze_messages
from core.services.live_switch import check_live
from core.services.message_templates import chosen_template, version_of
from core.services.progress import Progress, no_progress
from core.services.run_audience import done_run, select_of_run
from core.store import campaigns, locks
from core.store.campaign_holdout import store_holdout
from core.store.campaign_log import append_logs
from core.store.senders import current_epoch
from core.store.tenant import TenantStore, Transaction

MIN_BATCH_SIZE = 200
MAX_BATCH_SIZE = 300
DEFAULT_BATCH_SIZE = 250

BUSY = N_("This campaign is being prepared or sent at the moment. Wait until it is done.")
_NOBODY = N_(
    "Nobody of this run can be written to. The audience shows the reason for each customer."
)
_COUNTING = N_("The audience is counted")
_WAIT_SECONDS = 0.2
_WAIT_STEPS = 300


def ask_campaign(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    template: str,
    batch_size: int = DEFAULT_BATCH_SIZE,
    *,
    mode: str = Mode.DRY,
    holdout_share: float = 0.0,
) -> str:
    """Enter the campaign of these choices, for `prepare_asked` to prepare; return its id.

    Nobody sees it before it is prepared. `holdout_share` (0 to 0.5) of whom it could write to it
    does not, to measure what it does. The same choices again, a double click included, give the
    campaign that is not sent yet. `template` is the name of a built-in one, or `brevo:ID`: that is
    looked at where Brevo may be asked. Raises what `chosen_template` raises, and `Refused` for a
    run that is not done, a batch size outside 200 to 300, another share, and a live mode where this
    instance does not send.
    """
    require(actor, Role.ANALYST)
    _check_batch_size(batch_size)
    share = check_share(holdout_share)
    if mode == Mode.LIVE:
        check_live(store)
    run = done_run(store, run_id)
    asked = campaigns.CampaignRow(
        campaign_id="",
        run_id=run.run_id,
        review_no=run.review_no,
        template=template,
        template_sha256=version_of(chosen_template(store, template)),
        batch_size=batch_size,
        mode=mode,
        holdout_share=share,
        state=CampaignState.PREPARING,
        created_at=store.store.now(),
        created_by=actor.username,
    )
    with store.begin() as tx:
        campaign_id = _id_of(tx, store.tenant_id, asked)
        campaigns.store_campaign(tx, replace(asked, campaign_id=campaign_id))
    return campaign_id


def prepare_asked(store: TenantStore, campaign_id: str, progress: Progress = no_progress) -> None:
    """Freeze audience and messages of a campaign that was asked for, and let it be seen.

    One that is prepared already stays as it is; what a dead process left of it is done again.
    Raises `NotFound`, what `chosen_template` raises, `Refused` where live mode was asked for and
    this instance does not send any more, and when nobody can be written to: then it is gone again.
    """
    _alone(store, campaign_id, lambda: _freeze_once(store, campaign_id, progress))


def give_up(store: TenantStore, campaign_id: str) -> None:
    """Remove a campaign that is not prepared yet; one that is stays."""
    with store.begin() as tx:
        campaigns.discard_campaign(tx, campaign_id)


def prepare(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    template: str,
    batch_size: int = DEFAULT_BATCH_SIZE,
    *,
    mode: str = Mode.DRY,
    holdout_share: float = 0.0,
    progress: Progress = no_progress,
) -> str:
    """Do what `ask_campaign` and `prepare_asked` do, and return the campaign's id."""
    choices = (run_id, template, batch_size)
    campaign_id = ask_campaign(store, actor, *choices, mode=mode, holdout_share=holdout_share)
    prepare_asked(store, campaign_id, progress)
    return campaign_id


def is_prepared(store: TenantStore, campaign_id: str) -> bool:
    """Tell whether a campaign can be seen; one of somebody else's cannot."""
    with store.read() as tx:
        return campaigns.find_campaign(tx, campaign_id) is not None


def lock_name(campaign_id: str) -> str:
    """Return the name of the lock under which a campaign is prepared or sent."""
    return locks.campaign_lock(campaign_id)


def _check_batch_size(batch_size: int) -> None:
    if not MIN_BATCH_SIZE <= batch_size <= MAX_BATCH_SIZE:
        raise Refused(
            N_("A batch has %(least)s to %(most)s recipients. Choose a size between the two."),
            least=MIN_BATCH_SIZE,
            most=MAX_BATCH_SIZE,
        )


def _id_of(tx: Transaction, tenant_id: str, asked: campaigns.CampaignRow) -> str:
    """Return the id of the open campaign of these choices, or of the next one.

    The id follows from the choices, so two clicks at once name one campaign. One whose template
    was changed since is another: its messages would not be these.
    """
    like = campaigns.load_campaigns_like(
        tx,
        run_id=asked.run_id,
        review_no=asked.review_no,
        template=asked.template,
        batch_size=asked.batch_size,
        mode=asked.mode,
        holdout_share=asked.holdout_share,
    )
    still_open = [
        campaign
        for campaign in like
        if campaign.state not in FINISHED and campaign.template_sha256 == asked.template_sha256
    ]
    if still_open:
        return still_open[-1].campaign_id
    lists = f"{asked.run_id}/{asked.review_no}" if asked.review_no else asked.run_id
    held = f"/{asked.holdout_share}" if asked.holdout_share else ""
    chosen = f"{lists}/{asked.template}/{asked.batch_size}/{asked.mode}{held}/{len(like)}"
    return str(uuid5(UUID(tenant_id), chosen))


def _alone(store: TenantStore, campaign_id: str, work: Callable[[], None]) -> None:
    for _ in range(_WAIT_STEPS):
        try:
            with locks.exclusive(store, lock_name(campaign_id), BUSY):
                work()
                return
        except Busy:
            time.sleep(_WAIT_SECONDS)
    raise Busy(BUSY)


def _freeze_once(store: TenantStore, campaign_id: str, progress: Progress) -> None:
    with store.read() as tx:
        asked = campaigns.find_campaign(tx, campaign_id, with_preparing=True)
    if asked is None:
        raise NotFound(NO_CAMPAIGN)
    if asked.state != CampaignState.PREPARING:
        return
    choices = _choices_of(store, asked)
    with store.begin() as tx:
        version, epoch = version_of(choices.template), current_epoch(tx)
        if not campaigns.begin_preparing(tx, campaign_id, version, epoch):
            raise NotFound(NO_CAMPAIGN)
    run = replace(done_run(store, asked.run_id), review_no=asked.review_no)
    with duckdb.connect() as con:
        progress(_COUNTING, 0, 1)
        audience = select_of_run(store, con, run, choices.holdout_share, with_items=True)
        if audience.recipients == 0:
            give_up(store, campaign_id)
            raise Refused(_NOBODY)
        freeze_messages(store, con, choices, progress)
        held_out = read_held_out(con)
    _publish(store, asked, choices, audience, held_out)


def _choices_of(store: TenantStore, asked: campaigns.CampaignRow) -> Choices:
    is_live = asked.mode == Mode.LIVE
    if is_live:
        check_live(store)
    return Choices(
        campaign_id=asked.campaign_id,
        template=chosen_template(store, asked.template),
        batch_size=asked.batch_size,
        mode=Mode(asked.mode),
        holdout_share=asked.holdout_share,
        sender=sender_of(store.store.settings, store.tenant.name),
        secret=token_secret(store.store.settings, live=is_live),
    )


def _publish(
    store: TenantStore,
    asked: campaigns.CampaignRow,
    choices: Choices,
    audience: Audience,
    held_out: Sequence[tuple[str, str]],
) -> None:
    detail: dict[str, object] = {
        "recipients": audience.recipients,
        "template": choices.template.name,
    }
    if held_out:
        detail["held_out"] = len(held_out)
    entry = {"event": "prepared", "detail": detail}
    asker = user_id_named(store, asked.created_by)
    with store.begin() as tx:
        store_holdout(tx, choices.campaign_id, held_out)
        campaigns.publish_campaign(
            tx,
            choices.campaign_id,
            CampaignState.PREPARED,
            audience.to_dict(),
            _content_of(choices),
        )
        append_logs(tx, choices.campaign_id, choices.mode, store.store.now(), [entry])
        record(
            store,
            tx,
            asker,
            Action.CAMPAIGN_PREPARED,
            choices.campaign_id,
            mode=choices.mode,
            recipients=audience.recipients,
        )


def _content_of(choices: Choices) -> dict[str, str] | None:
    """Return what a preview needs of a template at Brevo, None where it was not asked."""
    template = choices.template
    if not isinstance(template, BrevoTemplate) or not template.version:
        return None
    return {"subject": template.subject, "html": template.html}
