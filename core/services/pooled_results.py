"""What the live campaigns did together: many small comparisons, of which each alone says little."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.outreach.effects import Effect, Measure, pool_effects
from core.outreach.protocol import Mode
from core.services.campaign_results import WINDOW_DAYS, CampaignResult, read_result
from core.store.campaigns import load_campaigns_held_out
from core.store.tenant import TenantStore

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
            read_result(store, tx, campaign, window_days)
            for campaign in load_campaigns_held_out(tx, mode=Mode.LIVE, limit=NEWEST)
        ]
    done = [result for result in found if result.doubt is None]
    sides = [result.sides for result in done]
    return PooledResult(
        campaigns=done,
        waiting=len(found) - len(done),
        effects=tuple(pool_effects(measure, sides) for measure in Measure),
    )
