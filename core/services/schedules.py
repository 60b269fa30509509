"""Schedules as a company edits them: what is done by itself, when, and what came of it."""

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from core.errors import NotFound, Refused
from core.i18n import N_
from core.outreach.wording import TEMPLATES
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.schedule_times import next_due
from core.store import schedules as stored
from core.store.identity import load_usernames
from core.store.locks import exclusive
from core.store.occurrences import (
    OPEN,
    OccurrenceRow,
    is_going,
    load_occurrences,
    store_occurrence,
)
from core.store.schedules import ScheduleRow
from core.store.tenant import TenantStore


class Step(StrEnum):
    """What a schedule may do, in this order."""

    IMPORT = "import"
    RUN = "run"
    CAMPAIGN = "campaign"
    MAIL = "mail"


STEP_TITLES: Mapping[Step, str] = {
    Step.IMPORT: N_("Import the raw folder"),
    Step.RUN: N_("Run"),
    Step.CAMPAIGN: N_("Prepare a campaign as a rehearsal"),
    Step.MAIL: N_("E-mail me the report"),
}
ROLE_LOST = "ROLE_LOST"
PAUSE_SENTENCES: Mapping[str, str] = {
    ROLE_LOST: N_(
        "Who saved it may no longer work for the company, so it is paused. Somebody who may saves"
        " it again."
    ),
}
_MOST, _NAME_CHARS = 20, 60
_NO_SCHEDULE = N_("There is no such schedule.")
_NEEDS_RUN = N_("A campaign is prepared from a run: choose the run too.")
_GOING = N_("This schedule is at work already. Wait until it has ended.")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a schedule is to do: on `days` (0 is Monday) at `at` of the company's clock."""

    name: str
    days: tuple[int, ...]
    at: time
    steps: tuple[Step, ...]
    template: str = TEMPLATES[0].name


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule as it is shown; `owner` saved it last, and its mail goes to her."""

    schedule_id: str
    plan: Plan
    owner: str
    owner_id: str
    next_at: datetime | None
    pause_reason: str | None

    @property
    def is_on(self) -> bool:
        """Tell whether it waits for its next time."""
        return self.next_at is not None


def list_schedules(store: TenantStore, actor: Actor) -> list[Schedule]:
    """Return the company's schedules, the oldest first; raise `NotAllowed`."""
    require(actor, Role.VIEWER)
    with store.store.identity() as tx:
        rows = stored.load_schedules(tx, store.tenant_id)
        names = load_usernames(tx, sorted({row.user_id for row in rows}))
    return [schedule_from(row, names.get(row.user_id, "")) for row in rows]


def schedule_from(row: ScheduleRow, owner: str) -> Schedule:
    """Return the schedule of a stored row."""
    return Schedule(
        schedule_id=row.schedule_id,
        plan=Plan(
            name=row.name,
            days=tuple(int(day) for day in row.weekdays.split(",")),
            at=time.fromisoformat(row.at_time),
            steps=tuple(Step(step) for step in row.steps.split(",")),
            template=row.template,
        ),
        owner=owner,
        owner_id=row.user_id,
        next_at=row.next_at,
        pause_reason=row.pause_reason,
    )


def save_schedule(
    store: TenantStore, actor: Actor, plan: Plan, schedule_id: str | None = None
) -> str:
    """Store a schedule, new or in place of another, switched on; return its id.

    Whoever saves it is who it works for. Raises `NotAllowed` below analyst, `NotFound`, and
    `Refused` for a plan that cannot be done.
    """
    require(actor, Role.ANALYST)
    _check(store, actor, plan, is_new=schedule_id is None)
    now = store.store.now()
    row = ScheduleRow(
        schedule_id=schedule_id or str(uuid.uuid4()),
        name=plan.name.strip(),
        weekdays=",".join(str(day) for day in sorted(set(plan.days))),
        at_time=plan.at.strftime("%H:%M"),
        steps=",".join(step for step in Step if step in plan.steps),
        template=plan.template,
        user_id=actor.user_id,
        saved_at=now,
        next_at=next_due(plan.days, plan.at, store.tenant.time_zone, now),
    )
    with store.store.identity(write=True) as tx:
        # Taken away and entered anew, so that one removed meanwhile does not come back.
        if schedule_id and not stored.delete_schedule(tx, store.tenant_id, schedule_id):
            raise NotFound(_NO_SCHEDULE)
        stored.store_schedule(tx, store.tenant_id, row)
    record_alone(store, actor.user_id, Action.SCHEDULE_SAVED, row.schedule_id)
    return row.schedule_id


