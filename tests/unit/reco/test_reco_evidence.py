"""The evidence of every proposal against a plain reading of its customer's purchases."""

from math import exp, sqrt

import numpy as np
import pytest

from core.reco.evidence import LED_BY, NAMES, UNKNOWN, find_evidence
from core.reco.shapes import Ground
from core.reco.timing import due_state
from tests.unit.reco.dataset import TODAY
from tests.unit.reco.ranked_world import World, described

OWN = (Ground.DUE, Ground.FAVOURITE)
LED = (Ground.NEIGHBOURS, Ground.TAKEN_UP, Ground.TASTE)


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def known(world):
    """What was learned, with gaps that grow with the volume."""
    return world.done.model.learned.known._replace(elasticity=0.7)


@pytest.fixture(scope="module")
def found(world, known):
    """The evidence by row, as mappings."""
    done, columns = world.done, world.pool
    evidence = find_evidence(
        columns["customer_no"], columns["item"], columns["ground"], done.history, done.people,
        known, done.model.learned.neighbours, done.shelf,
    )  # fmt: skip
    assert tuple(evidence) == NAMES
    return [{name: evidence[name][at] for name in NAMES} for at in range(len(world.rows))]


@pytest.fixture(scope="module")
def purchases(world):
    rows = world.bought.assign(product=world.facts.history.product)
    return dict(iter(rows.groupby("customer")))


def test_what_was_bought_is_told_as_it_was_bought(world, known, found, purchases):
    candidates = described(world, known)
    seen = 0
    for (customer, item, _, ground, _), evidence in zip(world.rows, found, strict=True):
        if ground not in OWN:
            assert evidence["stage"] == evidence["expected_gap"] == evidence["own_gap"] == UNKNOWN
            continue
        seen += 1
        own = purchases[customer][purchases[customer].item == item]
        days = np.unique(own.day)
        _, (chance, _, expected) = candidates[customer][item]
        gap = np.median(np.diff(days)) if len(days) > 1 else UNKNOWN
        assert evidence["times"] == own.basket.nunique()
        assert evidence["purchase_days"] == len(days)
        assert (evidence["first_day"], evidence["last_day"]) == (days[0], days[-1])
        assert evidence["own_gap"] == gap
        assert evidence["expected_gap"] == pytest.approx(exp(expected))
        assert evidence["stage"] == due_state(chance)
        assert evidence["bought_product"] == own["product"].iloc[-1]
    assert seen > 50


def plain_leaders(world, own, group, item, ground):
    """What speaks for `item`: (weight, buyers of both, product last bought), strongest first."""
    known, shelf, leaders = world.done.model.learned.known, world.done.shelf, []
    if ground == Ground.NEXT_STEP:
        steps = own[own.day == own.day.min()]
        table = shelf.next_item[group], shelf.next_strength[group], shelf.next_together[group]
    else:
        steps = own
        near = world.done.model.learned.neighbours[group]
        table = near.item, near.strength, near.together
    for mine in dict.fromkeys(steps.item):
        [spots] = np.nonzero(table[0][mine] == item)
        for spot in spots:
            rows = own[own.item == mine]
            interest = sqrt(known.interest[TODAY - rows.day].sum())
            weight = table[1][mine, spot] * (1 if ground == Ground.NEXT_STEP else interest)
            leaders.append((weight, table[2][mine, spot], rows["product"].iloc[-1]))
    return sorted(leaders, key=lambda leader: -leader[0])


def test_what_is_new_is_led_by_her_items_that_speak_most_for_it(world, found, purchases):
    seen = set()
    for (customer, item, _, ground, _), evidence in zip(world.rows, found, strict=True):
        led_by = [number for number in evidence["neighbours"].tolist() if number != UNKNOWN]
        if ground in (Ground.POPULAR, Ground.FIRST_PURCHASE, *OWN):
            assert led_by == []
            continue
        group = world.population[customer]
        expected = plain_leaders(world, purchases[customer], group, item, ground)
        if ground in (*LED, Ground.NEXT_STEP):
            assert expected
            seen.add(ground)
        assert led_by == [number for _, _, number in expected[:LED_BY]]
        assert evidence["together"] == (expected[0][1] if expected else UNKNOWN)
        assert evidence["last_day"] == world.done.people.last_day[customer]
    assert seen >= {Ground.NEIGHBOURS, Ground.TAKEN_UP, Ground.NEXT_STEP}
