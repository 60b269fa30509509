"""The page Insights: what the last run counted of all customers together, read by its key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from core.reco.segments import PROSPECT_SEGMENT, SEGMENTS
from core.services.customers import last_run
from core.services.insight_months import MonthFigures, months_of
from core.services.run_insights import COHORTS, MONTHS, MOVEMENT, RFM
from core.services.run_records import RunCard
from core.services.run_reports import card_of
from core.store.run_insights import find_insight
from core.store.runs import Run, load_runs
from core.store.tenant import TenantStore, Transaction

__all__ = [
    "Cohort",
    "Cohorts",
    "Insight",
    "Move",
    "Movement",
    "RfmCell",
    "RfmGrid",
    "cohorts_of",
    "month_figures_of",
    "movement_of",
    "movement_runs",
    "rfm_grid_of",
]

SEGMENT_ORDER = (*(segment.name for segment in SEGMENTS), PROSPECT_SEGMENT)
RUNS_OFFERED = 50
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Insight(Generic[T]):
    """What the run counted, None without a run or of one that counted none of it."""

    run: RunCard | None
    figures: T | None


@dataclass(frozen=True, kw_only=True)
class RfmCell:
    """The customers of one score of recency and one of frequency who are of one segment.

    `cents` is their net revenue in the months of the grid.
    """

    recency: int
    frequency: int
    segment: str
    customers: int
    cents: int


@dataclass(frozen=True, kw_only=True)
class RfmGrid:
    """All customers with a purchase, by their scores.

    `days` and `documents` have the least and the greatest value of each score that occurs,
    `months` how far back documents and revenue count; prospects are in no cell.
    """

    cells: Sequence[RfmCell]
    days: Mapping[int, tuple[int, int]]
    documents: Mapping[int, tuple[int, int]]
    months: int
    prospects: int

    @property
    def customers(self) -> int:
        """Return how many customers are in the grid."""
        return sum(cell.customers for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Move:
    """So many customers were of one segment and are of another; None: not in that run."""

    before: str | None
    after: str | None
    customers: int


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Every customer of a run or of the one before it; `as_of` is that one's, None of the first."""

    as_of: date | None
    moves: Sequence[Move]

    @property
    def moved(self) -> Sequence[Move]:
        """Return those who are in both runs, in different segments."""
        return [m for m in self.moves if m.before and m.after and m.before != m.after]

    @property
    def in_both(self) -> int:
        """Return how many customers are in both runs."""
        return sum(move.customers for move in self.moves if move.before and move.after)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Who bought first in a quarter (its first day), and how many of them in each one after it."""

    quarter: date
    customers: int
    again: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Cohorts:
    """The newest cohorts, the oldest first; `since` is the first quarter that anybody bought in."""

    cohorts: Sequence[Cohort]
    since: date

    @property
    def again_at_once(self) -> float | None:
        """Return the share that bought again in the next quarter, of cohorts whose next is over.

        The first quarter of all is left out: many of its customers had bought before it.
        """
        over = [one for one in self.cohorts if len(one.again) > 1 and one.quarter != self.since]
        customers = sum(one.customers for one in over)
        return sum(one.again[0] for one in over) / customers if customers else None


def rfm_grid_of(store: TenantStore) -> Insight[RfmGrid]:
    """Return the grid of the last run."""
    run, found = _last(store, RFM)
    return Insight(run=run, figures=None if found is None else _grid(found))


def cohorts_of(store: TenantStore) -> Insight[Cohorts]:
    """Return the cohorts of the last run; None of a run that found no purchase, too."""
    run, found = _last(store, COHORTS)
    if found is None or found["since"] is None:
        return Insight(run=run, figures=None)
    cohorts = [
        Cohort(quarter=_quarter(name), customers=counts[0], again=counts[1:])
        for name, counts in found["cohorts"]
    ]
    return Insight(run=run, figures=Cohorts(cohorts=cohorts, since=_quarter(found["since"])))


def month_figures_of(store: TenantStore) -> Insight[MonthFigures]:
    """Return units and revenue by month and family, as the last run found them."""
    run, found = _last(store, MONTHS)
    if run is None or found is None or found["first_sale"] is None:
        return Insight(run=run, figures=None)
    return Insight(run=run, figures=months_of(found, run.as_of))


def movement_runs(store: TenantStore) -> list[RunCard]:
    """Return the newest finished runs, of which each may be compared with the one before it."""
    with store.read() as tx:
        return [card_of(run) for run in load_runs(tx, limit=RUNS_OFFERED, done_only=True)]


def movement_of(store: TenantStore, run_id: str | None = None) -> Insight[Movement]:
    """Return how customers moved up to a finished run, by default the last one."""
    with store.read() as tx:
        runs = load_runs(tx, limit=RUNS_OFFERED, done_only=True)
        chosen = [run for run in runs if run.run_id == run_id] or runs
        run, found = _of_run(tx, next(iter(chosen), None), MOVEMENT)
    return Insight(run=run, figures=None if found is None else _movement(found))


def _last(store: TenantStore, name: str) -> tuple[RunCard | None, dict[str, Any] | None]:
    with store.read() as tx:
        return _of_run(tx, last_run(tx), name)


def _of_run(
    tx: Transaction, run: Run | None, name: str
) -> tuple[RunCard | None, dict[str, Any] | None]:
    if run is None:
        return None, None
    told = find_insight(tx, run.run_id, name)
    return card_of(run), None if told is None else json.loads(told)


def _grid(found: Mapping[str, Any]) -> RfmGrid:
    points = {
        score: {number: (least, greatest) for number, least, greatest, _customers in rows}
        for score, rows in found["cut_points"].items()
    }
    names = ("recency", "frequency", "segment", "customers", "cents")
    return RfmGrid(
        cells=[RfmCell(**dict(zip(names, cell, strict=True))) for cell in found["cells"]],
        days=points["r"],
        documents=points["f"],
        months=found["months"],
        prospects=found["prospects"],
    )


def _movement(found: Mapping[str, Any]) -> Movement:
    moves = [Move(before=old, after=new, customers=n) for old, new, n in found["moves"]]
    as_of = None if found["as_of"] is None else date.fromisoformat(found["as_of"])
    return Movement(as_of=as_of, moves=sorted(moves, key=_place))


def _place(move: Move) -> tuple[int, int]:
    """Return the order of moves: that of the segments, who is not in a run last."""
    last = len(SEGMENT_ORDER)
    before, after = (
        SEGMENT_ORDER.index(name) if name in SEGMENT_ORDER else last
        for name in (move.before, move.after)
    )
    return before, after


def _quarter(name: str) -> date:
    year, _, number = name.partition("Q")
    return date(int(year), 3 * int(number) - 2, 1)
