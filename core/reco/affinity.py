"""What a customer buys next: her own items and what goes with them, described for the blend.

For each customer the *candidates* are all items she bought, the `NEAR` items nearest to them, and
the `POPULAR` most popular of the rest. Each is described by the numbers of `FEATURES`; a blend of
these (`core.reco.blend`) ranks them. No customer is compared with another one: the work grows
with the lines, not with the square of the customers.

| feature | meaning |
|---|---|
| bought | 1 for an item bought before |
| recent, recent_root | log and square root of the sum of 0.95 ^ (baskets since) over its baskets |
| longer | log of the same sum with 0.98 |
| rate_log, rate | share of her baskets that hold it |
| interest | log of the sum of 1/2 ^ (days since / interest half-life) |
| late, early | log of the wait against the expected gap, and how far it is under 0 |
| again_log, again, again_recent | repeat rate of the item; times recent_root |
| for_size, for_baskets, … | products with logs of her basket size and of her number of baskets |
| slow …, all | popularity with slow, fast and no decay (`core.reco.items.TERMS`) |
| near, near_root | log and root of the sum of root interest x similarity over her items |
| last, last_root | log and root of the sum of similarities to the items of her last basket |
"""

from typing import NamedTuple

import numpy as np

from core.compiled import njit
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray
from core.reco.timing import expected_log_gap

NEAR, POPULAR = 60, 20
RECENT, LONGER = 0.95, 0.98  # per basket
OLDEST_BASKET = 2_000

FEATURES = (
    "bought", "recent", "recent_root", "longer", "rate_log", "rate", "interest", "late", "early",
    "again_log", "again_recent", "again", "bought_for_size", "bought_for_baskets",
    "recent_for_size", "recent_for_baskets",
    "slow_log", "slow_root", "slow", "fast_root", "fast_log", "all_root", "all",
    "bought_slow_log", "bought_slow_root", "bought_all_root",
    "slow_for_size", "slow_for_baskets", "all_for_baskets",
    "near", "near_root", "bought_near", "bought_near_root", "near_for_baskets",
    "last", "last_root",
)  # fmt: skip


class Knowledge(NamedTuple):
    """What the kernels know of items: by population and item, or by item alone."""

    terms: FloatArray
    neighbour: Int32Array
    strength: FloatArray
    by_popularity: Int32Array
    place: IntArray
    mean_log_gap: FloatArray
    mean_log_volume: FloatArray
    repeat_rate: FloatArray
    clock: FloatArray
    clock_of: Int32Array
    first_day: int
    deviation: float
    shrinkage: float
    elasticity: float
    recent: FloatArray
    longer: FloatArray
    interest: FloatArray


class Scratch(NamedTuple):
    """One customer's candidates and what is summed for them; by item, or by place in the list.

    By place: `item`, `features`, `value`, and of what was bought, which comes first, `times`
    (baskets that hold it), `days_of` (purchase days), `waited` and `expected` (log gap). The others
    are by item, and zero between customers (`last_row` -1).
    """

    item: IntArray
    features: FloatArray
    times: IntArray
    baskets: IntArray
    recent: FloatArray
    longer: FloatArray
    interest: FloatArray
    days: IntArray
    log_gaps: FloatArray
    log_volumes: FloatArray
    volume: FloatArray
    last_row: IntArray
    near: FloatArray
    last: FloatArray
    found: IntArray
    heap: IntArray
    taken: BoolArray
    expected: FloatArray
    waited: FloatArray
    value: FloatArray
    days_of: IntArray


