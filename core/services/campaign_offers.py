"""What a page may offer of a campaign: to prepare it live, and how long a send would take."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import CrmError
from core.outreach.protocol import CampaignState, Mode
from core.services.accounts import Actor, Role, require
from core.services.campaign_control import find_known
from core.services.campaign_reports import status_of
from core.services.live_switch import check_live
from core.services.prepare_campaign import ask_campaign
from core.store.campaigns import newest_sent
from core.store.paces import load_pace
from core.store.tenant import TenantStore

ASSUMED_SECONDS = 0.05
"""Of one message, as long as no live campaign was sent: 20 in a second."""


@dataclass(frozen=True, kw_only=True)
class Duration:
    """How long a send is expected to take, measured on the campaign before or assumed."""

    seconds: float
    seconds_each: float
    is_measured: bool


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """Who let a live campaign go out last, when, and the number of recipients typed."""

    by: str
    at: datetime
    recipients: int


def confirmation_of(store: TenantStore, campaign_id: str) -> Confirmed | None:
    """Return the last confirmation of a campaign, None before the first; raise `NotFound`."""
    with store.read() as tx:
        campaign = find_known(tx, campaign_id)
    if campaign.confirmed_at is None:
        return None
    return Confirmed(
        by=campaign.confirmed_by or "",
        at=campaign.confirmed_at,
        recipients=campaign.confirmed_recipients or 0,
    )


def live_refusal(store: TenantStore) -> CrmError | None:
    """Return why this instance sends nothing, None when it may."""
    try:
        check_live(store)
    except CrmError as error:
        return error
    return None


def may_go_live(store: TenantStore, campaign_id: str) -> bool:
    """Tell whether a campaign is a dry run that has been rehearsed; raise `NotFound`."""
    status = status_of(store, campaign_id)
    return status.mode == Mode.DRY and status.state == CampaignState.SENT


def ask_live(store: TenantStore, actor: Actor, campaign_id: str) -> str:
    """Enter the choices of a campaign once more, to be sent; return the live campaign's id.

    `prepare_asked` selects the audience anew, as it is then. Raises what `ask_campaign` raises.
    """
    require(actor, Role.ANALYST)
    with store.read() as tx:
        rehearsed = find_known(tx, campaign_id)
    return ask_campaign(
        store,
        actor,
        rehearsed.run_id,
        rehearsed.template,
        rehearsed.batch_size,
        mode=Mode.LIVE,
        holdout_share=rehearsed.holdout_share,
    )


def expected_duration(store: TenantStore, recipients: int) -> Duration:
    """Return how long a live send to `recipients` takes, at the pace of the last one."""
    with store.read() as tx:
        before = newest_sent(tx, Mode.LIVE)
        pace = load_pace(tx, before) if before else None
    each = ASSUMED_SECONDS if pace is None else pace
    return Duration(seconds=recipients * each, seconds_each=each, is_measured=pace is not None)
