"""What one line of code would propose: the rankings that the recommender must beat.

| baseline | ranks |
|---|---|
| popularity | the same for everybody: in how many baskets an item is, tickets included |
| p_top_freq | the customer's own items by how many of her baskets hold them |
| gp_top_freq | the same, ties by popularity, filled up by popularity |
| last_basket | the items of her last basket by popularity, filled up by popularity |

Total order: what the table says, then the item's bytewise place (`Catalogue.tie`). P-TopFreq and
GP-TopFreq as in Li et al., A Next Basket Recommendation Reality Check (2023).
"""

from collections.abc import Callable

import numpy as np

from core.compiled import njit
from core.reco.backtest.trials import Trial
from core.reco.tables import Int32Array, IntArray

POPULARITY, P_TOP_FREQ, GP_TOP_FREQ, LAST_BASKET = (
    "popularity",
    "p_top_freq",
    "gp_top_freq",
    "last_basket",
)
BASELINES = (POPULARITY, P_TOP_FREQ, GP_TOP_FREQ, LAST_BASKET)


def rank_baselines(trial: Trial, k: int) -> dict[str, Int32Array]:
    """Return the first `k` items of each baseline, int32 (asked, k), -1 for none."""
    order = popular_order(trial)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    shown = order[trial.catalogue.offered[order]].astype(np.int32)
    history, asked = trial.history, trial.asked
    given = (asked.customer, k, history.offsets, history.item, history.basket, history.items)
    nobody = (np.zeros_like(asked.customer), k, np.zeros(2, np.int64), *given[3:])
    rankings: dict[str, Callable[[], Int32Array]] = {
        POPULARITY: lambda: _rank_own(*nobody, False, place, shown),
        P_TOP_FREQ: lambda: _rank_own(*given, False, trial.catalogue.tie, shown[:0]),
        GP_TOP_FREQ: lambda: _rank_own(*given, False, place, shown),
        LAST_BASKET: lambda: _rank_own(*given, True, place, shown),
    }
    return {name: ranking() for name, ranking in rankings.items()}


def popular_order(trial: Trial) -> IntArray:
    """Return all items from the most popular on, ties bytewise."""
    baskets = np.bincount(trial.history.item, minlength=trial.history.items)
    if trial.tickets is not None:
        baskets = baskets + np.bincount(trial.tickets.item, minlength=trial.history.items)
    return np.lexsort((trial.catalogue.tie, -baskets))


@njit(cache=True, nogil=True)
def _rank_own(  # type: ignore[no-untyped-def]
    customers, k, offsets, item, basket, items, last_only, place, popular
):
    """Rank the customers' own items by frequency and `place`, then fill up with `popular`."""
    ranked = np.full((len(customers), k), -1, np.int32)
    times, is_named = np.zeros(items, np.int64), np.zeros(items, np.bool_)
    for at in range(len(customers)):
        low, high = offsets[customers[at]], offsets[customers[at] + 1]
        if last_only and high > low:
            low = high - 1
            while low > offsets[customers[at]] and basket[low - 1] == basket[high - 1]:
                low -= 1
        for row in range(low, high):
            times[item[row]] += 1
        kept = 0
        for row in range(low, high):
            name = item[row]
            if is_named[name]:
                continue
            is_named[name] = True
            if kept == k:
                other = ranked[at, k - 1]
                if times[name] < times[other] or (
                    times[name] == times[other] and place[name] > place[other]
                ):
                    continue
            to = min(kept, k - 1)
            kept = to + 1
            while to > 0:
                other = ranked[at, to - 1]
                if times[other] > times[name] or (
                    times[other] == times[name] and place[other] < place[name]
                ):
                    break
                ranked[at, to] = other
                to -= 1
            ranked[at, to] = name
        for spot in range(len(popular)):
            if kept == k:
                break
            if not is_named[popular[spot]]:
                ranked[at, kept] = popular[spot]
                kept += 1
        for row in range(low, high):
            times[item[row]] = 0
            is_named[item[row]] = False
    return ranked
