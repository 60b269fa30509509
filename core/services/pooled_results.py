"""What the live campaigns did together: many small comparisons, of which each alone says little."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.outreach.effects import Effect, Measure
from core.outreach.pooled_effects import Purchase, Shared, find_shared, pool_effects
from core.outreach.protocol import Mode
from core.services.campaign_results import (
    WINDOW_DAYS,
    CampaignResult,
    compared_segments,
    read_result,
)
from core.store import campaign_outcomes as outcomes
from core.store.campaigns import CampaignRow, load_campaigns_held_out
from core.store.run_outputs import RunAt
from core.store.tenant import TenantStore, Transaction

NEWEST = 20
"""So many campaigns are looked at, the newest."""


@dataclass(frozen=True, kw_only=True)
class PooledResult:
    """The campaigns that have a result, newest first, and their effects together."""

    campaigns: Sequence[CampaignResult]
    waiting: int
    effects: tuple[Effect, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form."""
        return {
            "campaigns": [campaign.to_dict() for campaign in self.campaigns],
            "waiting": self.waiting,
            "effects": [asdict(effect) for effect in self.effects],
        }


def pooled_results(store: TenantStore, window_days: int = WINDOW_DAYS) -> PooledResult:
    """Return the effects of the newest live campaigns with held-out customers, taken together.

    `waiting` are those whose window is not over or whose sales are not known yet.
    """
    with store.read() as tx:
        found = [
            (campaign, read_result(store, tx, campaign, window_days))
            for campaign in load_campaigns_held_out(tx, mode=Mode.LIVE, limit=NEWEST)
        ]
        done = [(campaign, result) for campaign, result in found if result.doubt is None]
        shared = _read_shared(tx, done)
    sides = [result.sides for _campaign, result in done]
    return PooledResult(
        campaigns=[result for _campaign, result in done],
        waiting=len(found) - len(done),
        effects=tuple(pool_effects(measure, sides, shared) for measure in Measure),
    )


def _read_shared(
    tx: Transaction, done: Sequence[tuple[CampaignRow, CampaignResult]]
) -> Shared | None:
    """Return whom the campaigns have in common; None of one or none."""
    if len(done) < 2:
        return None
    places = outcomes.count_places(tx, [campaign.campaign_id for campaign, _result in done])
    purchases = [_purchases(tx, campaign, result) for campaign, result in done]
    return find_shared(len(done), places, purchases)


def _purchases(tx: Transaction, campaign: CampaignRow, result: CampaignResult) -> list[Purchase]:
    assert result.first_day is not None
    assert result.last_day is not None
    window = outcomes.Window(first_day=result.first_day, last_day=result.last_day)
    run = RunAt(run_id=campaign.run_id, review=campaign.review_no)
    among = compared_segments(
        outcomes.count_segments(tx, campaign.campaign_id),
        outcomes.count_held_out(tx, campaign.campaign_id),
    )
    return [
        purchase
        for people, segments in ((outcomes.TREATED, among), (outcomes.HELD_OUT, None))
        for purchase in outcomes.load_purchases(
            tx, people, campaign.campaign_id, run, window, segments
        )
    ]
