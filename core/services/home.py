"""The state of the house: the first steps until a campaign, then figures and what to decide."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from core.outreach.protocol import CampaignState
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.run_records import GatingPoint, RunCard
from core.services.run_reports import card_of, gating_history
from core.store import home_reads
from core.store.campaigns import CampaignRow, count_campaigns
from core.store.import_relations import find_last_loaded
from core.store.import_states import ASKING, LOADED, OPEN_STATES, PLANNED
from core.store.imports import load_import_entries
from core.store.product_reads import load_last_sale
from core.store.runs import RunStatus, load_runs
from core.store.tenant import TenantStore, Transaction, as_date
from core.store.waiting import count_waiting_up_to

MOST_COUNTED = 10_000
"""Rows that wait are counted so far; what is more is "more than"."""
RISE = 0.02
"""A gating rate this much above that of the run before is worth a look."""

_MONTHS = 12
_RUNS = 12
_IMPORTS = 20
_CAMPAIGNS = 5
_CAMPAIGNS_REVIEWED = 20


class Step(StrEnum):
    """The first path, in its order."""

    DROP = "drop"
    REVIEW = "review"
    RUN = "run"
    CHECK = "check"
    PREPARE = "prepare"


class Matter(StrEnum):
    """What needs a decision."""

    ASKING = "asking"
    PLANNED = "planned"
    WAITING = "waiting"
    TO_REVIEW = "to_review"
    PAUSED = "paused"
    RUN_FAILED = "run_failed"
    BLOCKED_RISES = "blocked_rises"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Something that waits for somebody; `subject` is the id of a campaign or run it is about.

    Of imports it is the newest one.
    `before` and `now` are the gating rates of the last two runs.
    """

    matter: Matter
    count: int = 1
    subject: str | None = None
    before: float | None = None
    now: float | None = None


@dataclass(frozen=True, kw_only=True)
class LastImport:
    """The import of files that was published last and stands, with its warnings."""

    import_id: str
    loaded_at: datetime | None
    loaded_by: str
    report: Mapping[str, Any]

    @property
    def warnings(self) -> int:
        """How many warnings it was loaded with."""
        return len(self.report.get("warnings", ()))


@dataclass(frozen=True, kw_only=True)
class Home:
    """The figures of the page Home.

    `done` has the steps that the data say are done; `months` are the last year's up to the newest
    with sales, and their lines, the oldest first: one between them without any is 0;
    `last_sale` is the last that the last run knew;
    `gating` are the last finished runs, the oldest first; `open_import` is the newest import that
    is on its way.
    """

    done: frozenset[Step]
    has_campaign: bool
    months: Sequence[tuple[str, int]]
    last_import: LastImport | None
    last_run: RunCard | None
    gating: Sequence[GatingPoint]
    last_sale: date | None
    in_flight: Sequence[CampaignStatus]
    decisions: Sequence[Decision]
    open_import: str | None

    @property
    def next_step(self) -> Step | None:
        """The first step that is not done, None once all are."""
        return next((step for step in Step if step not in self.done), None)


def home_of(store: TenantStore) -> Home:
    """Return the state of the house; what is large is counted from an index and with a limit."""
    gating = gating_history(store, limit=_RUNS)
    with store.read() as tx:
        states = home_reads.count_imports_by_state(tx)
        has_campaign = count_campaigns(tx) > 0
        flying = home_reads.load_in_flight(tx, _CAMPAIGNS)
        done_runs = load_runs(tx, limit=1, done_only=True)
        last_run = card_of(done_runs[0]) if done_runs else None
        last_import = _last_import(tx)
        done = _done(tx, states, has_run=_knows(last_run, last_import), has_campaign=has_campaign)
        newest = _newest_by_state(tx)
        decisions = (
            *_of_imports(tx, states, newest),
            *_of_campaigns(tx, flying),
            *_of_runs(tx, gating),
        )
        months = _without_holes(home_reads.load_sales_by_month(tx, _MONTHS))
        last_sale = load_last_sale(tx, done_runs[0].run_id) if done_runs else None
    return Home(
        done=done,
        has_campaign=has_campaign,
        months=months,
        last_import=last_import,
        last_run=last_run,
        gating=gating,
        last_sale=as_date(last_sale),
        in_flight=[status_of(store, campaign.campaign_id) for campaign in flying],
        decisions=decisions,
        open_import=next((newest[state] for state in newest if state in OPEN_STATES), None),
    )


