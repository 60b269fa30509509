import json
from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
import pytest

from core.reco.history import BOTTLE, history_of_baskets
from core.reco.season import Seasons, no_seasons
from core.reco.timing import (
    DEFAULT_DEVIATION,
    DEFAULT_ELASTICITY,
    DEFAULT_SHRINKAGE,
    LEVELS,
    DueState,
    chance_alive,
    chance_by_now,
    due_state,
    expected_log_gap,
    fit_timing,
)
from tests.unit.reco.dataset import TODAY, fetch, frame_of, people, random_history, ranked, sale

ITEMS, DEFAULT_GAP = 12, 180.0


def random_seasons(seed, first_day):
    """Three clocks that run at random, and which item goes by which."""
    rng = np.random.default_rng(seed)
    speed = rng.uniform(0.2, 3.0, (3, TODAY - first_day + 1))
    return Seasons(
        group=rng.integers(0, 3, ITEMS).astype(np.int32),
        index=np.ones((3, 12)),
        clock=np.cumsum(speed, axis=1),
        first_day=first_day,
    )


def plain_pairs(history, seasons):
    """Per customer and item: the item, log gaps, log volumes of the purchases, the last wait."""
    pairs = []
    for (_, item), own in frame_of(history).groupby(["customer", "item"]):
        volumes = own.groupby("day").volume.sum()
        ticks = seasons.clock[seasons.group[item]]
        at = ticks[volumes.index.to_numpy() - seasons.first_day]
        gaps = np.log(np.maximum(np.diff(at), 0.5))
        pairs.append((item, gaps, np.log(volumes.to_numpy()), ticks[-1] - at[-1]))
    return pairs


def plain_means(pairs, family):
    """Mean log gap and mean log volume per item."""
    gaps = [np.concatenate([g for i, g, _, _ in pairs if i == item] or [[]]) for item in range(12)]
    every = np.concatenate(gaps)
    tenant = (every.sum() + log(DEFAULT_GAP)) / (len(every) + 1)
    means = []
    for item, own in enumerate(gaps):
        alike = np.concatenate([g for g, f in zip(gaps, family, strict=True) if f == family[item]])
        of_family = (alike.sum() + 10 * tenant) / (len(alike) + 10) if family[item] >= 0 else tenant
        means.append((own.sum() + 5 * of_family) / (len(own) + 5))
    volumes = [
        np.concatenate([v for i, _, v, _ in pairs if i == item] or [[]]) for item in range(12)
    ]
    typical = np.concatenate(volumes).mean()
    return means, [(own.sum() + 5 * typical) / (len(own) + 5) for own in volumes]


def plain_spread(pairs):
    """Deviation, shrinkage and elasticity."""
    every = np.concatenate([gaps for _, gaps, _, _ in pairs])
    several = [(g - g.mean(), v[:-1] - v[:-1].mean()) for _, g, v, _ in pairs if len(g) > 1]
    freedom = sum(len(g) - 1 for g, _ in several)
    if freedom < 30:
        return DEFAULT_DEVIATION, DEFAULT_SHRINKAGE, DEFAULT_ELASTICITY
    variance = sum((g**2).sum() for g, _ in several) / freedom
    shrinkage = float(np.clip(variance / max(every.var() - variance, 0.05), 0.5, 10))
    slope = sum((g * v).sum() for g, v in several) / sum((v**2).sum() for _, v in several)
    elasticity = min(max(slope, 0.0), 1.0) if freedom >= 300 else DEFAULT_ELASTICITY
    return sqrt(variance), shrinkage, elasticity


def plain_repeat_rates(pairs, timing):
    """Share of the buyers who bought again, those still waiting counted by F of their wait."""
    repeats, waits = np.zeros((LEVELS, ITEMS)), np.zeros((LEVELS, ITEMS))
    k = timing.shrinkage
    for item, gaps, volumes, waited in pairs:
        for number in range(1, len(volumes)):
            repeats[min(number, LEVELS) - 1, item] += 1
        mean = (gaps.sum() + k * timing.mean_log_gap[item]) / (len(gaps) + k)
        usual = (volumes.sum() + k * timing.mean_log_volume[item]) / (len(volumes) + k)
        stretch = np.clip(timing.elasticity * (volumes[-1] - usual), -log(3), log(3))
        scale = sqrt(3) / np.pi * timing.deviation * sqrt(1 + 1 / (len(gaps) + k))
        chance = 1 / (1 + exp(-(log(max(waited, 0.5)) - mean - stretch) / scale))
        waits[min(len(volumes), LEVELS) - 1, item] += chance
    r, w = repeats.sum(axis=1, keepdims=True), waits.sum(axis=1, keepdims=True)
    tenant = (r + 1) / (r + w + 2)
    return np.minimum((repeats + 10 * tenant) / (repeats + waits + 10), 0.99)


@pytest.mark.parametrize("customers", [6, 40, 400])  # few, enough, enough for the elasticity
def test_the_fitted_model_is_that_of_a_plain_table(customers):
    history = random_history(customers, customers=customers, items=ITEMS, most_baskets=12)
    family = np.array([-1, 0, 1] * 4, np.int32)
    seasons = random_seasons(customers, TODAY - 900)
    found = fit_timing(history, family, seasons, TODAY, DEFAULT_GAP)
    pairs = plain_pairs(history, seasons)
    gaps, volumes = plain_means(pairs, family)
    np.testing.assert_allclose(found.mean_log_gap, gaps, rtol=1e-9)
    np.testing.assert_allclose(found.mean_log_volume, volumes, rtol=1e-9)
    spread = (found.deviation, found.shrinkage, found.elasticity)
    np.testing.assert_allclose(spread, plain_spread(pairs), rtol=1e-6)
    np.testing.assert_allclose(found.repeat_rate, plain_repeat_rates(pairs, found), rtol=1e-9)


