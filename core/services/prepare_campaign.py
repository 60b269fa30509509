"""Prepare a campaign: freeze whom a run writes to, and what each of them would receive."""

import json
import time
from collections.abc import Callable, Sequence
from uuid import UUID, uuid5

import duckdb
from duckdb import DuckDBPyConnection

from core.audit import check_addresses
from core.contracts import RunVersion
from core.errors import Busy, NotFound, Refused
from core.i18n import N_
from core.outreach.audience import Audience, read_held_out, select_audience
from core.outreach.brevo_template import BrevoTemplate
from core.outreach.holdout import check_share
from core.outreach.payload import sender_of
from core.outreach.protocol import FINISHED, CampaignState, Mode
from core.outreach.unsubscribe import token_secret
from core.policy import parse_policy
from core.services.accounts import Actor, Role, require
from core.services.addressee_checks import local_day, mark_suppressed
from core.services.audit_trail import Action, record
from core.services.frozen_messages import Choices, freeze_messages
from core.services.live_switch import check_live
from core.services.message_templates import chosen_template, version_of
from core.store import campaigns, locks
from core.store.addressees import fetch_addressees, fetch_lists
from core.store.campaign_holdout import store_holdout
from core.store.campaign_log import append_logs
from core.store.runs import Run, RunStatus, find_run
from core.store.senders import current_epoch
from core.store.tenant import TenantStore

MIN_BATCH_SIZE = 200
MAX_BATCH_SIZE = 300
DEFAULT_BATCH_SIZE = 250

BUSY = N_("This campaign is being prepared or sent at the moment. Wait until it is done.")
_WAIT_SECONDS = 0.2
_WAIT_STEPS = 300


def audience_of_run(store: TenantStore, run_id: str, holdout_share: float = 0.0) -> Audience:
    """Return whom a campaign of this run would be written to now; nothing is stored."""
    share = check_share(holdout_share)
    run = done_run(store, run_id)
    with duckdb.connect() as con:
        return _read_audience(store, con, run, share)


def prepare(
    store: TenantStore,
    actor: Actor,
    run_id: str,
    template: str,
    batch_size: int = DEFAULT_BATCH_SIZE,
    *,
    mode: str = Mode.DRY,
    holdout_share: float = 0.0,
) -> str:
    """Freeze audience and messages of a run; return the campaign's id.

    `holdout_share` (0 to 0.5) of whom it could write to it does not, to measure what it does.
    The same choices again, a double click included, give the campaign that is not sent yet.
    `template` is the name of a built-in one, or `brevo:ID`: that is looked at where Brevo may be
    asked. Raises what `chosen_template` raises, and `Refused` for a run that is not done, a batch
    size outside 200 to 300, another share, a live mode where this instance does not send, and when
    nobody can be written to.
    """
    require(actor, Role.ANALYST)
    _check_batch_size(batch_size)
    share = check_share(holdout_share)
    if mode == Mode.LIVE:
        check_live(store)
    run = done_run(store, run_id)
    chosen = chosen_template(store, template)
    version = version_of(chosen)
    choices = Choices(
        campaign_id=_campaign_id(store, run, template, version, batch_size, mode, share),
        run_id=run.run_id,
        review_no=run.review_no,
        template=chosen,
        batch_size=batch_size,
        mode=Mode(mode),
        holdout_share=share,
        sender=sender_of(store.store.settings, store.tenant.name),
        secret=token_secret(store.store.settings, live=mode == Mode.LIVE),
    )
    _alone(store, choices.campaign_id, lambda: _freeze_once(store, actor, run, choices))
    return choices.campaign_id


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


def done_run(store: TenantStore, run_id: str) -> Run:
    """Return a finished run; raise `NotFound`, and `Refused` for one that is not done."""
    with store.read() as tx:
        run = find_run(tx, run_id)
    if run is None:
        raise NotFound(N_("There is no such run."))
    if run.status != RunStatus.DONE:
        raise Refused(N_("This run is not done. Wait until it is, or launch another."))
    return run


def _campaign_id(
    store: TenantStore,
    run: Run,
    template: str,
    version: str,
    batch_size: int,
    mode: str,
    share: float,
) -> str:
    """Return the id of the open campaign of these choices, or of the next one.

    The id follows from the choices, so two clicks at once name one campaign. One whose template
    was changed since is another: its messages would not be these.
    """
    with store.read() as tx:
        like = campaigns.load_campaigns_like(
            tx,
            run_id=run.run_id,
            review_no=run.review_no,
            template=template,
            batch_size=batch_size,
            mode=mode,
            holdout_share=share,
        )
    still_open = [
        campaign
        for campaign in like
        if campaign.state not in FINISHED and campaign.template_sha256 == version
    ]
    if still_open:
        return still_open[-1].campaign_id
    lists = f"{run.run_id}/{run.review_no}" if run.review_no else run.run_id
    held = f"/{share}" if share else ""
    chosen = f"{lists}/{template}/{batch_size}/{mode}{held}/{len(like)}"
    return str(uuid5(UUID(store.tenant_id), chosen))


def _alone(store: TenantStore, campaign_id: str, work: Callable[[], None]) -> None:
    for _ in range(_WAIT_STEPS):
        try:
            with locks.exclusive(store, lock_name(campaign_id), BUSY):
                work()
                return
        except Busy:
            time.sleep(_WAIT_SECONDS)
    raise Busy(BUSY)


def _freeze_once(store: TenantStore, actor: Actor, run: Run, choices: Choices) -> None:
    with store.begin() as tx:
        if campaigns.find_campaign(tx, choices.campaign_id):
            return
        campaigns.discard_campaign(tx, choices.campaign_id)
        epoch = current_epoch(tx)
        campaigns.store_campaign(tx, _new_campaign(store, actor, choices, epoch))
    with duckdb.connect() as con:
        audience = _read_audience(store, con, run, choices.holdout_share)
        if audience.recipients == 0:
            _give_up(store, choices.campaign_id)
        freeze_messages(store, con, choices)
        held_out = read_held_out(con)
    _publish(store, actor, choices, audience, held_out)


def _new_campaign(
    store: TenantStore, actor: Actor, choices: Choices, epoch: int
) -> campaigns.CampaignRow:
    return campaigns.CampaignRow(
        campaign_id=choices.campaign_id,
        run_id=choices.run_id,
        review_no=choices.review_no,
        template=choices.template.name,
        template_sha256=version_of(choices.template),
        batch_size=choices.batch_size,
        mode=choices.mode,
        holdout_share=choices.holdout_share,
        state=CampaignState.PREPARING,
        epoch=epoch,
        created_at=store.store.now(),
        created_by=actor.username,
    )


def _give_up(store: TenantStore, campaign_id: str) -> None:
    with store.begin() as tx:
        campaigns.discard_campaign(tx, campaign_id)
    raise Refused(
        N_("Nobody of this run can be written to. The audience shows the reason for each customer.")
    )


def _publish(
    store: TenantStore,
    actor: Actor,
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
            actor.user_id,
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


def _read_audience(
    store: TenantStore, con: DuckDBPyConnection, run: Run, holdout_share: float
) -> Audience:
    with store.read() as tx:
        fetch_lists(tx, con, run.at(RunVersion.REVIEWED))
        fetch_addressees(tx, con)
    policy = parse_policy(json.loads(run.policy_json))
    check_addresses(con)
    mark_suppressed(con, policy.audit, local_day(store))
    return select_audience(con, store.tenant_id, holdout_share=holdout_share)
