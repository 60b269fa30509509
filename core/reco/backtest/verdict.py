"""Is the recommender better than the best baseline, or could it be chance?

Paired: each customer is her own comparison, so that what is hard or easy about her cancels out.
The interval is the percentile bootstrap over customers (Efron and Tibshirani, 1993, ch. 13).

A difference matters from `MATTERS` of the baseline's figure on. So many customers are *enough*
that such a difference, if it were there, would be seen in four of five samples:

    enough = ((1.96 + 0.84) x standard deviation of the differences / difference that matters)^2
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.reco.tables import FloatArray

RESAMPLES = 1_000
LEAST_CUSTOMERS = 30
MATTERS, LEAST_MATTERING = 0.05, 0.001
SEEN_AT, SEEN_IN = 1.96, 0.8416  # normal quantiles of 97.5 % and 80 %
LOW, HIGH = 0.025, 0.975


class Verdict(StrEnum):
    """What a comparison says."""

    BETTER = "better"
    NO_DIFFERENCE = "no_difference"
    WORSE = "worse"
    NOT_ENOUGH = "not_enough_data"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A paired comparison of means over customers, with its interval of 95 %.

    `matters` is the least difference that matters, `enough` the number of customers with whom it
    would be seen;
    `standard_error` and the bounds are None without customers.
    """

    ours: float
    theirs: float
    difference: float
    low: float | None
    high: float | None
    standard_error: float | None
    customers: int
    matters: float
    enough: int
    verdict: Verdict

    @property
    def is_small(self) -> bool:
        """Tell whether the whole interval holds no difference that matters."""
        bounds = (self.low, self.high)
        return all(bound is not None and abs(bound) < self.matters for bound in bounds)


def compare(ours: FloatArray, theirs: FloatArray, rng: np.random.Generator) -> Comparison:
    """Compare two figures per customer, in the same order of customers."""
    number = len(ours)
    if number == 0:
        return Comparison(
            ours=0.0, theirs=0.0, difference=0.0, low=None, high=None, standard_error=None,
            customers=0, matters=LEAST_MATTERING, enough=LEAST_CUSTOMERS,
            verdict=Verdict.NOT_ENOUGH,
        )  # fmt: skip
    differences = ours - theirs
    low, high = bootstrap_interval(differences, rng)
    deviation = float(differences.std(ddof=1)) if number > 1 else 0.0
    baseline = float(theirs.mean())
    spread = deviation
    if not differences.any() and baseline < 1:  # of n equal ones, up to 3 / n may differ
        spread = float(np.sqrt(3 / number))
    enough = customers_enough(spread, baseline)
    return Comparison(
        ours=float(ours.mean()),
        theirs=baseline,
        difference=float(differences.mean()),
        low=low,
        high=high,
        standard_error=deviation / float(np.sqrt(number)),
        customers=number,
        matters=_mattering(baseline),
        enough=enough,
        verdict=_conclude(low, high, number, enough),
    )


def bootstrap_interval(differences: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the bounds between which 95 % of the means of resampled customers lie."""
    number = len(differences)
    means = [differences[rng.integers(0, number, number)].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (LOW, HIGH))
    return float(low), float(high)


def customers_enough(deviation: float, baseline: float) -> int:
    """Return how many customers would show a difference that matters.

    >>> customers_enough(0.1, 0.2)
    785
    """
    needed = ((SEEN_AT + SEEN_IN) * deviation / _mattering(baseline)) ** 2
    return max(LEAST_CUSTOMERS, int(np.ceil(needed)))


def _mattering(baseline: float) -> float:
    return max(MATTERS * baseline, LEAST_MATTERING)


def _conclude(low: float, high: float, number: int, enough: int) -> Verdict:
    if number < LEAST_CUSTOMERS:
        return Verdict.NOT_ENOUGH
    if low > 0:
        return Verdict.BETTER
    if high < 0:
        return Verdict.WORSE
    return Verdict.NO_DIFFERENCE if number >= enough else Verdict.NOT_ENOUGH
