"""What a customer buys next: her own items and what goes with them, described for the blend.

For each customer the *candidates* are all items she bought, the `NEAR` items nearest to them, and
the `POPULAR` most popular of the rest (`core.reco.candidates`). Each is described by the numbers of
`core.reco.traits`; a blend of these (`core.reco.blend`) ranks them. No customer is compared with
another one: the work grows with the lines, not with the square of the customers.
"""

from typing import NamedTuple

import numpy as np

from core.compiled import njit
from core.reco.candidates import NEAR, choose
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray
from core.reco.traits import FEATURES, fill_features

RECENT, LONGER = 0.95, 0.98  # per basket
OLDEST_BASKET = 2_000


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
    number = choose(bought, touched, group, known, s)
    baskets = basket[high - 1] - basket[low] + 1
    fill_features(bought, number, today, group, baskets, (high - low) / baskets, day, known, s)
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
