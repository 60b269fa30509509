"""The candidates and their features against a plain reading of the module's table."""

from datetime import date
from math import log, sqrt

import numpy as np
import pytest

from core.policy import Policy
from core.reco.affinity import describe, make_scratch, weigh
from core.reco.candidates import NEAR, POPULAR
from core.reco.history import history_of_baskets
from core.reco.learning import Catalogue, bare_catalogue, learn
from core.reco.lines import day_number
from core.reco.traits import FEATURES
from tests.unit.reco.dataset import TODAY, frame_of, random_history, random_tickets


def learned(seed, *, items, customers, neighbours=50, populations=2):
    """A history and what is known of it, with gaps that grow with the volume."""
    history = random_history(seed, items=items, customers=customers, most_baskets=14)
    rng = np.random.default_rng(seed)
    catalogue = Catalogue(
        offered=rng.random(items) < 0.9,
        tie=rng.permutation(items),
        family=rng.integers(-1, 2, items).astype(np.int32),
    )
    population = (np.arange(customers) % populations).astype(np.int8)
    tickets = random_tickets(seed, items=items)
    policy = Policy(neighbours=neighbours)
    first_day = int(history.day.min())
    model = learn(history, tickets, population, catalogue, policy, TODAY, first_day=first_day)
    return history, population, model.known._replace(elasticity=0.7)


def described(history, population, known, customer, today=TODAY):
    """What the kernel makes of a customer: her features by item, what was bought first."""
    low, high = history.offsets[customer : customer + 2]
    scratch = make_scratch(history.items, history.items + NEAR + POPULAR)
    bought, number, baskets = describe(
        low, high, today, population[customer], history.item, history.basket, history.day,
        history.volume, known, scratch,
    )  # fmt: skip
    return scratch, bought, number, baskets


def plain_timing(own, known, item):
    """Log of the wait and the expected log gap of one item, whose rows are `own`."""
    days = own.groupby("day").volume.sum()
    clock = known.clock[known.clock_of[item], days.index.to_numpy() - known.first_day]
    today = known.clock[known.clock_of[item], TODAY - known.first_day]
    gaps = [log(max(gap, 0.5)) for gap in np.diff(clock)]
    volumes = [log(volume) for volume in days]
    k = known.shrinkage
    mean = (sum(gaps) + k * known.mean_log_gap[item]) / (len(gaps) + k)
    usual = (sum(volumes) + k * known.mean_log_volume[item]) / (len(volumes) + k)
    stretch = known.elasticity * (volumes[-1] - usual)
    return log(max(today - clock[-1], 0.5)), mean + float(np.clip(stretch, -log(3), log(3)))


def plain_sums(rows, group, known, half_life):
    """Interest by own item, and the sums of similarities by item: over all and the last basket."""
    interest, near, last = {}, np.zeros(len(known.place[0])), np.zeros(len(known.place[0]))
    in_last = set(rows[rows.basket == max(rows.basket)].item)
    for item in dict.fromkeys(rows.item):
        days = rows[rows.item == item].day
        interest[item] = sum(0.5 ** ((TODAY - day) / half_life) for day in days)
        pairs = zip(known.neighbour[group, item], known.strength[group, item], strict=True)
        for other, strength in pairs:
            if other >= 0:
                near[other] += sqrt(interest[item]) * strength
                last[other] += strength * (item in in_last)
    return interest, near, last


def plain_candidates(rows, group, known, near):
    """What she bought, the nearest of the rest, the most popular of what is left."""
    bought = list(dict.fromkeys(rows.item))
    others = [i for i in np.flatnonzero(near) if i not in bought]
    nearest = sorted(others, key=lambda i: (-near[i], known.place[group, i]))[:NEAR]
    left = [i for i in known.by_popularity[group] if i not in {*bought, *nearest}]
    return bought, nearest, left[:POPULAR]


