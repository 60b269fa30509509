import numpy as np
import pytest

from core.policy import Policy
from core.reco.learning import Catalogue, learn
from tests.unit.reco.dataset import TODAY, random_history, random_tickets

ITEMS = 20


@pytest.fixture(scope="module")
def world():
    """Two populations, more items than are bought, so that popularity ties; the catalogue."""
    history = random_history(9, items=ITEMS - 5)
    history = type(history)(**{**vars(history), "items": ITEMS})
    rng = np.random.default_rng(9)
    catalogue = Catalogue(
        offered=rng.random(ITEMS) < 0.8,
        tie=rng.permutation(ITEMS),
        family=np.zeros(ITEMS, np.int32),
    )
    population = (np.arange(history.customers) % 2).astype(np.int8)
    tickets = random_tickets(9, items=ITEMS - 5)
    first_day = int(history.day.min())
    learned = learn(
        history, tickets, population, catalogue, Policy(neighbours=3), TODAY, first_day=first_day
    )
    return catalogue, learned


def test_place_is_by_popularity_then_bytewise_and_what_is_not_offered_comes_last(world):
    catalogue, learned = world
    for popularity, place in zip(learned.items.popularity, learned.place, strict=True):
        order = sorted(
            range(ITEMS), key=lambda i: (not catalogue.offered[i], -popularity[i], catalogue.tie[i])
        )
        assert [place[item] for item in order] == list(range(ITEMS))


def test_the_lately_most_popular_offers_come_first(world):
    catalogue, learned = world
    slow = learned.known.terms[:, :, 2]
    for group in (0, 1):
        order = learned.known.by_popularity[group].tolist()
        assert sorted(order) == np.flatnonzero(catalogue.offered).tolist()
        assert order == sorted(order, key=lambda i: (-slow[group, i], learned.place[group, i]))


def test_only_offers_are_neighbours_three_at_most_of_each_population(world):
    catalogue, learned = world
    near = learned.known.neighbour
    assert near.shape == (2, ITEMS, 3)
    assert catalogue.offered[near[near >= 0]].all()
    assert not np.array_equal(near[0], near[1])
