"""The pace of a tenant: how far apart purchases are, and how fast the past loses its weight.

Every half-life is a multiple of what the tenant's own data show, so that a grocer whose customers
come twice a week, a winery they visit every other month and bare baskets without dates are read
by the same rules.
"""

from dataclasses import dataclass

import numpy as np

from core.compiled import njit
from core.reco.history import History
from core.reco.tables import FloatArray

INTEREST_GAPS = 40  # typical gaps after which an interest has lost half its weight
SLOW_SHARE, FAST_SHARE = 6, 36  # of the time the baskets cover
SLOW_DAYS, FAST_DAYS = 90.0, 15.0  # popularity forgets no slower than this
LONGEST_GAP = 4_000
FAINTEST = 1e-200  # no weight is 0, by which what was never bought is known


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """Days: typical gap between two baskets of a customer, and half-lives of what is counted."""

    typical_gap: float
    interest_half_life: float
    slow_half_life: float
    fast_half_life: float


def measure_tempo(history: History, as_of: int) -> Tempo:
    """Return the pace of `history` as seen on day `as_of`.

    The typical gap is the median over all pairs of consecutive baskets, one day at least. The
    time covered is the age below which nine in ten baskets are.
    """
    gaps, ages = _histograms(history.offsets, history.basket, history.day, as_of)
    typical = max(1.0, float(_quantile(gaps, 0.5))) if gaps.sum() else 30.0
    covered = max(1.0, float(_quantile(ages, 0.9)))
    return Tempo(
        typical_gap=typical,
        interest_half_life=INTEREST_GAPS * typical,
        slow_half_life=min(SLOW_DAYS, covered / SLOW_SHARE),
        fast_half_life=min(FAST_DAYS, covered / FAST_SHARE),
    )


def decay_table(half_life: float, oldest: int) -> FloatArray:
    """Return the weight of what is 0, 1, … `oldest` days old; half at `half_life` days.

    It halves on, but never falls under `FAINTEST`.
    """
    return np.maximum(np.power(0.5, np.arange(oldest + 1) / half_life), FAINTEST)


def _quantile(histogram: "np.typing.NDArray[np.int64]", share: float) -> int:
    total = np.cumsum(histogram)
    return int(np.searchsorted(total, share * total[-1]))


@njit(cache=True, nogil=True)
def _histograms(offsets, basket, day, as_of):  # type: ignore[no-untyped-def]
    """Return how many gaps of each length there are between baskets, and baskets of each age."""
    gaps = np.zeros(LONGEST_GAP + 1, np.int64)
    ages = np.zeros(LONGEST_GAP + 1, np.int64)
    for customer in range(len(offsets) - 1):
        for row in range(offsets[customer], offsets[customer + 1]):
            is_first = row == offsets[customer]
            if not is_first and basket[row] == basket[row - 1]:
                continue
            ages[min(max(as_of - day[row], 0), LONGEST_GAP)] += 1
            if not is_first:
                gaps[min(day[row] - day[row - 1], LONGEST_GAP)] += 1
    return gaps, ages
