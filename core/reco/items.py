"""What is known of each item: who buys it, how lately, how often again.

Customers of trade are compared with trade, all others (and anonymous tickets) with each other:
everything is counted per *population*. A trade too small to be compared joins the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.compiled import njit
from core.reco.history import History, Tickets
from core.reco.tables import BoolArray, FloatArray, IntArray
from core.reco.tempo import Tempo, decay_table

POPULARITY_DAYS = 365
LEAST_TRADE_BUYERS = 50
REPEAT_PRIOR = 10.0  # buyers' worth of the average repeat rate
UNSOLD_QUARTILE = 0.25  # items nobody bought are taken for the least popular quarter

TERMS = ("log_slow", "root_slow", "slow", "root_fast", "log_fast", "root_all", "all",
         "log_repeat", "repeat")  # fmt: skip
Population = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Items:
    """Counts per population and item, and the terms that a blend weighs.

    `popularity` counts customers and anonymous tickets of the last `POPULARITY_DAYS`, `is_sold`
    says whether there is one of all times; `buyers` and `rebuyers` count customers. `terms`
    (populations, items, len(TERMS)) are popularity with slow, fast and no decay, each relative to
    the most popular item, and the share of buyers who bought again.
    """

    popularity: IntArray
    is_sold: BoolArray
    buyers: IntArray
    rebuyers: IntArray
    terms: FloatArray

    @property
    def populations(self) -> int:
        """Return how many populations are told apart: 1 or 2."""
        return len(self.popularity)


def populations_of(is_trade: NDArray[np.bool_], history: History) -> Population:
    """Return 1 for customers of trade, 0 for others; 0 for all while trade has few buyers."""
    bought = np.diff(history.offsets) > 0
    if np.sum(is_trade & bought) < LEAST_TRADE_BUYERS:
        return np.zeros(len(is_trade), np.int8)
    return is_trade.astype(np.int8)


def count_items(
    history: History, tickets: Tickets | None, population: Population, tempo: Tempo, as_of: int
) -> Items:
    """Count the items of `history` and `tickets` as seen on day `as_of`."""
    oldest = max(0, as_of - int(history.day.min(initial=as_of)))
    if tickets is not None:
        oldest = max(oldest, as_of - int(tickets.day.min(initial=as_of)))
    slow, fast = (
        decay_table(tempo.slow_half_life, oldest),
        decay_table(tempo.fast_half_life, oldest),
    )
    populations = int(population.max(initial=0)) + 1
    counts = _count_purchases(
        history.offsets, history.item, history.day, population,
        populations, history.items, as_of, slow, fast,
    )  # fmt: skip
    weights, popularity, buyers, rebuyers = counts
    if tickets is not None:
        _add_tickets(tickets.item, tickets.day, as_of, slow, fast, weights, popularity)
    return Items(
        popularity=popularity,
        is_sold=weights[:, :, 2] > 0,
        buyers=buyers,
        rebuyers=rebuyers,
        terms=_terms(weights, buyers, rebuyers),
    )


def _terms(weights: FloatArray, buyers: IntArray, rebuyers: IntArray) -> FloatArray:
    most = np.maximum(weights.max(axis=1, keepdims=True, initial=0.0), 1e-9)
    share = weights / most
    for population in range(len(share)):
        sold = weights[population, :, 2] > 0
        if sold.any():
            typical = np.quantile(share[population][sold], UNSOLD_QUARTILE, axis=0)
            share[population][~sold] = typical
    slow, fast, every = share[:, :, 0], share[:, :, 1], share[:, :, 2]
    again = rebuyers.sum(axis=1, keepdims=True) / np.maximum(buyers.sum(axis=1, keepdims=True), 1)
    repeat = (rebuyers + REPEAT_PRIOR * again + 0.01) / (buyers + REPEAT_PRIOR)
    columns = (
        np.log(slow + 1e-6), np.sqrt(slow), slow, np.sqrt(fast + 1e-6), np.log(fast + 1e-6),
        np.sqrt(every), every, np.log(repeat), repeat,
    )  # fmt: skip
    return np.ascontiguousarray(np.stack(columns, axis=2))


@njit(cache=True, nogil=True)
def _count_purchases(  # type: ignore[no-untyped-def]
    offsets, item, day, population, populations, items, as_of, slow, fast
):
    """Return weights (slow, fast, plain), popularity, buyers and rebuyers."""
    weights = np.zeros((populations, items, 3), np.float64)
    popularity = np.zeros((populations, items), np.int64)
    buyers = np.zeros((populations, items), np.int64)
    rebuyers = np.zeros((populations, items), np.int64)
    times = np.zeros(items, np.int64)  # of the customer at hand
    is_recent = np.zeros(items, np.bool_)
    for customer in range(len(offsets) - 1):
        group = population[customer]
        for row in range(offsets[customer], offsets[customer + 1]):
            age, name = max(as_of - day[row], 0), item[row]
            weights[group, name, 0] += slow[age]
            weights[group, name, 1] += fast[age]
            weights[group, name, 2] += 1
            times[name] += 1
            if times[name] == 1:
                buyers[group, name] += 1
            elif times[name] == 2:
                rebuyers[group, name] += 1
            if age < POPULARITY_DAYS and not is_recent[name]:
                is_recent[name] = True
                popularity[group, name] += 1
        for row in range(offsets[customer], offsets[customer + 1]):
            times[item[row]] = 0
            is_recent[item[row]] = False
    return weights, popularity, buyers, rebuyers


@njit(cache=True, nogil=True)
def _add_tickets(item, day, as_of, slow, fast, weights, popularity):  # type: ignore[no-untyped-def]
    for row in range(len(item)):
        age, name = max(as_of - day[row], 0), item[row]
        weights[0, name, 0] += slow[age]
        weights[0, name, 1] += fast[age]
        weights[0, name, 2] += 1
        if age < POPULARITY_DAYS:
            popularity[0, name] += 1
