"""When a customer buys an item again: the expected gap, and the chance that the habit is alive.

A renewal model with a cure fraction. Gaps between a customer's purchase days of an item, on the
family's seasonal clock (`core.reco.season`), are log-logistic. Their log-mean for the pair is

    m = (sum of log gaps + k x mean of the item) / (gaps + k)
        + e x (log last volume - usual log volume)

where k is the variance of log gaps within pairs over that between pairs, the mean of the item is
shrunk to its family's and that to the tenant's, and e is how much longer a larger purchase lasts
(the slope of log gaps on log volumes within pairs, 0 to 1). The chance that the next purchase
would have come within t is F(t) = 1 / (1 + exp(-(log t - m) / s)), with

    s = sqrt(3) / pi x (standard deviation of log gaps within pairs) x sqrt(1 + 1 / (gaps + k))

After each purchase the customer buys again with probability r (by item and number of purchases,
estimated as repeats / (repeats + sum of F(t) over those still waiting), so that who has had no
time yet does not count against the item). Having waited t, the habit is alive with probability

    alive = r (1 - F) / (r (1 - F) + 1 - r)

and due = min(1, 2 F) x alive: it rises until half of the customers would have come back and falls
as the habit dies. Against the modified Poisson-Gamma of Bhagat et al. (KDD 2018) on two public
data sets it tells who buys again within a month as well, and its probabilities are calibrated
(`benchmarks/recommender/`).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from core.compiled import njit
from core.reco.history import History
from core.reco.season import Seasons
from core.reco.tables import FloatArray, Int32Array

ITEM_PRIOR, FAMILY_PRIOR = 5.0, 10.0  # gaps' worth of the wider level
REPEAT_PRIOR = 10.0  # purchases' worth of the tenant's repeat rate
LEVELS = 4  # first, second, third, later purchase: the repeat rate rises with each
DEFAULT_DEVIATION, DEFAULT_SHRINKAGE, DEFAULT_ELASTICITY = 0.8, 2.0, 0.5
LEAST_GAPS = 30  # for the deviation; ten times as many for the elasticity
LONGEST_STRETCH = np.log(3.0)  # a large or small last purchase counts for no more than this factor
LOGISTIC = np.sqrt(3.0) / np.pi  # scale of a logistic distribution with standard deviation 1
DUE_FROM, LATE_FROM, LOST_FROM = 0.25, 0.75, 0.975  # of F


class DueState(IntEnum):
    """How far the wait for the next purchase has come, by F(t)."""

    TOO_EARLY = 0
    DUE = 1
    LATE = 2
    LOST = 3


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The fitted model: per item the mean log gap, mean log volume, and repeat rates by level.

    `deviation` is the standard deviation of log gaps within pairs, `shrinkage` the k and
    `elasticity` the e of the module's text.
    """

    mean_log_gap: FloatArray
    mean_log_volume: FloatArray
    repeat_rate: FloatArray  # (LEVELS, items)
    deviation: float
    shrinkage: float
    elasticity: float


def fit_timing(
    history: History, family: Int32Array, seasons: Seasons, as_of: int, default_gap: float
) -> Timing:
    """Fit the model on `history`; `default_gap` stands in for a tenant without repeats."""
    sums = _sum_gaps(
        history.offsets, history.item, history.day, history.volume,
        history.items, seasons.clock, seasons.group, seasons.first_day,
    )  # fmt: skip
    gaps, log_gaps, squares, volumes, log_volumes, within = sums
    shrunk = _shrunk_means(gaps, log_gaps, family, np.log(default_gap))
    deviation, shrinkage, elasticity = _spread(gaps, log_gaps, squares, within)
    mean_volume = float(log_volumes.sum() / max(volumes.sum(), 1))
    timing = Timing(
        mean_log_gap=shrunk,
        mean_log_volume=(log_volumes + ITEM_PRIOR * mean_volume) / (volumes + ITEM_PRIOR),
        repeat_rate=np.ones((LEVELS, history.items)),
        deviation=deviation,
        shrinkage=shrinkage,
        elasticity=elasticity,
    )
    return _with_repeat_rates(timing, history, seasons, as_of)


