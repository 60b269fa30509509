"""The numbers that describe a candidate to the blend.

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

import numpy as np

from core.compiled import njit
from core.reco.timing import expected_log_gap

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


@njit(cache=True, nogil=True)
def fill_features(bought, number, today, group, baskets, size, day, known, s):  # type: ignore[no-untyped-def]
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
