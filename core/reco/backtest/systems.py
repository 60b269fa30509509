"""The recommender's own ranking of the whole catalogue, for every customer asked for.

The candidates of `core.reco.affinity` are described and weighed as in a run; here nothing is
filtered by scenario, stock or silence, and what was bought before takes part. Behind the
candidates come the other offered items, lately most popular first.

Total order: the blend's value rounded to 6 digits, descending, then the place by popularity,
whose ties are settled bytewise (`core.reco.learning.Learned.place`).
"""

import numpy as np

from core.compiled import njit
from core.reco.affinity import describe, make_scratch, weigh
from core.reco.backtest.trials import Asked
from core.reco.candidates import NEAR, POPULAR
from core.reco.history import History
from core.reco.items import Population
from core.reco.learning import Model
from core.reco.shards import run_slices, slices_of_rows
from core.reco.tables import Int32Array

ASKED_PER_SLICE = 4_000
MILLIONTHS = 1e6


def rank_catalogue(
    model: Model,
    history: History,
    population: Population,
    asked: Asked,
    k: int,
    threads: int | None = None,
) -> Int32Array:
    """Return the first `k` items for each customer asked for, int32 (asked, k), -1 for none."""
    known = model.learned.known

    def work(low: int, high: int) -> Int32Array:
        ranked: Int32Array = _rank(
            asked.customer[low:high], asked.today[low:high], k, history.offsets, history.item,
            history.basket, history.day, history.volume, history.items, population,
            known, model.blend.weights, model.learned.place,
        )  # fmt: skip
        return ranked

    slices = slices_of_rows(len(asked.customer), ASKED_PER_SLICE)
    return np.concatenate(list(run_slices(work, slices, threads)))


@njit(cache=True, nogil=True)
def _rank(  # type: ignore[no-untyped-def]
    customers, days, k, offsets, item, basket, day, volume, items, population,
    known, weights, place,
):  # fmt: skip
    ranked = np.full((len(customers), k), -1, np.int32)
    scratch = make_scratch(items, items + NEAR + POPULAR)
    best, value = np.empty(k, np.int64), np.empty(k, np.int64)
    is_named = np.zeros(items, np.bool_)
    by_popularity = known.by_popularity
    for at in range(len(customers)):
        customer = customers[at]
        low, high, group = offsets[customer], offsets[customer + 1], population[customer]
        number = kept = 0
        if low < high:
            _, number, _ = describe(
                low, high, np.int64(days[at]), group, item, basket, day, volume, known, scratch
            )
            weigh(number, weights, scratch)
        for spot in range(number):
            name = scratch.item[spot]
            score = np.int64(np.rint(scratch.value[spot] * MILLIONTHS))
            if kept == k:
                if score < value[k - 1]:
                    continue
                if score == value[k - 1] and place[group, name] > place[group, best[k - 1]]:
                    continue
                to = k - 1
            else:
                to = kept
                kept += 1
            while to > 0 and (
                value[to - 1] < score
                or (value[to - 1] == score and place[group, best[to - 1]] > place[group, name])
            ):
                best[to], value[to] = best[to - 1], value[to - 1]
                to -= 1
            best[to], value[to] = name, score
        for spot in range(kept):
            ranked[at, spot] = best[spot]
            is_named[best[spot]] = True
        more = 0
        while kept < k and more < by_popularity.shape[1]:
            name = by_popularity[group, more]
            more += 1
            if not is_named[name]:
                is_named[name] = True
                ranked[at, kept] = name
                kept += 1
        for spot in range(kept):
            is_named[ranked[at, spot]] = False
    return ranked