def _shrunk_means(
    gaps: FloatArray, log_gaps: FloatArray, family: Int32Array, default: float
) -> FloatArray:
    """Return the mean log gap of each item, shrunk to its family's, that to the tenant's."""
    tenant = (log_gaps.sum() + default) / (gaps.sum() + 1)
    groups = family + 1
    n, total = np.bincount(groups, gaps, 1), np.bincount(groups, log_gaps, 1)
    of_family = (total + FAMILY_PRIOR * tenant) / (n + FAMILY_PRIOR)
    of_family[0] = tenant
    means: FloatArray = (log_gaps + ITEM_PRIOR * of_family[groups]) / (gaps + ITEM_PRIOR)
    return means


def _spread(
    gaps: FloatArray, log_gaps: FloatArray, squares: FloatArray, within: FloatArray
) -> tuple[float, float, float]:
    """Return deviation within pairs, shrinkage of pairs and elasticity; defaults where few."""
    residual, freedom, both, volume = within
    n = gaps.sum()
    if freedom < LEAST_GAPS:
        return DEFAULT_DEVIATION, DEFAULT_SHRINKAGE, DEFAULT_ELASTICITY
    variance = max(residual / freedom, 0.01)
    total = max(squares.sum() / n - (log_gaps.sum() / n) ** 2, 0.01)
    shrinkage = float(np.clip(variance / max(total - variance, 0.05), 0.5, 10.0))
    elasticity = DEFAULT_ELASTICITY
    if freedom >= 10 * LEAST_GAPS and volume > 0:
        elasticity = float(np.clip(both / volume, 0.0, 1.0))
    return float(np.sqrt(variance)), shrinkage, elasticity


def _with_repeat_rates(timing: Timing, history: History, seasons: Seasons, as_of: int) -> Timing:
    repeats, waits = _count_repeats(
        history.offsets, history.item, history.day, history.volume, history.items,
        seasons.clock, seasons.group, seasons.first_day, as_of,
        timing.mean_log_gap, timing.mean_log_volume,
        timing.deviation, timing.shrinkage, timing.elasticity,
    )  # fmt: skip
    tenant = (repeats.sum(axis=1) + 1) / (repeats.sum(axis=1) + waits.sum(axis=1) + 2)
    rates = (repeats + REPEAT_PRIOR * tenant[:, None]) / (repeats + waits + REPEAT_PRIOR)
    return Timing(
        mean_log_gap=timing.mean_log_gap,
        mean_log_volume=timing.mean_log_volume,
        repeat_rate=np.minimum(rates, 0.99),
        deviation=timing.deviation,
        shrinkage=timing.shrinkage,
        elasticity=timing.elasticity,
    )


@njit(cache=True, nogil=True, inline="always")
def expected_log_gap(  # type: ignore[no-untyped-def]
    gaps, log_gaps, log_volumes, last_log_volume, item_gap, item_volume, shrinkage, elasticity
):
    """Return m: log of the gap expected after the last purchase of a pair.

    `gaps` and `log_gaps` are the number and the sum of the pair's log gaps, `log_volumes` the sum
    over its gaps + 1 purchases.
    """
    mean = (log_gaps + shrinkage * item_gap) / (gaps + shrinkage)
    usual = (log_volumes + shrinkage * item_volume) / (gaps + 1 + shrinkage)
    stretch = elasticity * (last_log_volume - usual)
    return mean + min(max(stretch, -LONGEST_STRETCH), LONGEST_STRETCH)


@njit(cache=True, nogil=True, inline="always")
def chance_by_now(waited, expected, gaps, deviation, shrinkage):  # type: ignore[no-untyped-def]
    """Return F(waited): the chance that the next purchase would have come; `expected` is m."""
    scale = LOGISTIC * deviation * np.sqrt(1 + 1 / (gaps + shrinkage))
    return 1 / (1 + np.exp(-(np.log(max(waited, 0.5)) - expected) / scale))


@njit(cache=True, nogil=True, inline="always")
def chance_alive(chance, rate):  # type: ignore[no-untyped-def]
    """Return the probability that the habit is alive, from F and the repeat rate r."""
    still = rate * (1 - chance)
    return still / (still + 1 - rate)


@njit(cache=True, nogil=True, inline="always")
def due_state(chance):  # type: ignore[no-untyped-def]
    """Return the number of the `DueState` at F."""
    if chance < DUE_FROM:
        return 0
    if chance < LATE_FROM:
        return 1
    return 2 if chance < LOST_FROM else 3