def plain_features(rows, group, known, half_life):
    """The features of each candidate by name."""
    interest, near, last = plain_sums(rows, group, known, half_life)
    bought, nearest, popular = plain_candidates(rows, group, known, near)
    baskets = rows.basket.nunique()
    size, number = log(len(rows) / baskets), log(baskets)
    found = {}
    for item in [*bought, *nearest, *popular]:
        terms = dict(zip(
            ("slow_log", "slow_root", "slow", "fast_root", "fast_log", "all_root", "all",
             "again_log", "again"), known.terms[group, item], strict=True,
        ))  # fmt: skip
        again_log, again = terms.pop("again_log"), terms.pop("again")
        one = dict.fromkeys(FEATURES, 0.0) | terms
        one |= {
            "near": log(near[item] + 1e-3), "near_root": sqrt(near[item]),
            "last": log(last[item] + 1e-3), "last_root": sqrt(last[item]),
            "slow_for_size": terms["slow_log"] * size,
            "slow_for_baskets": terms["slow_log"] * number,
            "all_for_baskets": terms["all_root"] * number,
            "near_for_baskets": log(near[item] + 1e-3) * number,
        }  # fmt: skip
        if item in interest:
            own = rows[rows.item == item]
            since = max(rows.basket) - own.basket
            recent, rate = sum(0.95**since), own.basket.nunique() / baskets
            waited, expected = plain_timing(own, known, item)
            one |= {
                "bought": 1.0, "bought_for_size": size, "bought_for_baskets": number,
                "recent": log(recent + 1e-4), "recent_root": sqrt(recent),
                "recent_for_size": log(recent + 1e-4) * size,
                "recent_for_baskets": log(recent + 1e-4) * number,
                "longer": log(sum(0.98**since) + 1e-4), "rate_log": log(rate), "rate": rate,
                "interest": log(interest[item] + 1e-4),
                "late": waited - expected, "early": max(0.0, expected - waited),
                "again_log": again_log, "again": again, "again_recent": again * sqrt(recent),
                "bought_slow_log": terms["slow_log"], "bought_slow_root": terms["slow_root"],
                "bought_all_root": terms["all_root"],
                "bought_near": one["near"], "bought_near_root": one["near_root"],
            }  # fmt: skip
        found[item] = one
    return bought, found


# the world, and whether some customer has as many new candidates as there may be
WORLDS = {
    "few items": ({"seed": 1, "items": 12, "customers": 80, "neighbours": 4}, False),
    "more near items than are looked at": ({"seed": 2, "items": 150, "customers": 400}, True),
}


@pytest.mark.parametrize(("world", "is_cut"), WORLDS.values(), ids=WORLDS)
def test_features_are_those_of_the_table(world, is_cut):
    history, population, known = learned(**world)
    table = frame_of(history)
    half_life = -log(2) / log(known.interest[1])
    new = set()
    for customer in range(1, 40):
        rows = table[table.customer == customer]
        if rows.empty:
            continue
        scratch, bought, number, baskets = described(history, population, known, customer)
        own, expected = plain_features(rows, population[customer], known, half_life)
        items = scratch.item[:number].tolist()
        assert items[:bought] == own
        assert sorted(items) == sorted(expected)
        assert baskets == rows.basket.nunique()
        plain = np.array([[expected[item][name] for name in FEATURES] for item in items])
        np.testing.assert_allclose(scratch.features[:number], plain, rtol=1e-8, atol=1e-8)
        new.add(number - bought)
    assert (max(new) == NEAR + POPULAR) == is_cut


def test_near_items_that_tie_are_taken_by_place():
    history = history_of_baskets([[[0]], *[[list(range(100))]] * 9], 100)
    population, catalogue = np.zeros(10, np.int8), bare_catalogue(100)
    known = learn(
        history, None, population, catalogue, Policy(neighbours=100), 0, first_day=0
    ).known
    low, high = history.offsets[:2]
    scratch = make_scratch(100, 100)
    number = describe(
        low, high, 0, 0, history.item, history.basket, history.day, history.volume, known, scratch
    )[1]
    assert sorted(scratch.item[1 : NEAR + 1].tolist()) == list(range(1, NEAR + 1))
    assert scratch.item[NEAR + 1 : number].tolist() == list(range(NEAR + 1, NEAR + POPULAR + 1))


def test_scratch_is_clear_behind_a_customer():
    history, population, known = learned(3, items=40, customers=80)
    scratch, *_ = described(history, population, known, 5)
    by_item = ("baskets", "recent", "longer", "interest", "days", "log_gaps", "log_volumes",
               "volume", "near", "last", "taken")  # fmt: skip
    assert [name for name in by_item if getattr(scratch, name).any()] == []
    assert (scratch.last_row == -1).all()


def test_value_is_the_weighted_sum_of_the_features():
    history, population, known = learned(3, items=40, customers=80)
    scratch, _, number, _ = described(history, population, known, 5)
    weights = np.random.default_rng(0).normal(size=len(FEATURES))
    weigh(number, weights, scratch)
    expected = scratch.features[:number] @ weights
    np.testing.assert_allclose(scratch.value[:number], expected, rtol=1e-9)


def test_an_interest_of_another_century_is_faint_but_brings_no_item_twice():
    daily = [[[0, 1, 2, 3, 4, 5]] * 3] * 9
    days = [[TODAY - 2, TODAY - 1, TODAY]] * 9
    history = history_of_baskets([[[0, 1, 2]], *daily], 6, [[day_number(date(1900, 1, 1))], *days])
    population, first_day = np.zeros(10, np.int8), int(history.day[0])
    model = learn(
        history, None, population, bare_catalogue(6), Policy(), TODAY, first_day=first_day
    )
    scratch, bought, number, _ = described(history, population, model.known, 0)
    assert (bought, number) == (3, 6)
    assert sorted(scratch.item[:number].tolist()) == [0, 1, 2, 3, 4, 5]
