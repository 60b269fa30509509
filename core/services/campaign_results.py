"""What a live campaign did: its messages, and what its customers bought beside those held out.

The lot was drawn among everybody who has a delivery or is held out. So *treated* is everybody with
a delivery, whatever became of it (intention to treat): leaving out whom a check at the claim held
back would leave out such customers on one side alone. Nothing here follows a click.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import Refused
from core.i18n import N_
from core.outreach.effects import Doubt, Effect, Group, Measure, Sides, compute_effect
from core.outreach.protocol import DeliveryState, Mode
from core.services.addressee_checks import local_day
from core.services.campaign_control import find_known
from core.store import campaign_outcomes as outcomes
from core.store.campaign_journal import load_journal
from core.store.campaigns import CampaignRow
from core.store.run_outputs import RunAt
from core.store.tenant import TenantStore, Transaction

WINDOW_DAYS = 14
LONGEST_WINDOW = 365


@dataclass(frozen=True, kw_only=True)
class CampaignResult:
    """Messages and effects of one campaign; amounts in cents.

    Purchases count from the day of the first claim on and `window_days` days after it; both days
    are None before. `opened` cannot be relied on: mail programs load pictures by themselves or
    never. `left_out` are recipients of segments of which nobody is held out, counted on no side;
    `written_otherwise` held-out customers whom another campaign wrote to in the window. `doubt` is
    what stands against every verdict, if anything does.
    """

    campaign_id: str
    run_id: str
    template: str
    state: str
    holdout_share: float
    window_days: int
    first_day: date | None
    last_day: date | None
    sales_until: date | None
    planned: int
    sent: int
    messages: Mapping[str, int]
    left_out: int
    written_otherwise: int
    sides: Sides
    doubt: Doubt | None
    effects: tuple[Effect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form, days as text."""
        found = asdict(self)
        found |= found.pop("messages") | found.pop("sides")
        for name in ("first_day", "last_day", "sales_until"):
            found[name] = found[name] and found[name].isoformat()
        return {**found, "opened_is_reliable": False}


def results_of(
    store: TenantStore, campaign_id: str, window_days: int = WINDOW_DAYS
) -> CampaignResult:
    """Return what a live campaign did so far.

    Raises `NotFound`, and `Refused` for a dry run or a window that is not 1 to 365 days long.
    """
    if not 1 <= window_days <= LONGEST_WINDOW:
        raise Refused(
            N_("A window is 1 to %(most)s days long. Choose another."), most=LONGEST_WINDOW
        )
    with store.read() as tx:
        campaign = find_known(tx, campaign_id)
        if campaign.mode != Mode.LIVE:
            raise Refused(N_("A dry run contacts nobody: it has no results."))
        return read_result(store, tx, campaign, window_days)


def read_result(
    store: TenantStore, tx: Transaction, campaign: CampaignRow, window_days: int
) -> CampaignResult:
    """Return what a live campaign did, as the transaction sees it."""
    window = _window(store, tx, campaign, window_days)
    sales_until = _sales_until(store, tx)
    written, held_out = (
        count(tx, campaign.campaign_id)
        for count in (outcomes.count_segments, outcomes.count_held_out)
    )
    among = compared_segments(written, held_out)
    compared = {s: n for s, n in written.items() if among is None or s in among}
    sides = _sides(tx, campaign, window, (compared, held_out), among)
    doubt = _doubt(window, sales_until, sides, local_day(store))
    journal = load_journal(tx, campaign.campaign_id)
    return CampaignResult(
        campaign_id=campaign.campaign_id,
        run_id=campaign.run_id,
        template=campaign.template,
        state=campaign.state,
        holdout_share=campaign.holdout_share,
        window_days=window_days,
        first_day=window.first_day if window else None,
        last_day=window.last_day if window else None,
        sales_until=sales_until,
        planned=journal.planned,
        sent=journal.states.get(DeliveryState.SENT, 0),
        messages=_messages(tx, campaign, window),
        left_out=sum(written.values()) - sum(compared.values()),
        written_otherwise=_written_otherwise(store, tx, campaign, window),
        sides=sides,
        doubt=doubt,
        effects=tuple(compute_effect(measure, sides, doubt) for measure in Measure),
    )


def compared_segments(
    written: Mapping[str, int], held_out: Mapping[str, int]
) -> Sequence[str] | None:
    """Return the segments of which somebody is held out, None when all are compared."""
    if not held_out or written.keys() <= held_out.keys():
        return None
    return sorted(written.keys() & held_out.keys())


def _window(
    store: TenantStore, tx: Transaction, campaign: CampaignRow, days: int
) -> outcomes.Window | None:
    claimed_at = outcomes.first_claim(tx, campaign.campaign_id)
    if claimed_at is None:
        return None
    first = local_day(store, claimed_at)
    return outcomes.Window(first_day=first, last_day=first + timedelta(days=days))


def _sales_until(store: TenantStore, tx: Transaction) -> date | None:
    """Return the last day that a loaded file of sales can tell of, None without one."""
    files = outcomes.sales_files(tx)
    return max((min(as_of, local_day(store, moment)) for as_of, moment in files), default=None)


def _sides(
    tx: Transaction,
    campaign: CampaignRow,
    window: outcomes.Window | None,
    segments: tuple[Mapping[str, int], Mapping[str, int]],
    among: Sequence[str] | None,
) -> Sides:
    """Return both groups; of the treated those of the segments `among` or all."""
    written, held_out = (sum(counted.values()) for counted in segments)
    if window is None:
        return Sides(treated=Group(customers=written), held_out=Group(customers=held_out))
    run = RunAt(run_id=campaign.run_id, review=campaign.review_no)
    bought, left = (
        outcomes.sum_purchases(tx, people, campaign.campaign_id, run, window, chosen)
        for people, chosen in ((outcomes.TREATED, among), (outcomes.HELD_OUT, None))
    )
    return Sides(
        treated=Group(customers=written, **bought), held_out=Group(customers=held_out, **left)
    )


def _doubt(
    window: outcomes.Window | None, sales_until: date | None, sides: Sides, today: date
) -> Doubt | None:
    if window is None:
        return Doubt.NOT_SENT
    if sides.held_out.customers == 0:
        return Doubt.NO_HOLDOUT
    if today <= window.last_day:
        return Doubt.WINDOW_OPEN
    if sales_until is None or sales_until < window.last_day:
        return Doubt.SALES_MISSING
    return None


def _messages(
    tx: Transaction, campaign: CampaignRow, window: outcomes.Window | None
) -> dict[str, int]:
    told = outcomes.count_events(tx, campaign.campaign_id)
    left = outcomes.count_left_by_link(tx, campaign.campaign_id, window) if window else 0
    return {**told, "unsubscribed": told["unsubscribed"] + left}


def _written_otherwise(
    store: TenantStore, tx: Transaction, campaign: CampaignRow, window: outcomes.Window | None
) -> int:
    if window is None or not campaign.holdout_share:
        return 0
    begin = _midnight(store, window.first_day)
    until = _midnight(store, window.last_day + timedelta(days=1))
    return outcomes.count_written_otherwise(tx, campaign.campaign_id, begin, until)


def _midnight(store: TenantStore, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(store.tenant.time_zone))
