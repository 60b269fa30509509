import numpy as np
import pytest

from core.reco.beginnings import find_beginnings
from tests.unit.reco.dataset import frame_of, random_history


def plain_steps(rows, customers):
    """Items of each customer's first purchase day, and those new on her second one."""
    first, then = [], []
    for customer in customers:
        days = rows[rows.customer == customer].groupby("day").item.agg(set).tolist()
        first.append(days[0] if days else set())
        then.append(days[1] - days[0] if len(days) > 1 else set())
    return first, then


def as_sets(buyers):
    parts = np.split(buyers.item, buyers.offsets[1:-1])
    assert all((np.diff(part) > 0).all() for part in parts)
    return [set(part.tolist()) for part in parts]


@pytest.mark.parametrize("populations", [1, 2])
def test_beginnings_are_those_of_a_plain_table(populations):
    history = random_history(populations)
    is_trade = np.arange(history.customers) % 3 == 0
    population = is_trade.astype(np.int8) * (populations - 1)
    found = find_beginnings(history, population, is_trade)
    rows = frame_of(history)
    first, then = plain_steps(rows, range(history.customers))
    for group in range(populations):
        for buyers, steps in ((found.first[group], first), (found.then[group], then)):
            assert as_sets(buyers) == [
                step if own == group else set() for own, step in zip(population, steps, strict=True)
            ]
    starters = np.zeros((2, history.items), np.int64)
    for kind, items in zip(is_trade.astype(int), first, strict=True):
        starters[kind, list(items)] += 1
    assert np.array_equal(found.starters, starters)
    taken_up = np.split(found.taken_up, found.offsets[1:-1])
    for group in range(populations):
        own = rows[population[rows.customer] == group]
        days = own.groupby(["item", "customer"]).day.min().groupby("item").agg(sorted)
        parts = taken_up[group * history.items : (group + 1) * history.items]
        assert [part.tolist() for part in parts] == [days.get(i, []) for i in range(history.items)]
