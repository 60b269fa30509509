"""The blend: how much each feature of `core.reco.affinity` weighs for this tenant.

Fitted on the tenant's own past: the last `back` baskets of each customer are taken away (one, or
more while occasions are few and half of the purchases are left), items, neighbours and timing are
learned from the rest, and a conditional logit (`core.reco.logit`) learns
which of the candidates the baskets taken away held. It starts from, and with few data stays near,
`DEFAULT`, the mean of blends fitted to public data of shops of several kinds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.compiled import njit
from core.reco.affinity import Knowledge, describe, make_scratch
from core.reco.candidates import NEAR, POPULAR
from core.reco.history import History
from core.reco.items import Population
from core.reco.logit import Occasions, fit_logit
from core.reco.shards import joined, run_slices, slices_of_rows
from core.reco.tables import FloatArray, IntArray
from core.reco.traits import FEATURES

RIDGE = 5.0
MOST_CUSTOMERS = 100_000
MOST_OCCASIONS = 8_000
ENOUGH_OCCASIONS = 1_500
DEEPEST = 5
LEAST_OCCASIONS = 50  # with fewer, the default blend is used as it is
OCCASIONS_PER_SLICE = 2_000
DIGITS = 6  # the last bits of matrix products are not the same on every processor

# Weight and standard deviation of each feature, over the baskets of a grocer, a gift wholesaler and
# wine drinkers, with and without dates.
PUBLIC_BLEND = {
    "bought": (1.600, 0.499),
    "recent": (0.050, 1.565),
    "recent_root": (1.486, 0.471),
    "longer": (0.346, 0.755),
    "rate_log": (0.111, 1.869),
    "rate": (0.062, 0.167),
    "interest": (0.309, 0.770),
    "late": (-0.190, 1.081),
    "early": (-0.292, 0.539),
    "again_log": (0.614, 1.455),
    "again_recent": (-1.597, 0.154),
    "again": (2.507, 0.153),
    "bought_for_size": (-0.122, 1.393),
    "bought_for_baskets": (0.282, 1.978),
    "recent_for_size": (-0.179, 3.399),
    "recent_for_baskets": (0.034, 8.102),
    "slow_log": (0.123, 1.981),
    "slow_root": (1.140, 0.248),
    "slow": (-0.395, 0.209),
    "fast_root": (1.189, 0.232),
    "fast_log": (0.016, 2.316),
    "all_root": (-2.492, 0.236),
    "all": (0.867, 0.193),
    "bought_slow_log": (0.056, 2.480),
    "bought_slow_root": (0.469, 0.163),
    "bought_all_root": (-0.778, 0.159),
    "slow_for_size": (-0.001, 5.367),
    "slow_for_baskets": (-0.031, 9.766),
    "all_for_baskets": (0.103, 0.552),
    "near": (0.307, 2.178),
    "near_root": (0.150, 1.146),
    "bought_near": (-0.347, 1.662),
    "bought_near_root": (-0.252, 1.040),
    "near_for_baskets": (0.022, 6.629),
    "last": (0.031, 3.107),
    "last_root": (0.108, 0.508),
}
DEFAULT = np.array([PUBLIC_BLEND[name][0] for name in FEATURES])
SCALE = np.array([PUBLIC_BLEND[name][1] for name in FEATURES])


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Weights of `FEATURES`, and the number of occasions they were learned from (0: default)."""

    weights: FloatArray
    occasions: int


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Baskets to be foretold: customer, first row of the basket and row behind it."""

    customer: IntArray
    first: IntArray
    behind: IntArray


def fit_blend(
    history: History,
    population: Population,
    learn: Callable[[History, Population], Knowledge],
    threads: int | None = None,
) -> Blend:
    """Fit the blend on `history`; `learn` makes the knowledge of a history.

    Weights need fewer customers than facts do: `MOST_CUSTOMERS` at most are looked at.
    """
    buyers = np.flatnonzero(np.diff(history.offsets) > 0)
    if len(buyers) > MOST_CUSTOMERS:
        chosen = buyers[_evenly(len(buyers), MOST_CUSTOMERS)]
        history, population = history.some_customers(chosen), population[chosen]
    back = _depth(history)
    targets = _sampled(_targets(history, back))
    if len(targets.customer) < LEAST_OCCASIONS:
        return Blend(weights=DEFAULT, occasions=0)
    known = learn(_without_last(history, back), population)
    occasions = describe_targets(history, population, targets, known, threads)
    weights = np.round(fit_logit(occasions, DEFAULT, SCALE, RIDGE), DIGITS)
    return Blend(weights=weights, occasions=len(targets.customer))


def describe_targets(
    history: History,
    population: Population,
    targets: Targets,
    known: Knowledge,
    threads: int | None = None,
) -> Occasions:
    """Describe the candidates before each target, and say which the target holds."""

    def work(low: int, high: int) -> tuple[np.typing.NDArray[np.generic], ...]:
        return _describe_targets(  # type: ignore[no-any-return]
            targets.customer[low:high], targets.first[low:high], targets.behind[low:high],
            history.offsets, history.item, history.basket, history.day, history.volume,
            history.items, population, known,
        )  # fmt: skip

    slices = slices_of_rows(len(targets.customer), OCCASIONS_PER_SLICE)
    counts, features, taken = joined(list(run_slices(work, slices, threads)))
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    return Occasions(offsets=offsets, features=features, taken=taken)


def _depth(history: History) -> int:
    """Return how many baskets of each customer to take away: enough, and half of all at most."""
    back = 1
    while back < DEEPEST and len(_targets(history, back).customer) < ENOUGH_OCCASIONS:
        _, left = _kept_rows(history.offsets, history.basket, back + 1)
        if 2 * left.sum() < len(history.item):
            break
        back += 1
    return back


def _targets(history: History, back: int) -> Targets:
    """Return the last `back` baskets of each customer that have another one before them."""
    found = _last_baskets(history.offsets, history.basket, back)
    return Targets(customer=found[0], first=found[1], behind=found[2])


def _sampled(targets: Targets) -> Targets:
    """Return `MOST_OCCASIONS` of the targets at most, evenly spread."""
    number = len(targets.customer)
    if number <= MOST_OCCASIONS:
        return targets
    chosen = _evenly(number, MOST_OCCASIONS)
    return Targets(
        customer=targets.customer[chosen],
        first=targets.first[chosen],
        behind=targets.behind[chosen],
    )


def _evenly(number: int, most: int) -> IntArray:
    """Return `most` of the numbers below `number`, evenly spread."""
    return np.arange(most) * number // most


def _without_last(history: History, back: int) -> History:
    """Return `history` without the last `back` baskets of each customer."""
    return history.rows_of(*_kept_rows(history.offsets, history.basket, back))


@njit(cache=True, nogil=True)
def _last_baskets(offsets, basket, back):  # type: ignore[no-untyped-def]
    customers = len(offsets) - 1
    found = np.empty((3, customers * back), np.int64)
    number = 0
    for customer in range(customers):
        low, behind = offsets[customer], offsets[customer + 1]
        for _ in range(back):
            first = behind
            while first > low and basket[first - 1] == basket[behind - 1]:
                first -= 1
            if first <= low:
                break
            found[0, number], found[1, number], found[2, number] = customer, first, behind
            number += 1
            behind = first
    return found[:, :number].copy()


@njit(cache=True, nogil=True)
def _kept_rows(offsets, basket, back):  # type: ignore[no-untyped-def]
    kept = np.zeros(len(basket), np.bool_)
    counts = np.zeros(len(offsets) - 1, np.int64)
    for customer in range(len(offsets) - 1):
        low, high = offsets[customer], offsets[customer + 1]
        if low == high:
            continue
        first_gone = basket[high - 1] - back + 1
        for row in range(low, high):
            if basket[row] < first_gone:
                kept[row] = True
                counts[customer] += 1
    return kept, counts


@njit(cache=True, nogil=True)
def _describe_targets(  # type: ignore[no-untyped-def]
    customers, firsts, behinds, offsets, item, basket, day, volume, items, population, known
):
    most = 0
    for target in range(len(customers)):
        most += min(firsts[target] - offsets[customers[target]], items)
    most += (NEAR + POPULAR) * len(customers)
    counts = np.zeros(len(customers), np.int64)
    features = np.empty((most, len(FEATURES)), np.float64)
    taken = np.zeros(most, np.bool_)
    scratch = make_scratch(items, items + 1)
    is_target = np.zeros(items, np.bool_)
    rows = 0
    for target in range(len(customers)):
        low, first = offsets[customers[target]], firsts[target]
        group = population[customers[target]]
        _, number, _ = describe(
            low, first, np.int64(day[first]), group, item, basket, day, volume, known, scratch
        )
        for row in range(first, behinds[target]):
            is_target[item[row]] = True
        for at in range(number):
            taken[rows + at] = is_target[scratch.item[at]]
        features[rows : rows + number] = scratch.features[:number]
        for row in range(first, behinds[target]):
            is_target[item[row]] = False
        counts[target] = number
        rows += number
    return counts, features[:rows].copy(), taken[:rows].copy()
