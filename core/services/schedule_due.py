"""Schedules whose time has come: entered once, whichever of the workers looks."""

import logging
from datetime import timedelta

from core.errors import Busy, frames_of
from core.i18n import N_
from core.services.accounts import SYSTEM, Role, includes, role_of
from core.services.audit_trail import Action, record_alone
from core.services.schedule_times import next_due
from core.services.schedules import (
    ROLE_LOST,
    Schedule,
    entering,
    new_occurrence,
    schedule_from,
)
from core.store.occurrences import SKIPPED, is_going, load_open_occurrences, store_occurrence
from core.store.schedules import load_due, move_on
from core.store.tenant import Store, TenantStore

_LOG = logging.getLogger(__name__)
LATE_AFTER = timedelta(minutes=5)
LATE = N_("It was due at a time when no worker ran, and is done late, once.")
STILL_GOING = N_("The time before had not ended, so this one was left out.")


def enter_due(store: Store) -> None:
    """Enter an occurrence of each schedule whose time has come, and set its next time.

    Times that were missed are one. One whose former occurrence is at work is entered as skipped,
    with a sentence; one whose owner may no longer work is paused instead. One that cannot be
    entered is logged and keeps no other's waiting.
    """
    with store.identity() as tx:
        due = load_due(tx, store.now())
    for row, tenant in due:
        try:
            _enter(store.tenant_store(tenant), schedule_from(row, ""))
        except Busy:  # another enters it, or is asked to
            continue
        except Exception as error:  # noqa: BLE001 - the schedules of the others go on
            _LOG.error("schedule %s was not entered: %s", row.schedule_id, frames_of(error))


def _enter(store: TenantStore, schedule: Schedule) -> None:
    due_at, now = schedule.next_at, store.store.now()
    assert due_at is not None
    role = role_of(store.store, schedule.owner_id, store.tenant_id)
    if role is None or not includes(role, Role.ANALYST):
        _pause(store, schedule)
        return
    said = [{"message": LATE, "values": {}}] if now - due_at > LATE_AFTER else []
    with entering(store, schedule.schedule_id), store.begin() as tx:
        # By the moment it was due it is entered once: what comes after may be done again.
        occurrence = new_occurrence(schedule, due_at, now, user_id=schedule.owner_id, said=said)
        if is_going(tx, schedule.schedule_id):
            left_out = [{"message": STILL_GOING, "values": {}}]
            occurrence = new_occurrence(
                schedule, due_at, now, user_id=schedule.owner_id, outcome=SKIPPED, said=left_out
            )
        store_occurrence(tx, occurrence)
    later = next_due(schedule.plan.days, schedule.plan.at, store.tenant.time_zone, now)
    with store.store.identity(write=True) as tx:
        move_on(tx, store.tenant_id, schedule.schedule_id, due_at, later)


def _pause(store: TenantStore, schedule: Schedule) -> None:
    assert schedule.next_at is not None
    key = (store.tenant_id, schedule.schedule_id)
    with store.store.identity(write=True) as tx:
        is_first = move_on(tx, *key, schedule.next_at, None, ROLE_LOST)
    if is_first:
        record_alone(
            store, SYSTEM.user_id, Action.SCHEDULE_PAUSED, schedule.schedule_id, reason=ROLE_LOST
        )


def open_occurrences(store: TenantStore) -> list[str]:
    """Return the ids of the occurrences that a worker has to end, the oldest first."""
    with store.read() as tx:
        return load_open_occurrences(tx)
