"""Season: which months a product's tags name, and when the data show a family bought.

The index of a family in a month of the year is the month's share of its purchases, against the
share that is usual among the families: growth of the shop, or a December in which everything
sells, leave it at 1. It is shrunk to 1 by `PRIOR` purchases, and taken for 1 all year where the
data are short (under a year, or few purchases) or show no season (highest month under twice the
lowest).

The *clock* of a family runs with its index: after a summer in which a rosé is bought thrice as
often as in winter, six winter months count for two. Gaps and times since a purchase are measured
on it (`core.reco.timing`).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from core.compiled import njit
from core.contracts import fold
from core.reco.history import History
from core.reco.lines import EPOCH
from core.reco.tables import FloatArray, Int32Array

PRIOR = 50.0
LEAST_DAYS, LEAST_PURCHASES = 365, 200
LEAST_EARLY = 10  # purchases that come before a history is taken to begin
LEAST_SWING = 2.0
SEASON_AROUND, STILL_SOLD = 92, 31  # days

# Tags as people write them in French and English, folded as headers are.
MONTHS_OF_TAGS: dict[tuple[str, ...], tuple[int, ...]] = {
    ("printemps", "spring"): (3, 4, 5),
    ("ete", "summer"): (6, 7, 8),
    ("automne", "autumn", "fall"): (9, 10, 11),
    ("hiver", "winter"): (12, 1, 2),
    ("noel", "christmas", "fetes", "fete", "holiday", "holidays"): (11, 12),
    ("paques", "easter"): (3, 4),
    ("vendanges", "harvest"): (9, 10),
    ("janvier", "january"): (1,),
    ("fevrier", "february"): (2,),
    ("mars", "march"): (3,),
    ("avril", "april"): (4,),
    ("mai", "may"): (5,),
    ("juin", "june"): (6,),
    ("juillet", "july"): (7,),
    ("aout", "august"): (8,),
    ("septembre", "september"): (9,),
    ("octobre", "october"): (10,),
    ("novembre", "november"): (11,),
    ("decembre", "december"): (12,),
}
_MONTHS = {tag: months for tags, months in MONTHS_OF_TAGS.items() for tag in tags}


@dataclass(frozen=True, kw_only=True)
class Seasons:
    """`index` (groups, 12) by month from January; `clock` (groups, days) counts seasonal days.

    `group` gives each item its row; row 0 is flat, for items without family or season. The clock
    begins at day `first_day`.
    """

    group: Int32Array
    index: FloatArray
    clock: FloatArray
    first_day: int

    def fit(self, month: int) -> FloatArray:
        """Return the season fit of each item in `month`: 1/2 at index 1, 1 from index 2 on."""
        fit: FloatArray = np.minimum(1.0, self.index[self.group, month - 1] / 2)
        return fit


def parse_months(season_tags: str | None) -> frozenset[int]:
    """Return the months named by `season_tags`; empty when none is recognised.

    >>> sorted(parse_months("Été; noël"))
    [6, 7, 8, 11, 12]
    """
    tags = re.split(r"[,;|/+\s]+", season_tags or "")
    return frozenset(month for tag in tags for month in _MONTHS.get(fold(tag), ()))


def find_seasons(history: History, family: Int32Array, first_day: int, as_of: int) -> Seasons:
    """Return the seasons of families (`family` per item, -1 unknown) as `history` shows them.

    The clock runs from `first_day`, no later than the first purchase, to `as_of`.
    """
    months = _months(first_day, as_of)
    families = int(family.max(initial=-1)) + 1
    counts, since, until = _count_months(
        history.item, history.day, family, families, months, first_day
    )
    index = np.ones((families + 1, 12))
    if as_of - _usual_begin(history, as_of) >= LEAST_DAYS:
        # What came lately and is sold on has not shown its year yet.
        came_lately = (since > as_of - LEAST_DAYS + SEASON_AROUND) & (until > as_of - STILL_SOLD)
        counts[came_lately] = 0
        index[1:] = seasonal_index(counts)
    seasonal = np.flatnonzero(np.any(index != 1, axis=1))
    row_of = np.zeros(families + 1, np.int32)
    row_of[seasonal] = np.arange(1, len(seasonal) + 1)
    index = np.concatenate((np.ones((1, 12)), index[seasonal]))
    return Seasons(
        group=row_of[family + 1],
        index=index,
        clock=np.ascontiguousarray(np.cumsum(index[:, months], axis=1)),
        first_day=first_day,
    )


def _usual_begin(history: History, as_of: int) -> int:
    """Return the day before which `LEAST_EARLY` purchases are, or one in 1,000 where that is more.

    Dates of long ago, of a few purchases, are placeholders.
    """
    few = max(LEAST_EARLY, len(history.day) // 1000)
    return int(np.partition(history.day, few)[few]) if len(history.day) > few else as_of


def no_seasons(items: int, first_day: int, as_of: int) -> Seasons:
    """Return a clock that counts plain days, for histories whose days are no dates."""
    days = as_of - first_day + 1
    return Seasons(
        group=np.zeros(items, np.int32),
        index=np.ones((1, 12)),
        clock=np.arange(1.0, days + 1)[np.newaxis, :],
        first_day=first_day,
    )


def seasonal_index(counts: NDArray[np.int64]) -> FloatArray:
    """Return the index of each row of `counts` (families, 12), flat where no season shows.

    >>> counts = np.full((3, 12), 100)
    >>> counts[0, 6] = 900
    >>> index = seasonal_index(counts)
    >>> bool(index[0, 6] > 1.2), index[1].tolist() == [1.0] * 12
    (True, True)
    """
    of_family = counts.sum(axis=1, keepdims=True)
    expected = of_family * _usual_year(counts)
    index: FloatArray = (counts + PRIOR) / (expected + PRIOR)
    index /= index.mean(axis=1, keepdims=True)
    swing = index.max(axis=1) / index.min(axis=1)
    index[(swing < LEAST_SWING) | (of_family[:, 0] < LEAST_PURCHASES)] = 1.0
    return index


def _usual_year(counts: NDArray[np.int64]) -> FloatArray:
    """Return the share of each month in the year of a family like most.

    It is the median of the families' shares, each as heavy as its purchases: one family that
    sells a lot in summer does not make the others look as if they sold little.
    """
    weight = counts.sum(axis=1)
    if not weight.any():
        return np.full(12, 1 / 12)
    shares = counts / np.maximum(weight, 1)[:, np.newaxis]
    order = np.argsort(shares, axis=0, kind="stable")
    half = np.cumsum(weight[order], axis=0) >= (weight.sum() + 1) // 2
    middle = np.take_along_axis(order, np.argmax(half, axis=0)[np.newaxis, :], axis=0)
    usual: FloatArray = np.take_along_axis(shares, middle, axis=0)[0]
    total = usual.sum()
    return usual / total if total > 0 else np.full(12, 1 / 12)


def _months(first_day: int, last_day: int) -> NDArray[np.int64]:
    """Return the month (0 to 11) of each day."""
    start = EPOCH + timedelta(days=first_day)
    days = np.datetime64(start, "D") + np.arange(last_day - first_day + 1)
    months: NDArray[np.int64] = days.astype("datetime64[M]").astype(np.int64) % 12
    return months


@njit(cache=True, nogil=True)
def _count_months(item, day, family, families, months, first_day):  # type: ignore[no-untyped-def]
    """Return purchases by family and month, and the first and the last day of each family."""
    counts = np.zeros((families, 12), np.int64)
    since, until = np.full(families, first_day + len(months)), np.full(families, first_day)
    for row in range(len(item)):
        if family[item[row]] >= 0 and day[row] - first_day < len(months):
            group = family[item[row]]
            counts[group, months[day[row] - first_day]] += 1
            since[group] = min(since[group], day[row])
            until[group] = max(until[group], day[row])
    return counts, since, until


def month_of(day: int) -> int:
    """Return the month, 1 to 12, of a day since 1970-01-01."""
    found: date = EPOCH + timedelta(days=day)
    return found.month
