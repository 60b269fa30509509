"""How well rankings foretold what was bought.

For a ranking of k items and the set B of what was bought then, with hit(i) = 1 where the i-th
item is in B:

    recall          sum of hit(i) / |B|
    DCG             sum of hit(i) / log2(i + 1)
    ndcg_full       DCG / DCG of all |B| items on top, however many they are
    ndcg_truncated  DCG / DCG of min(k, |B|) items on top
    hit             1 if any item is in B

`recall_repeat` and `hit_repeat` count only what the customer had bought before, `recall_new` and
`hit_new` only the rest; they are NaN where B holds none of either. ndcg_full is the definition of
the next-basket literature; only ndcg_truncated can reach 1 when more than k items are bought.
`bought` is |B|, `repeats` how many of B the customer had bought before.
"""

import numpy as np

from core.compiled import njit
from core.reco.backtest.trials import Asked
from core.reco.history import History
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray

MEASURES = (
    "recall", "ndcg_full", "ndcg_truncated", "hit",
    "recall_repeat", "hit_repeat", "recall_new", "hit_new", "bought", "repeats",
)  # fmt: skip


def measure(ranked: Int32Array, history: History, asked: Asked) -> FloatArray:
    """Return `MEASURES` of the rankings (asked, k) of who is asked for: float (asked, 10)."""
    longest = max(int(np.diff(asked.offsets).max(initial=0)), ranked.shape[1])
    gain = 1 / np.log2(np.arange(longest) + 2.0)
    measured: FloatArray = _measure(
        ranked, asked.customer, asked.offsets, asked.item, history.offsets, history.item,
        history.items, gain, np.concatenate((np.zeros(1), np.cumsum(gain))),
    )  # fmt: skip
    return measured


def hits_of(ranked: Int32Array, asked: Asked, items: int) -> BoolArray:
    """Return which items of the rankings (asked, k) were bought."""
    stride = items + 1
    row = np.repeat(np.arange(len(asked.customer)), np.diff(asked.offsets))
    bought = row * stride + asked.item
    named = np.arange(len(ranked))[:, None] * stride + ranked
    hits: BoolArray = np.isin(named, bought) & (ranked >= 0)
    return hits


def mean_by_customer(measured: FloatArray, customer: IntArray) -> FloatArray:
    """Return the means over the rows of each customer, in the order of their numbers.

    Rows that are NaN are left out of a mean; a customer without any other row has NaN.
    """
    names, place = np.unique(customer, return_inverse=True)
    means = np.empty((len(names), measured.shape[1]))
    for column in range(measured.shape[1]):
        valid = ~np.isnan(measured[:, column])
        sums = np.bincount(place[valid], measured[valid, column], len(names))
        count = np.bincount(place[valid], minlength=len(names))
        means[:, column] = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    return means


@njit(cache=True, nogil=True)
def _measure(  # type: ignore[no-untyped-def]
    ranked, customers, ends, then, offsets, item, items, gain, ideal
):
    k = ranked.shape[1]
    result = np.full((len(customers), 10), np.nan)
    is_bought, is_known = np.zeros(items, np.bool_), np.zeros(items, np.bool_)
    for at in range(len(customers)):
        low, high = offsets[customers[at]], offsets[customers[at] + 1]
        for row in range(low, high):
            is_known[item[row]] = True
        bought = ends[at + 1] - ends[at]
        repeats = 0
        for row in range(ends[at], ends[at + 1]):
            if then[row] >= 0:
                is_bought[then[row]] = True
                repeats += is_known[then[row]]
        total, hits, again = 0.0, 0, 0
        for spot in range(k):
            name = ranked[at, spot]
            if name >= 0 and is_bought[name]:
                total += gain[spot]
                hits += 1
                again += is_known[name]
        result[at, 8], result[at, 9] = bought, repeats
        if bought > 0:
            result[at, 0], result[at, 3] = hits / bought, min(hits, 1)
            result[at, 1], result[at, 2] = total / ideal[bought], total / ideal[min(bought, k)]
        if repeats > 0:
            result[at, 4], result[at, 5] = again / repeats, min(again, 1)
        if bought > repeats:
            result[at, 6] = (hits - again) / (bought - repeats)
            result[at, 7] = min(hits - again, 1)
        for row in range(low, high):
            is_known[item[row]] = False
        for row in range(ends[at], ends[at + 1]):
            if then[row] >= 0:
                is_bought[then[row]] = False
    return result
