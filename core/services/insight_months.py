"""Seasons and family mix, worked out from the months that a run counted.

A month counts for the season when sales begin by its 7th day and go on until its last seven, or
go on beyond them: files seldom begin or end with a month. Whole years are taken, back
from the last such month, so that every calendar month counts as often as any other. The index of a
month is 100 times its value by the mean month of its own year, so a year that sold more than
another says no more about the season; the index of a calendar month is the mean over the years.
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from core.services.insight_counts import NO_FAMILY

_EDGE_DAYS = 7
_YEAR = 12


class Amount(StrEnum):
    """What is counted."""

    REVENUE = "cents"
    UNITS = "units_milli"


class Span(StrEnum):
    """What a family's share is taken of."""

    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class MonthFigures:
    """Units in thousandths and net revenue in cents by month (its first day) and family's place.

    Places are those in `families`, by revenue; `NO_FAMILY` has none, and the place behind the last
    stands for every other family.
    """

    families: Sequence[str]
    months: Mapping[tuple[date, int], Mapping[Amount, int]]
    first_sale: date
    last_sale: date
    as_of: date

    def total(self, month: date, amount: Amount, place: int | None = None) -> int:
        """Return what a family, or all, sold in a month."""
        return sum(
            found[amount]
            for (day, family), found in self.months.items()
            if day == month and place in (None, family)
        )


@dataclass(frozen=True, kw_only=True)
class Season:
    """The index of each calendar month, January first, 100 being the mean month.

    `years` has the same of each year that was looked at, by its first month, which need not be a
    January.
    """

    index: Sequence[float]
    years: Mapping[date, Sequence[float]]

    @property
    def strongest(self) -> int:
        """Return the number of the strongest calendar month, 1 to 12."""
        return max(range(_YEAR), key=lambda place: self.index[place]) + 1

    @property
    def weakest(self) -> int:
        """Return the number of the weakest calendar month, 1 to 12."""
        return min(range(_YEAR), key=lambda place: self.index[place]) + 1


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Net revenue of the families by span, the first day of which names it; the oldest first.

    `cents[span][place]`, by the places of `MonthFigures`. What was paid back beyond what was paid
    counts as nothing in `share`.
    """

    cents: Mapping[date, Mapping[int, int]]

    def share(self, span: date, places: Sequence[int]) -> float:
        """Return the share of some families in the revenue of a span, 0 without any."""
        paid = {place: max(0, cents) for place, cents in self.cents[span].items()}
        whole = sum(paid.values())
        return sum(paid.get(place, 0) for place in places) / whole if whole else 0.0


def months_of(found: Mapping[str, Any], as_of: date) -> MonthFigures:
    """Return what a run kept, its months as days."""
    return MonthFigures(
        families=found["families"],
        months={
            (date.fromisoformat(f"{month}-01"), place): {Amount.UNITS: units, Amount.REVENUE: cents}
            for month, place, units, cents in found["months"]
        },
        first_sale=date.fromisoformat(found["first_sale"]),
        last_sale=date.fromisoformat(found["last_sale"]),
        as_of=as_of,
    )


def compute_season(figures: MonthFigures, amount: Amount, place: int | None) -> Season | None:
    """Return the season of a family or of all, None with less than a year that sold anything."""
    years = {}
    for months in _whole_years(figures):
        sold = [figures.total(month, amount, place) for month in months]
        if sum(sold) > 0:
            by_month = dict(zip((month.month for month in months), sold, strict=True))
            mean = sum(sold) / _YEAR
            years[months[0]] = [100 * by_month[number] / mean for number in range(1, _YEAR + 1)]
    if not years:
        return None
    index = [sum(year[n] for year in years.values()) / len(years) for n in range(_YEAR)]
    return Season(index=index, years=years)


def _whole_years(figures: MonthFigures) -> list[list[date]]:
    """Return runs of twelve months that count, the oldest first."""
    first, last = _first_month(figures), _last_month(figures)
    months = [first]
    while months[-1] < last:
        months.append(_next(months[-1]))
    if first > last:
        return []
    spare = len(months) % _YEAR
    return [months[at : at + _YEAR] for at in range(spare, len(months), _YEAR)]


def _first_month(figures: MonthFigures) -> date:
    begin = figures.first_sale.replace(day=1)
    sold_since = begin if figures.first_sale.day <= _EDGE_DAYS else _next(begin)
    kept = min((month for month, _place in figures.months), default=begin)
    return max(sold_since, kept)


def _last_month(figures: MonthFigures) -> date:
    """Return the last month that is over and was sold in up to its end."""
    end = figures.last_sale.replace(day=monthrange(*figures.last_sale.timetuple()[:2])[1])
    is_whole = end <= figures.as_of and (end - figures.last_sale).days < _EDGE_DAYS
    begin = end.replace(day=1)
    return begin if is_whole else (begin - timedelta(days=1)).replace(day=1)


def _next(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def compute_mix(figures: MonthFigures, span: Span, newest: int) -> Mix:
    """Return the revenue of the families in the newest quarters or years."""
    cents: dict[date, Counter[int]] = {}
    for (month, place), found in sorted(figures.months.items()):
        cents.setdefault(_begin(month, span), Counter())[place] += found[Amount.REVENUE]
    return Mix(cents=dict(list(cents.items())[-newest:]))


def _begin(month: date, span: Span) -> date:
    first = 1 if span is Span.YEAR else 3 * ((month.month - 1) // 3) + 1
    return month.replace(month=first)


def places_of(figures: MonthFigures) -> list[int]:
    """Return every place that was sold in: families by revenue, the others, and none last."""
    there = {place for _month, place in figures.months}
    return sorted(there, key=lambda place: (place == NO_FAMILY, place))