@njit(cache=True, nogil=True)
def _sum_gaps(offsets, item, day, volume, items, clock, group, first_day):  # type: ignore[no-untyped-def]
    """Return per item gaps, sums of log gaps and of their squares, purchases, sums of log volumes.

    Last, over all pairs: squared residuals, degrees of freedom, and the sums of products
    (gap x volume, volume x volume) from which the elasticity comes.
    """
    gaps, log_gaps, squares = np.zeros(items), np.zeros(items), np.zeros(items)
    purchases, log_volumes = np.zeros(items), np.zeros(items)
    within = np.zeros(4)
    n, s, ss = np.zeros(items), np.zeros(items), np.zeros(items)  # of the pair at hand
    q, qq, sq = np.zeros(items), np.zeros(items), np.zeros(items)
    last, bought = np.full(items, -1, np.int64), np.zeros(items)
    for customer in range(len(offsets) - 1):
        low, high = offsets[customer], offsets[customer + 1]
        for row in range(low, high):
            name = item[row]
            if last[name] >= 0 and day[row] == day[last[name]]:
                bought[name] += volume[row]
                continue
            if last[name] >= 0:
                ticks = clock[group[name]]
                gap = ticks[day[row] - first_day] - ticks[day[last[name]] - first_day]
                log_gap, log_volume = np.log(max(gap, 0.5)), np.log(max(bought[name], 1.0))
                n[name] += 1
                s[name] += log_gap
                ss[name] += log_gap * log_gap
                q[name] += log_volume
                qq[name] += log_volume * log_volume
                sq[name] += log_gap * log_volume
                purchases[name] += 1
                log_volumes[name] += log_volume
            last[name] = row
            bought[name] = volume[row]
        for row in range(low, high):
            name = item[row]
            if last[name] < 0:
                continue
            purchases[name] += 1
            log_volumes[name] += np.log(max(bought[name], 1.0))
            if n[name] > 0:
                gaps[name] += n[name]
                log_gaps[name] += s[name]
                squares[name] += ss[name]
            if n[name] > 1:
                within[0] += ss[name] - s[name] * s[name] / n[name]
                within[1] += n[name] - 1
                within[2] += sq[name] - s[name] * q[name] / n[name]
                within[3] += qq[name] - q[name] * q[name] / n[name]
            n[name] = s[name] = ss[name] = q[name] = qq[name] = sq[name] = 0.0
            last[name] = -1
    return gaps, log_gaps, squares, purchases, log_volumes, within


@njit(cache=True, nogil=True)
def _count_repeats(  # type: ignore[no-untyped-def]
    offsets, item, day, volume, items, clock, group, first_day, as_of,
    item_gap, item_volume, deviation, shrinkage, elasticity,
):  # fmt: skip
    """Return, by level and item, who bought again and the sum of F over who still waits."""
    repeats, waits = np.zeros((LEVELS, items)), np.zeros((LEVELS, items))
    days, log_gaps, volumes = np.zeros(items, np.int64), np.zeros(items), np.zeros(items)
    last, bought = np.full(items, -1, np.int64), np.zeros(items)
    today = as_of - first_day
    for customer in range(len(offsets) - 1):
        low, high = offsets[customer], offsets[customer + 1]
        for row in range(low, high):
            name = item[row]
            if last[name] >= 0 and day[row] == day[last[name]]:
                bought[name] += volume[row]
                continue
            if last[name] >= 0:
                ticks = clock[group[name]]
                gap = ticks[day[row] - first_day] - ticks[day[last[name]] - first_day]
                log_gaps[name] += np.log(max(gap, 0.5))
                volumes[name] += np.log(max(bought[name], 1.0))
                repeats[min(days[name], LEVELS) - 1, name] += 1
            days[name] += 1
            last[name] = row
            bought[name] = volume[row]
        for row in range(low, high):
            name = item[row]
            if last[name] < 0:
                continue
            ticks = clock[group[name]]
            waited = ticks[today] - ticks[day[last[name]] - first_day]
            log_volume = np.log(max(bought[name], 1.0))
            expected = expected_log_gap(
                days[name] - 1, log_gaps[name], volumes[name] + log_volume, log_volume,
                item_gap[name], item_volume[name], shrinkage, elasticity,
            )  # fmt: skip
            chance = chance_by_now(waited, expected, days[name] - 1, deviation, shrinkage)
            waits[min(days[name], LEVELS) - 1, name] += chance
            days[name], log_gaps[name], volumes[name], last[name] = 0, 0.0, 0.0, -1
    return repeats, waits
