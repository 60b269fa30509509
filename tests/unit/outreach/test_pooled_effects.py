"""Campaigns taken together, against worlds whose truth is known."""

import numpy as np
import pytest

from core.outreach.effects import Doubt, Group, Measure, Sides, Verdict
from core.outreach.pooled_effects import Shared, find_shared, pool_effects
from tests.unit.outreach.test_effects import draw, group_of, holds


def test_pooled_intervals_hold_the_truth_too() -> None:
    rng = np.random.default_rng(5)
    held = dict.fromkeys(Measure, 0)
    for _ in range(300):
        campaigns = [
            Sides(treated=draw(rng, 450, share), held_out=draw(rng, 50, share))
            for share in (0.05, 0.08, 0.12, 0.2)
        ]
        for measure in Measure:
            held[measure] += holds(pool_effects(measure, campaigns), 0)
    assert all(0.91 < count / 300 < 0.99 for count in held.values())


def test_a_pooled_effect_weighs_by_the_inverse_of_the_variance() -> None:
    """Ten times the same campaign: the same difference, the error divided by the root of ten."""
    sides = Sides(treated=Group(customers=900, buyers=120), held_out=Group(customers=100, buyers=8))
    one, ten = (pool_effects(Measure.BUYERS, [sides] * n) for n in (1, 10))
    assert (ten.difference, ten.treated) == pytest.approx((one.difference, one.treated))
    assert one.visible is not None
    assert ten.visible == pytest.approx(one.visible / 10**0.5)
    assert (one.verdict, ten.verdict) == (Verdict.NOT_ENOUGH, Verdict.HIGHER)
    other = Sides(treated=Group(customers=90, buyers=40), held_out=Group(customers=90, buyers=9))
    both = pool_effects(Measure.BUYERS, [sides, other]).difference
    assert one.difference < both < pool_effects(Measure.BUYERS, [other]).difference


def test_campaigns_of_which_nobody_bought_weigh_nothing() -> None:
    idle = Sides(treated=Group(customers=90), held_out=Group(customers=90))
    assert pool_effects(Measure.REVENUE, [idle]).doubt is Doubt.WITHIN_CHANCE
    assert pool_effects(Measure.REVENUE, []).doubt is Doubt.NO_HOLDOUT


def sticky_world(
    rng: np.random.Generator, customers: int, campaigns: int
) -> tuple[list[Sides], Shared]:
    """A few customers buy most, in every window; 15 % are held out, mostly the same ones."""
    rates = rng.gamma(0.3, 0.15 / 0.3, customers)
    lots = rng.permutation(customers)
    sides, purchases, places = [], [], np.zeros(customers, dtype=np.int64)
    for campaign in range(campaigns):
        chosen = rng.random(customers) < 0.9
        held_out = chosen & (lots < np.quantile(lots[chosen], 0.15))
        orders = np.where(chosen, rng.poisson(rates), 0)
        bought = np.column_stack([orders, orders * 4000]).tolist()
        treated = chosen & ~held_out
        one, other = (
            group_of([bought[n] for n in np.flatnonzero(side)]) for side in (treated, held_out)
        )
        sides.append(Sides(treated=one, held_out=other))
        purchases.append([(str(n), *bought[n]) for n in np.flatnonzero(orders)])
        places += (treated + 2 * held_out) * 3**campaign
    found, counts = np.unique(places, return_counts=True)
    pairs = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return sides, find_shared(campaigns, pairs, purchases)


def test_intervals_hold_the_truth_where_campaigns_share_their_customers() -> None:
    """As if each had customers of its own they held it in 70 of 100 (decision record 10)."""
    rng = np.random.default_rng(17)
    held = dict.fromkeys(Measure, 0)
    for _ in range(100):
        sides, shared = sticky_world(rng, 500, 8)
        for measure in Measure:
            held[measure] += holds(pool_effects(measure, sides, shared), 0)
    assert all(0.89 < count / 100 < 1 for count in held.values()), held