def test_expected_gap_shrinks_to_item_and_tenant():
    """A's gaps of item 0 are 40 and 60, B's of item 1 is 100: all means are geometric."""
    days = [[0, 40, 100], [0, 100]]
    history = history_of_baskets([[[0]] * 3, [[1]] * 2], 3, days)
    timing = fit_timing(history, np.full(3, -1, np.int32), no_seasons(3, 0, 150), 150, 180.0)
    tenant = (40 * 60 * 100 * 180) ** (1 / 4)
    first, second = (40 * 60 * tenant**5) ** (1 / 7), (100 * tenant**5) ** (1 / 6)
    np.testing.assert_allclose(np.exp(timing.mean_log_gap), [first, second, tenant])
    bottle = log(BOTTLE)
    m = expected_log_gap(
        2, log(40) + log(60), 3 * bottle, bottle,
        timing.mean_log_gap[0], timing.mean_log_volume[0], timing.shrinkage, timing.elasticity,
    )  # fmt: skip
    assert exp(m) == pytest.approx((40 * 60 * first**2) ** (1 / 4))


@pytest.mark.parametrize(
    ("first", "last", "elasticity", "expected"),
    [
        (1, 1, 1.0, 100),
        (1, 4, 1.0, 200),  # twice the usual volume, the geometric mean of 1 and 4
        (4, 1, 1.0, 50),
        (1, 16, 0.5, 200),
        (1, 16, 0.0, 100),
        (1, 16, 1.0, 300),  # three times at most
        (16, 1, 1.0, 100 / 3),
    ],
)
def test_more_bottles_last_longer(first, last, elasticity, expected):
    volumes = log(first) + log(last)
    m = expected_log_gap(1, log(100), volumes, log(last), 0.0, 0.0, 0.0, elasticity)
    assert exp(m) == pytest.approx(expected)


def test_elasticity_is_learned_from_gaps_that_grow_with_the_volume():
    """Everybody's gap is 30 days times the root of the bottles bought before it."""
    rng = np.random.default_rng(0)
    bottles = rng.choice([1, 4, 16], (100, 6))
    days = np.concatenate((np.zeros((100, 1), int), 30 * np.cumsum(np.sqrt(bottles), axis=1)), 1)
    history = history_of_baskets([[[0]] * 7] * 100, 1, days.astype(int).tolist())
    volume = np.concatenate((bottles, np.ones((100, 1), int)), 1).ravel() * BOTTLE
    history = type(history)(**{**vars(history), "volume": volume})
    seasons = no_seasons(1, 0, 2000)
    timing = fit_timing(history, np.full(1, -1, np.int32), seasons, 2000, 180.0)
    assert timing.elasticity == pytest.approx(0.5, abs=1e-6)


def test_the_chance_by_now_rises_with_the_wait_and_is_half_at_the_expected_gap():
    chances = [chance_by_now(t, log(90), 3, 0.8, 2.0) for t in (0, 0.5, 10, 60, 90, 200, 5000)]
    assert chances[0] == chances[1]  # less than half a day is none
    assert all(one < other for one, other in pairwise(chances[1:]))
    assert chances[4] == pytest.approx(0.5)
    assert 0 < chances[0] < 0.01
    assert 0.99 < chances[-1] < 1


def test_few_gaps_make_the_chance_less_certain():
    after_twice = [chance_by_now(180, log(90), gaps, 0.8, 2.0) for gaps in (0, 1, 10)]
    assert after_twice == sorted(after_twice)
    assert after_twice[0] < after_twice[-1]


def test_a_habit_is_alive_by_the_repeat_rate_and_dies_with_the_wait():
    alive = [chance_alive(chance, 0.6) for chance in (0, 0.5, 0.9, 1)]
    assert alive == pytest.approx([0.6, 0.3 / 0.7, 0.06 / 0.46, 0])


@pytest.mark.parametrize(
    ("chance", "state"),
    [
        (0.0, DueState.TOO_EARLY),
        (0.2499, DueState.TOO_EARLY),
        (0.25, DueState.DUE),
        (0.7499, DueState.DUE),
        (0.75, DueState.LATE),
        (0.9749, DueState.LATE),
        (0.975, DueState.LOST),
        (1.0, DueState.LOST),
    ],
)
def test_due_state(chance, state):
    assert due_state(chance) == state


def test_vintages_of_one_chain_make_one_habit_and_gifts_none():
    con = ranked(
        customers=people("A", "B"),
        products=[
            {"product_key": "R21", "stock_quantity": 0},
            {"product_key": "R22", "replaces": "R21", "stock_quantity": 0},
            {"product_key": "R23", "replaces": "R22"},
        ],
        sales=[
            sale("A", "R21", 260),
            sale("A", "R22", 140),
            sale("A", "R22", 60, is_gift=True),
            sale("B", "R21", 140, is_gift=True),
        ],
    )
    query = "SELECT customer, product_key, reasons_json FROM pooled WHERE scenario = 'rebuy'"
    [(customer, product_key, text)] = fetch(con, query)
    assert (customer, product_key) == ("A", "R23")
    evidence = json.loads(text)["evidence"]
    assert (evidence["bought_key"], evidence["purchase_days"]) == ("R22", 2)
    assert (evidence["own_gap_days"], evidence["elapsed_days"]) == (120, 140)
    assert evidence["stage"] == "due"
