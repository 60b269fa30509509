"""What a campaign did, held against plain statistics and against worlds whose truth is known."""

import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.outreach.effects import (
    Doubt,
    Effect,
    Group,
    Measure,
    Sides,
    Verdict,
    compute_effect,
    share_interval,
)

Customer = tuple[int, int]  # orders, revenue in cents
CUSTOMERS = st.lists(
    st.one_of(st.just((0, 0)), st.tuples(st.integers(1, 5), st.integers(-(10**6), 10**7))),
    min_size=2,
    max_size=40,
)


def group_of(customers: Sequence[Customer]) -> Group:
    return Group(
        customers=len(customers),
        buyers=sum(orders > 0 for orders, _ in customers),
        orders=sum(orders for orders, _ in customers),
        orders_squared=sum(orders**2 for orders, _ in customers),
        revenue=sum(revenue for _, revenue in customers),
        revenue_squared=sum(revenue**2 for _, revenue in customers),
    )


def sides_of(treated: Sequence[Customer], held_out: Sequence[Customer]) -> Sides:
    return Sides(treated=group_of(treated), held_out=group_of(held_out))


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(CUSTOMERS, CUSTOMERS, st.sampled_from([Measure.ORDERS, Measure.REVENUE]))
def test_means_and_intervals_are_those_of_the_students_test(
    treated: list[Customer], held_out: list[Customer], measure: Measure
) -> None:
    place = 0 if measure is Measure.ORDERS else 1
    one, other = ([c[place] for c in side] for side in (treated, held_out))
    effect = compute_effect(measure, sides_of(treated, held_out))
    expected = stats.ttest_ind(one, other).confidence_interval()
    assert effect.difference == pytest.approx(statistics.mean(one) - statistics.mean(other))
    if statistics.pvariance(one) + statistics.pvariance(other) > 0:
        assert (effect.low, effect.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@given(st.integers(1, 200), st.integers(1, 200), st.floats(0, 1), st.floats(0, 1))
def test_intervals_of_shares_hold_the_difference_and_turn_around(
    n: int, m: int, p: float, q: float
) -> None:
    one, other = Group(customers=n, buyers=int(p * n)), Group(customers=m, buyers=int(q * m))
    low, high = share_interval(one, other)
    assert -1 - 1e-9 <= low <= one.buyers / n - other.buyers / m <= high <= 1 + 1e-9
    assert share_interval(other, one) == pytest.approx((-high, -low))


def test_intervals_of_shares_are_the_published_ones() -> None:
    """Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 0/10 - 0/20."""
    pairs = [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((0, 10), (0, 20))]
    found = [
        share_interval(Group(customers=n, buyers=x), Group(customers=m, buyers=y))
        for (x, n), (y, m) in pairs
    ]
    published = [(0.0524, 0.3339), (0.1705, 0.8090), (-0.1611, 0.2775)]
    assert found == [pytest.approx(bounds, abs=5e-5) for bounds in published]


def test_the_smallest_visible_lift_is_seen_in_four_of_five_samples() -> None:
    rng = np.random.default_rng(7)
    n, m, share = 900, 300, 0.1
    size = compute_effect(
        Measure.BUYERS,
        Sides(
            treated=Group(customers=n, buyers=int(n * share)),
            held_out=Group(customers=m, buyers=int(m * share)),
        ),
    ).visible
    assert size is not None
    bought, left = rng.binomial(n, share + size, 1000), rng.binomial(m, share, 1000)
    seen = [
        share_interval(Group(customers=n, buyers=int(x)), Group(customers=m, buyers=int(y)))[0] > 0
        for x, y in zip(bought, left, strict=True)
    ]
    assert 0.76 < np.mean(seen) < 0.86


def draw(rng: np.random.Generator, customers: int, share: float) -> Group:
    """Draw what customers bought: 1.3 orders a buyer, baskets of lognormal worth."""
    buyers = int(rng.binomial(customers, share))
    orders = 1 + rng.poisson(0.3, buyers)
    revenue = np.round(rng.lognormal(np.log(6000), 0.9, buyers) * orders).astype(int)
    found = group_of(list(zip(orders.tolist(), revenue.tolist(), strict=True)))
    return Group(**{**vars(found), "customers": customers})


def holds(effect: Effect, truth: float) -> bool:
    assert effect.low is not None
    assert effect.high is not None
    return effect.low <= truth <= effect.high


@pytest.mark.parametrize("lift", [0.0, 0.03])
def test_intervals_hold_the_truth_in_95_of_100_worlds(lift: float) -> None:
    """Small groups of skewed baskets, where Welch's interval held it in 90 (decision record 10)."""
    rng = np.random.default_rng(11)
    worth = 1.3 * 6000 * float(np.exp(0.405))
    truths = {Measure.BUYERS: lift, Measure.ORDERS: 1.3 * lift, Measure.REVENUE: worth * lift}
    held = dict.fromkeys(Measure, 0)
    for _ in range(800):
        sides = Sides(treated=draw(rng, 900, 0.1 + lift), held_out=draw(rng, 100, 0.1))
        for measure, truth in truths.items():
            held[measure] += holds(compute_effect(measure, sides), truth)
    assert all(0.93 < count / 800 <= 0.995 for count in held.values())


@pytest.mark.parametrize(
    ("treated", "held_out", "verdict", "doubt"),
    [
        ((900, 84), (100, 7), Verdict.NOT_ENOUGH, Doubt.WITHIN_CHANCE),
        ((900, 184), (100, 7), Verdict.HIGHER, None),
        ((900, 20), (100, 17), Verdict.LOWER, None),
        ((900, 184), (29, 0), Verdict.NOT_ENOUGH, Doubt.FEW_CUSTOMERS),
        ((900, 184), (0, 0), Verdict.NOT_ENOUGH, Doubt.NO_HOLDOUT),
        ((900, 0), (100, 0), Verdict.NOT_ENOUGH, Doubt.WITHIN_CHANCE),
    ],
)
def test_the_verdict_says_no_more_than_the_data(
    treated: tuple[int, int], held_out: tuple[int, int], verdict: Verdict, doubt: Doubt | None
) -> None:
    one, other = (Group(customers=n, buyers=x) for n, x in (treated, held_out))
    effect = compute_effect(Measure.BUYERS, Sides(treated=one, held_out=other))
    assert (effect.verdict, effect.doubt) == (verdict, doubt)
    known = compute_effect(Measure.BUYERS, Sides(treated=one, held_out=other), Doubt.WINDOW_OPEN)
    assert (known.verdict, known.doubt) == (Verdict.NOT_ENOUGH, Doubt.WINDOW_OPEN)