@njit(cache=True, nogil=True)
def make_scratch(items, candidates):  # type: ignore[no-untyped-def]
    """Return scratch for one customer after another: `items` in all, `candidates` at most."""
    return Scratch(
        np.zeros(candidates, np.int64), np.zeros((candidates, len(FEATURES))),
        np.zeros(candidates, np.int64), np.zeros(items, np.int64),
        np.zeros(items), np.zeros(items), np.zeros(items),
        np.zeros(items, np.int64), np.zeros(items), np.zeros(items), np.zeros(items),
        np.full(items, -1, np.int64), np.zeros(items), np.zeros(items),
        np.zeros(items, np.int64), np.zeros(NEAR, np.int64), np.zeros(items, np.bool_),
        np.zeros(candidates), np.zeros(candidates), np.zeros(candidates),
        np.zeros(candidates, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def describe(low, high, today, group, item, basket, day, volume, known, s):  # type: ignore[no-untyped-def]
    """Fill `s` with the candidates of a customer whose rows are `low` to `high - 1`.

    Return how many were bought, how many there are, and in how many baskets. `today` is the day
    as of which she is looked at, `group` her population.
    """
    s_taken = s.taken
    s_item = s.item
    s_baskets = s.baskets
    s_days = s.days
    s_recent = s.recent
    s_longer = s.longer
    s_interest = s.interest
    s_log_gaps = s.log_gaps
    s_log_volumes = s.log_volumes
    s_volume = s.volume
    s_near = s.near
    s_last = s.last
    s_last_row = s.last_row
    s_found = s.found
    bought = _sum_own(low, high, today, item, basket, day, volume, known, s)
    touched = _sum_near(bought, basket[high - 1], group, basket, known, s)
    number = _choose(bought, touched, group, known, s)
    baskets = basket[high - 1] - basket[low] + 1
    _fill_features(bought, number, today, group, baskets, (high - low) / baskets, day, known, s)
    for at in range(number):
        s_taken[s_item[at]] = False
    for at in range(bought):
        name = s_item[at]
        s_baskets[name] = s_days[name] = 0
        s_recent[name] = s_longer[name] = s_interest[name] = 0.0
        s_log_gaps[name] = s_log_volumes[name] = s_volume[name] = 0.0
        s_near[name] = s_last[name] = 0.0
        s_last_row[name] = -1
    for at in range(touched):
        s_near[s_found[at]] = s_last[s_found[at]] = 0.0
    return bought, number, baskets


@njit(cache=True, nogil=True)
def weigh(number, weights, s):  # type: ignore[no-untyped-def]
    """Fill `value`: the weighted sum of each candidate's features."""
    s_features = s.features
    s_value = s.value
    for at in range(number):
        total = 0.0
        for feature in range(len(weights)):
            total += weights[feature] * s_features[at, feature]
        s_value[at] = total


@njit(cache=True, nogil=True)
def _sum_own(low, high, today, item, basket, day, volume, known, s):  # type: ignore[no-untyped-def]
    """Sum over the customer's own rows; return how many different items they hold."""
    s_baskets = s.baskets
    s_item = s.item
    s_recent = s.recent
    s_longer = s.longer
    s_interest = s.interest
    s_last_row = s.last_row
    s_volume = s.volume
    s_log_gaps = s.log_gaps
    s_log_volumes = s.log_volumes
    s_days = s.days
    known_recent = known.recent
    known_longer = known.longer
    known_interest = known.interest
    known_clock_of = known.clock_of
    known_clock = known.clock
    known_first_day = known.first_day
    bought, last_basket = 0, basket[high - 1]
    for row in range(low, high):
        name = item[row]
        age = min(last_basket - basket[row], OLDEST_BASKET)
        if s_baskets[name] == 0:
            s_item[bought] = name
            bought += 1
        s_baskets[name] += 1
        s_recent[name] += known_recent[age]
        s_longer[name] += known_longer[age]
        s_interest[name] += known_interest[min(max(today - day[row], 0), len(known_interest) - 1)]
        before = s_last_row[name]
        if before >= 0 and day[before] == day[row]:
            s_volume[name] += volume[row]
        else:
            if before >= 0:
                of = known_clock_of[name]
                gap = (
                    known_clock[of, day[row] - known_first_day]
                    - known_clock[of, day[before] - known_first_day]
                )
                s_log_gaps[name] += np.log(max(gap, 0.5))
                s_log_volumes[name] += np.log(max(s_volume[name], 1.0))
            s_days[name] += 1
            s_volume[name] = volume[row]
        s_last_row[name] = row
    return bought


@njit(cache=True, nogil=True)
def _sum_near(bought, last_basket, group, basket, known, s):  # type: ignore[no-untyped-def]
    """Sum similarities over the customer's items; return how many others are near."""
    s_item = s.item
    s_interest = s.interest
    s_last_row = s.last_row
    s_near = s.near
    s_baskets = s.baskets
    s_found = s.found
    s_last = s.last
    known_neighbour = known.neighbour
    known_strength = known.strength
    touched = 0
    for at in range(bought):
        own = s_item[at]
        weight = np.sqrt(s_interest[own])
        in_last = basket[s_last_row[own]] == last_basket
        for spot in range(known_neighbour.shape[2]):
            other = known_neighbour[group, own, spot]
            if other < 0:
                break
            if s_near[other] == 0.0 and s_baskets[other] == 0:
                s_found[touched] = other
                touched += 1
            strength = known_strength[group, own, spot]
            s_near[other] += weight * strength
            if in_last:
                s_last[other] += strength
    return touched


@njit(cache=True, nogil=True)
def _choose(bought, touched, group, known, s):  # type: ignore[no-untyped-def]
    """Put the `NEAR` nearest and the `POPULAR` most popular behind what was bought."""
    s_found = s.found
    s_heap = s.heap
    s_near = s.near
    s_taken = s.taken
    s_item = s.item
    known_place = known.place
    known_by_popularity = known.by_popularity
    kept = 0  # a heap, the weakest on top
    for at in range(touched):
        other = s_found[at]
        if kept == NEAR:
            top = s_heap[0]
            if s_near[other] < s_near[top] or (
                s_near[other] == s_near[top] and known_place[group, other] > known_place[group, top]
            ):
                continue
            spot = 0
            while True:
                child = 2 * spot + 1
                if child >= kept:
                    break
                if child + 1 < kept and _weaker(s_heap[child + 1], s_heap[child], group, known, s):
                    child += 1
                if _weaker(other, s_heap[child], group, known, s):
                    break
                s_heap[spot] = s_heap[child]
                spot = child
            s_heap[spot] = other
        else:
            spot = kept
            kept += 1
            while spot > 0 and _weaker(other, s_heap[(spot - 1) // 2], group, known, s):
                s_heap[spot] = s_heap[(spot - 1) // 2]
                spot = (spot - 1) // 2
            s_heap[spot] = other
    number = bought
    for at in range(bought):
        s_taken[s_item[at]] = True
    for at in range(kept):
        s_item[number] = s_heap[at]
        s_taken[s_heap[at]] = True
        number += 1
    most = number + POPULAR
    for spot in range(known_by_popularity.shape[1]):
        if number == most:
            break
        other = known_by_popularity[group, spot]
        if not s_taken[other]:
            s_taken[other] = True
            s_item[number] = other
            number += 1
    return number


@njit(cache=True, nogil=True, inline="always")
def _weaker(one, other, group, known, s):  # type: ignore[no-untyped-def]
    if s.near[one] != s.near[other]:
        return s.near[one] < s.near[other]
    return known.place[group, one] > known.place[group, other]


@njit(cache=True, nogil=True)
def _fill_features(bought, number, today, group, baskets, size, day, known, s):  # type: ignore[no-untyped-def]
    """Fill `features`, `times`, `waited` and `expected` (m of `timing`) of every candidate."""
    s_item = s.item
    s_near = s.near
    s_features = s.features
    s_times = s.times
    s_days_of = s.days_of
    s_baskets = s.baskets
    s_days = s.days
    s_recent = s.recent
    s_longer = s.longer
    s_interest = s.interest
    s_volume = s.volume
    s_expected = s.expected
    s_log_gaps = s.log_gaps
    s_log_volumes = s.log_volumes
    s_last_row = s.last_row
    s_waited = s.waited
    s_last = s.last
    known_terms = known.terms
    known_mean_log_gap = known.mean_log_gap
    known_mean_log_volume = known.mean_log_volume
    known_shrinkage = known.shrinkage
    known_elasticity = known.elasticity
    known_clock_of = known.clock_of
    known_first_day = known.first_day
    known_clock = known.clock
    for_size, for_baskets = np.log(size), np.log(baskets)
    for at in range(number):
        name = s_item[at]
        slow_log, slow_root = known_terms[group, name, 0], known_terms[group, name, 1]
        all_root = known_terms[group, name, 5]
        near, near_root = np.log(s_near[name] + 1e-3), np.sqrt(s_near[name])
        for feature in range(16):
            s_features[at, feature] = 0.0
        for feature in range(23, 33):
            s_features[at, feature] = 0.0
        s_times[at] = 0
        if at < bought:
            s_times[at], s_days_of[at] = s_baskets[name], s_days[name]
            recent, root = np.log(s_recent[name] + 1e-4), np.sqrt(s_recent[name])
            s_features[at, 0], s_features[at, 1], s_features[at, 2] = 1.0, recent, root
            s_features[at, 3] = np.log(s_longer[name] + 1e-4)
            rate = s_baskets[name] / baskets
            s_features[at, 4], s_features[at, 5] = np.log(rate), rate
            s_features[at, 6] = np.log(s_interest[name] + 1e-4)
            log_volume = np.log(max(s_volume[name], 1.0))
            s_expected[at] = expected_log_gap(
                s_days[name] - 1, s_log_gaps[name], s_log_volumes[name] + log_volume, log_volume,
                known_mean_log_gap[name], known_mean_log_volume[name],
                known_shrinkage, known_elasticity,
            )  # fmt: skip
            of, since = known_clock_of[name], day[s_last_row[name]] - known_first_day
            s_waited[at] = known_clock[of, today - known_first_day] - known_clock[of, since]
            late = np.log(max(s_waited[at], 0.5)) - s_expected[at]
            s_features[at, 7], s_features[at, 8] = late, max(0.0, -late)
            again = known_terms[group, name, 8]
            s_features[at, 9], s_features[at, 11] = known_terms[group, name, 7], again
            s_features[at, 10] = again * root
            s_features[at, 12], s_features[at, 13] = for_size, for_baskets
            s_features[at, 14], s_features[at, 15] = recent * for_size, recent * for_baskets
            s_features[at, 23], s_features[at, 24] = slow_log, slow_root
            s_features[at, 25] = all_root
            s_features[at, 31], s_features[at, 32] = near, near_root
        for term in range(7):
            s_features[at, 16 + term] = known_terms[group, name, term]
        s_features[at, 26], s_features[at, 27] = slow_log * for_size, slow_log * for_baskets
        s_features[at, 28] = all_root * for_baskets
        s_features[at, 29], s_features[at, 30] = near, near_root
        s_features[at, 33] = near * for_baskets
        s_features[at, 34] = np.log(s_last[name] + 1e-3)
        s_features[at, 35] = np.sqrt(s_last[name])