def _knows(run: RunCard | None, last: LastImport | None) -> bool:
    """Return whether the last run was launched after what was loaded last."""
    if run is None or last is None or last.loaded_at is None:
        return run is not None
    return run.created_at >= last.loaded_at


def _done(
    tx: Transaction, states: Mapping[str, int], *, has_run: bool, has_campaign: bool
) -> frozenset[Step]:
    """Return the steps that are done; nobody notes that lists were looked at, but decisions are."""
    told = {
        Step.DROP: bool(states),
        Step.REVIEW: LOADED in states,
        Step.RUN: has_run,
        Step.CHECK: has_campaign or home_reads.count_decisions(tx) > 0,
        Step.PREPARE: has_campaign,
    }
    return frozenset(step for step, is_done in told.items() if is_done)


def _without_holes(months: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the last year of `months`, with 0 for each that is missing between two of them."""
    lines = {_number_of(month): count for month, count in months}
    if not lines:
        return []
    newest = max(lines)
    first = max(min(lines), newest - _MONTHS + 1)
    numbers = range(first, newest + 1)
    return [(f"{n // 12:04}-{n % 12 + 1:02}", lines.get(n, 0)) for n in numbers]


def _number_of(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:7]) - 1


def _last_import(tx: Transaction) -> LastImport | None:
    entry = find_last_loaded(tx, of_files=True)
    if entry is None:
        return None
    return LastImport(
        import_id=entry.import_id,
        loaded_at=entry.loaded_at,
        loaded_by=entry.created_by,
        report=json.loads(entry.report_json or "{}"),
    )


def _newest_by_state(tx: Transaction) -> Mapping[str, str]:
    """Return the newest import of each state among the last ones, the newest state first."""
    found: dict[str, str] = {}
    for entry in load_import_entries(tx, limit=_IMPORTS, offset=0):
        found.setdefault(entry.status, entry.import_id)
    return found


def _of_imports(
    tx: Transaction, states: Mapping[str, int], newest: Mapping[str, str]
) -> Iterator[Decision]:
    for matter, state in ((Matter.ASKING, ASKING), (Matter.PLANNED, PLANNED)):
        if state in states:
            yield Decision(matter=matter, count=states[state], subject=newest.get(state))
    if waiting := count_waiting_up_to(tx, MOST_COUNTED + 1):
        yield Decision(matter=Matter.WAITING, count=waiting)


def _of_campaigns(tx: Transaction, flying: Sequence[CampaignRow]) -> Iterator[Decision]:
    for campaign_id, deliveries in home_reads.count_to_review(tx, _CAMPAIGNS_REVIEWED).items():
        yield Decision(matter=Matter.TO_REVIEW, count=deliveries, subject=campaign_id)
    for campaign in flying:
        if campaign.state == CampaignState.PAUSED:
            yield Decision(matter=Matter.PAUSED, subject=campaign.campaign_id)


def _of_runs(tx: Transaction, gating: Sequence[GatingPoint]) -> Iterator[Decision]:
    for run in load_runs(tx, limit=1):
        if run.status is RunStatus.FAILED:
            yield Decision(matter=Matter.RUN_FAILED, subject=run.run_id)
    if len(gating) < 2:
        return
    before, now = gating[-2], gating[-1]
    if now.gating_rate - before.gating_rate >= RISE:
        yield Decision(
            matter=Matter.BLOCKED_RISES,
            subject=now.run_id,
            before=before.gating_rate,
            now=now.gating_rate,
        )
