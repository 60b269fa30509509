"""How customers begin: what they buy first, what next, and when each item was first taken up."""

from dataclasses import dataclass

import numpy as np

from core.compiled import njit
from core.reco.history import History
from core.reco.items import Population
from core.reco.neighbours import HISTORY_LIMIT, Buyers
from core.reco.tables import BoolArray, Int32Array, IntArray, offsets_of


@dataclass(frozen=True, kw_only=True)
class Beginnings:
    """First and second purchase days per population; days of first purchases per item.

    `first` and `then` are the items of a customer's first purchase day and those new on her second
    one. `starters` (2, items) counts who began with an item: customers of trade in row 1, all
    others in row 0. `taken_up[offsets[at]:offsets[at + 1]]` are the days, ascending, on which
    customers of population `g` first bought item `i`, `at` being `g` times the items plus `i`.
    """

    first: list[Buyers]
    then: list[Buyers]
    starters: IntArray
    offsets: IntArray
    taken_up: Int32Array


def find_beginnings(history: History, population: Population, is_trade: BoolArray) -> Beginnings:
    """Return how the customers of `history` began."""
    given = (history.offsets, history.item, history.day, history.items)
    kind, populations = is_trade.astype(np.int8), int(population.max(initial=0)) + 1
    first, then, starters = [], [], []
    for group in range(populations):
        ends, items, next_ends, next_items = _first_steps(*given, population, group)
        first.append(Buyers(offsets=ends, item=items, items=history.items))
        then.append(Buyers(offsets=next_ends, item=next_items, items=history.items))
    for trade in (0, 1):
        _, items, _, _ = _first_steps(*given, kind, trade)
        starters.append(np.bincount(items, minlength=history.items))
    item, day = _first_days(*given, population)
    offsets = offsets_of(item, populations * history.items)
    return Beginnings(
        first=first,
        then=then,
        starters=np.stack(starters),
        offsets=offsets,
        taken_up=_sorted_by_item(item, day, offsets),
    )


@njit(cache=True, nogil=True)
def _first_steps(offsets, item, day, items, population, group):  # type: ignore[no-untyped-def]
    """Return the items of the first purchase days, and those new on the second ones."""
    customers = len(offsets) - 1
    first, then = np.empty(len(item), np.int32), np.empty(len(item), np.int32)
    ends, next_ends = np.zeros(customers + 1, np.int64), np.zeros(customers + 1, np.int64)
    is_seen = np.zeros(items, np.bool_)
    n_first = n_then = 0
    for customer in range(customers):
        begin, begin_then = n_first, n_then
        low, high = offsets[customer], offsets[customer + 1]
        if population[customer] != group:
            high = low
        row = low
        while row < high and day[row] == day[low]:
            if not is_seen[item[row]] and n_first - begin < HISTORY_LIMIT:
                is_seen[item[row]] = True
                first[n_first] = item[row]
                n_first += 1
            row += 1
        second = row
        while row < high and day[row] == day[second]:
            if not is_seen[item[row]] and n_then - begin_then < HISTORY_LIMIT:
                is_seen[item[row]] = True
                then[n_then] = item[row]
                n_then += 1
            row += 1
        for row in range(begin, n_first):
            is_seen[first[row]] = False
        for row in range(begin_then, n_then):
            is_seen[then[row]] = False
        first[begin:n_first] = np.sort(first[begin:n_first])
        then[begin_then:n_then] = np.sort(then[begin_then:n_then])
        ends[customer + 1], next_ends[customer + 1] = n_first, n_then
    return ends, first[:n_first].copy(), next_ends, then[:n_then].copy()


@njit(cache=True, nogil=True)
def _first_days(offsets, item, day, items, population):  # type: ignore[no-untyped-def]
    """Return each item each customer bought, by her population, with the day of the first time."""
    name, first_day = np.empty(len(item), np.int32), np.empty(len(item), np.int32)
    seen_by = np.full(items, -1, np.int64)
    rows = 0
    for customer in range(len(offsets) - 1):
        for row in range(offsets[customer], offsets[customer + 1]):
            if seen_by[item[row]] != customer:
                seen_by[item[row]] = customer
                name[rows] = population[customer] * items + item[row]
                first_day[rows] = day[row]
                rows += 1
    return name[:rows].copy(), first_day[:rows].copy()


@njit(cache=True, nogil=True)
def _sorted_by_item(item, day, offsets):  # type: ignore[no-untyped-def]
    """Return the days by item, ascending: ordered by counting, first by day, then by item."""
    days = np.empty(len(day), np.int32)
    if len(day) == 0:
        return days
    earliest = day.min()
    starts = np.zeros(day.max() - earliest + 2, np.int64)
    for row in range(len(day)):
        starts[day[row] - earliest + 1] += 1
    starts = np.cumsum(starts)
    by_day = np.empty(len(day), np.int32)
    for row in range(len(day)):
        by_day[starts[day[row] - earliest]] = row
        starts[day[row] - earliest] += 1
    place = offsets[:-1].copy()
    for spot in range(len(by_day)):
        name = item[by_day[spot]]
        days[place[name]] = day[by_day[spot]]
        place[name] += 1
    return days