def _check(store: TenantStore, actor: Actor, plan: Plan, *, is_new: bool) -> None:
    name = plan.name.strip()
    if not 1 <= len(name) <= _NAME_CHARS or not name.isprintable():
        raise Refused(N_("A schedule needs a name of 1 to %(most)s characters."), most=_NAME_CHARS)
    if not plan.days or not set(plan.days) <= set(range(7)):
        raise Refused(N_("A schedule needs at least one weekday."))
    if not set(plan.steps) & {Step.IMPORT, Step.RUN}:
        raise Refused(N_("A schedule imports or runs. Choose at least one of the two."))
    if Step.CAMPAIGN in plan.steps and Step.RUN not in plan.steps:
        raise Refused(_NEEDS_RUN)
    if plan.template not in {template.name for template in TEMPLATES}:
        raise Refused(N_("There is no such message. Choose one of the list."))
    if is_new and len(list_schedules(store, actor)) >= _MOST:
        raise Refused(N_("A company has %(most)s schedules at most. Remove one."), most=_MOST)


def switch_schedule(store: TenantStore, actor: Actor, schedule_id: str, *, is_on: bool) -> None:
    """Let a schedule wait for its next time, or not; raise as `save_schedule` does.

    Who switches one on is who it works for from then on.
    """
    require(actor, Role.ANALYST)
    if is_on:
        save_schedule(store, actor, _found(store, actor, schedule_id).plan, schedule_id)
        return
    while not _is_off(store, _found(store, actor, schedule_id)):
        pass  # a worker set its next time in between
    record_alone(store, actor.user_id, Action.SCHEDULE_SWITCHED_OFF, schedule_id)


def _is_off(store: TenantStore, found: Schedule) -> bool:
    """Take the next time of a schedule away; False when it has another by now."""
    if found.next_at is None:
        return True
    with store.store.identity(write=True) as tx:
        return stored.move_on(tx, store.tenant_id, found.schedule_id, found.next_at, None)


def remove_schedule(store: TenantStore, actor: Actor, schedule_id: str) -> None:
    """Remove a schedule; what it did stays in the history of runs, imports and the audit trail.

    Raises `NotAllowed` below analyst and `NotFound`.
    """
    require(actor, Role.ANALYST)
    with store.store.identity(write=True) as tx:
        if not stored.delete_schedule(tx, store.tenant_id, schedule_id):
            raise NotFound(_NO_SCHEDULE)
    record_alone(store, actor.user_id, Action.SCHEDULE_REMOVED, schedule_id)


def ask_now(store: TenantStore, actor: Actor, schedule_id: str) -> str:
    """Enter an occurrence of this moment, in the name of whoever asks; return its id.

    The caller asks for the work. Raises `NotAllowed` below analyst, `NotFound`, and `Refused` or
    `Busy` while the schedule is at work.
    """
    require(actor, Role.ANALYST)
    schedule = _found(store, actor, schedule_id)
    now = store.store.now()
    occurrence = new_occurrence(schedule, now, now, user_id=actor.user_id, asked_by=actor.username)
    with entering(store, schedule_id), store.begin() as tx:
        if is_going(tx, schedule_id) or not store_occurrence(tx, occurrence):
            raise Refused(_GOING)
    record_alone(store, actor.user_id, Action.SCHEDULE_ASKED, schedule_id)
    return occurrence.occurrence_id


def entering(store: TenantStore, schedule_id: str) -> AbstractContextManager[None]:
    """Let nobody else enter an occurrence of the schedule for the block; raise `Busy`.

    Two that look at once would both find nothing at work.
    """
    return exclusive(store, f"schedule-{schedule_id}", _GOING)


def new_occurrence(
    schedule: Schedule,
    due_at: datetime,
    now: datetime,
    *,
    user_id: str,
    asked_by: str | None = None,
    outcome: str = OPEN,
    said: Sequence[Mapping[str, Any]] = (),
) -> OccurrenceRow:
    """Return the occurrence of a schedule at `due_at`, with what is to be said of it as a whole.

    Its id follows from the two, so that a time is entered once, by whichever worker.
    """
    plan = {
        "name": schedule.plan.name,
        "steps": [step.value for step in schedule.plan.steps],
        "template": schedule.plan.template,
        "user_id": user_id,
    }
    return OccurrenceRow(
        occurrence_id=str(uuid.uuid5(uuid.UUID(schedule.schedule_id), _spelled(due_at))),
        schedule_id=schedule.schedule_id,
        due_at=due_at,
        asked_by=asked_by,
        outcome=outcome,
        created_at=now,
        finished_at=None if outcome == OPEN else now,
        plan_json=json.dumps(plan, sort_keys=True),
        report_json=json.dumps({"said": list(said), "steps": []}, sort_keys=True),
    )


def _spelled(due_at: datetime) -> str:
    return due_at.astimezone(UTC).isoformat(timespec="microseconds")


def occurrences_of(
    store: TenantStore, actor: Actor, schedule_id: str, limit: int = 20
) -> list[OccurrenceRow]:
    """Return the newest occurrences of a schedule; raise `NotAllowed`."""
    require(actor, Role.VIEWER)
    with store.read() as tx:
        return load_occurrences(tx, schedule_id, limit)


def _found(store: TenantStore, actor: Actor, schedule_id: str) -> Schedule:
    known = {one.schedule_id: one for one in list_schedules(store, actor)}
    if schedule_id not in known:
        raise NotFound(_NO_SCHEDULE)
    return known[schedule_id]
