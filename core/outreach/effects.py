"""What a campaign did: those it was for against those held out of it by lot.

Intervals are of 95 %. Of buyers: the difference of two shares by Newcombe's hybrid score method
(Statistics in Medicine 17, 1998, method 10), right also where nobody bought. Of orders and revenue
per customer: Student's, with one variance of both sides. Welch's takes that of the few held-out
buyers by itself, who seldom have the dearest baskets: of lognormal baskets of 1,800 and 200
customers it held the truth in 91 of 100 worlds, Student's in 95 (decision record 10). The lift that
could have been seen is the one that four of five samples show: where its interval, less 0.84
standard errors, begins above 0; (1.96 + 0.84) x standard error of means.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from scipy.special import stdtrit

Z = 1.959963984540054  # normal quantile of 97.5 %
SEEN_IN = 0.8416212335729143  # and of 80 %
UPPER = 0.975
_HALVINGS = 30

LEAST_CUSTOMERS = 30
"""On each side; with fewer no interval is believed."""


class Measure(StrEnum):
    """What is compared, per customer."""

    BUYERS = "buyers"
    ORDERS = "orders"
    REVENUE = "revenue"


class Verdict(StrEnum):
    """What a comparison says of those written to."""

    HIGHER = "higher"
    LOWER = "lower"
    NOT_ENOUGH = "not_enough_data"


class Doubt(StrEnum):
    """Why there is not enough data, the first that holds."""

    NOT_SENT = "not_sent"
    NO_HOLDOUT = "no_holdout"
    WINDOW_OPEN = "window_open"
    SALES_MISSING = "sales_missing"
    FEW_CUSTOMERS = "few_customers"
    WITHIN_CHANCE = "within_chance"


@dataclass(frozen=True, kw_only=True)
class Group:
    """What the customers of one side bought, as exact sums; amounts in cents.

    `..._squared` are sums of the squares of each customer's figure.
    """

    customers: int
    buyers: int = 0
    orders: int = 0
    orders_squared: int = 0
    revenue: int = 0
    revenue_squared: int = 0

    def __add__(self, other: "Group") -> "Group":
        """Return both groups as one."""
        return Group(**{name: value + vars(other)[name] for name, value in vars(self).items()})

    def mean(self, measure: Measure) -> float:
        """Return the figure per customer; cents for revenue, 0 without customers."""
        return int(getattr(self, measure)) / self.customers if self.customers else 0.0

    def variance(self, measure: Measure) -> float:
        """Return the sample variance of orders or revenue between customers."""
        n, total = self.customers, int(getattr(self, measure))
        squares = int(getattr(self, f"{measure}_squared"))
        return (n * squares - total**2) / (n * (n - 1)) if n > 1 else 0.0


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One measure of both sides per customer (revenue in cents), and their difference.

    `visible` is the smallest lift that could have been seen; it, the difference and its bounds are
    None where there is nothing to compare. `doubt` is None unless data are not enough.
    """

    measure: Measure
    treated: float
    held_out: float
    difference: float | None
    low: float | None
    high: float | None
    visible: float | None
    verdict: Verdict
    doubt: Doubt | None


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The two groups of one campaign."""

    treated: Group
    held_out: Group


def compute_effect(measure: Measure, sides: Sides, doubt: Doubt | None = None) -> Effect:
    """Compare both sides; `doubt` is what is known to stand against a verdict."""
    treated, held_out = sides.treated, sides.held_out
    difference = low = high = visible = None
    if min(treated.customers, held_out.customers) > 1:
        difference = treated.mean(measure) - held_out.mean(measure)
        low, high = (
            share_interval(treated, held_out)
            if measure is Measure.BUYERS
            else mean_interval(measure, sides)
        )
        visible = (
            visible_share(sides)
            if measure is Measure.BUYERS
            else (Z + SEEN_IN) * standard_error(measure, sides)
        )
    return judged(
        measure,
        (treated.mean(measure), held_out.mean(measure)),
        (difference, low, high, visible),
        doubt or doubt_of(treated, held_out),
    )


def share_interval(one: Group, other: Group) -> tuple[float, float]:
    """Return the bounds of the share of buyers of `one` less that of `other` (Newcombe).

    >>> a, b = Group(customers=70, buyers=56), Group(customers=80, buyers=48)
    >>> [round(bound, 4) for bound in share_interval(a, b)]
    [0.0524, 0.3339]
    """
    shares = one.mean(Measure.BUYERS), other.mean(Measure.BUYERS)
    return _newcombe(shares, (one.customers, other.customers))


def _newcombe(shares: tuple[float, float], customers: tuple[int, int]) -> tuple[float, float]:
    p, q = shares
    (p_low, p_high), (q_low, q_high) = map(_wilson, shares, customers)
    below = sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    above = sqrt((p_high - p) ** 2 + (q - q_low) ** 2)
    return p - q - below, p - q + above


def _wilson(p: float, n: int) -> tuple[float, float]:
    """Return the bounds of a share `p` of `n` (Wilson's score interval)."""
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def visible_share(sides: Sides) -> float | None:
    """Return the smallest lift of the share of buyers that would be seen, None when none would."""
    share = (sides.held_out.buyers + 1) / (sides.held_out.customers + 2)
    customers = sides.treated.customers, sides.held_out.customers
    low, high = 0.0, 1 - share
    if not _is_seen(share, high, customers):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _is_seen(share, middle, customers) else (middle, high)
    return high


def _is_seen(share: float, lift: float, customers: tuple[int, int]) -> bool:
    shares = share + lift, share
    error = sqrt(sum(p * (1 - p) / n for p, n in zip(shares, customers, strict=True)))
    return _newcombe(shares, customers)[0] > SEEN_IN * error


def mean_interval(measure: Measure, sides: Sides) -> tuple[float, float]:
    """Return the bounds of the treated mean less the held-out one (Student)."""
    difference = sides.treated.mean(measure) - sides.held_out.mean(measure)
    freedom = sides.treated.customers + sides.held_out.customers - 2
    half = float(stdtrit(freedom, UPPER)) * standard_error(measure, sides)
    return difference - half, difference + half


def standard_error(measure: Measure, sides: Sides) -> float:
    """Return the standard error of a difference, with one variance for both sides.

    That of a few held-out buyers rises with what they happened to buy: weights by it would favour
    campaigns whose held-out bought little. For shares a buyer and another customer are added to
    each side (Agresti and Caffo, 2000), so that it is never 0.
    """
    treated, held_out = sides.treated, sides.held_out
    if measure is Measure.BUYERS:
        a, b = treated.customers + 2, held_out.customers + 2
        share = (treated.buyers + held_out.buyers + 2) / (a + b)
        return sqrt(share * (1 - share) * (1 / a + 1 / b))
    a, b = treated.customers, held_out.customers
    within = (a - 1) * treated.variance(measure) + (b - 1) * held_out.variance(measure)
    return sqrt(within / (a + b - 2) * (1 / a + 1 / b))


def doubt_of(treated: Group, held_out: Group) -> Doubt | None:
    """Return why sides of this size say nothing, None when they may."""
    if held_out.customers == 0:
        return Doubt.NO_HOLDOUT
    if min(treated.customers, held_out.customers) < LEAST_CUSTOMERS:
        return Doubt.FEW_CUSTOMERS
    return None


def judged(
    measure: Measure,
    means: tuple[float, float],
    found: tuple[float | None, float | None, float | None, float | None],
    doubt: Doubt | None,
) -> Effect:
    """Return the effect of two `means`, `found` as difference, low, high and visible."""
    difference, low, high, visible = found
    verdict = Verdict.NOT_ENOUGH
    if doubt is None and low is not None and high is not None:
        if low <= 0 <= high:
            doubt = Doubt.WITHIN_CHANCE
        else:
            verdict = Verdict.HIGHER if low > 0 else Verdict.LOWER
    treated, held_out = means
    return Effect(
        measure=measure,
        treated=treated,
        held_out=held_out,
        difference=difference,
        low=low,
        high=high,
        visible=visible,
        verdict=verdict,
        doubt=doubt,
    )
