"""What companies let do by itself at set times; looked up by a worker before a tenant is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
from core.store.tenant import Tenant, Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class ScheduleRow:
    """A schedule: `weekdays` as "0,4" (0 is Monday), `at_time` as "06:00", `steps` as "run,mail".

    `user_id` is who saved it last; without `next_at` it is off, `pause_reason` says when not by
    hand.
    """

    schedule_id: str
    name: str
    weekdays: str
    at_time: str
    steps: str
    template: str
    user_id: str
    saved_at: datetime
    next_at: datetime | None
    pause_reason: str | None = None


_COLUMNS = """
    schedule.schedule_id, schedule.name AS schedule_name, schedule.weekdays, schedule.at_time,
    schedule.steps, schedule.template, schedule.user_id, schedule.saved_at, schedule.next_at,
    schedule.pause_reason
"""


def store_schedule(tx: Transaction, tenant_id: str, schedule: ScheduleRow) -> None:
    """Store a schedule in place of the tenant's one of its id."""
    tx.execute(
        """
        INSERT INTO identity.schedule (
            schedule_id, tenant_id, name, weekdays, at_time, steps, template, user_id, saved_at,
            next_at, pause_reason
        )
        VALUES (
            :schedule_id, :tenant_id, :name, :weekdays, :at_time, :steps, :template, :user_id,
            :saved_at, :next_at, :pause_reason
        )
        ON CONFLICT (tenant_id, schedule_id) DO UPDATE SET
            name = excluded.name, weekdays = excluded.weekdays, at_time = excluded.at_time,
            steps = excluded.steps, template = excluded.template, user_id = excluded.user_id,
            saved_at = excluded.saved_at, next_at = excluded.next_at,
            pause_reason = excluded.pause_reason
        """,
        tenant_id=tenant_id,
        **vars(schedule),
    )


def delete_schedule(tx: Transaction, tenant_id: str, schedule_id: str) -> bool:
    """Remove a schedule of a tenant; False when it has none such."""
    return bool(
        tx.execute(
            """
            DELETE FROM identity.schedule
            WHERE tenant_id = :tenant_id AND schedule_id = :schedule_id
            """,
            tenant_id=tenant_id,
            schedule_id=schedule_id,
        )
    )


def load_schedules(tx: Transaction, tenant_id: str) -> list[ScheduleRow]:
    """Return the schedules of a tenant, the oldest first."""
    rows = tx.rows(
        f"""
        SELECT {_COLUMNS}
        FROM identity.schedule AS schedule
        WHERE schedule.tenant_id = :tenant_id
        ORDER BY schedule.saved_at, schedule.schedule_id
        """,
        tenant_id=tenant_id,
    )
    return [_schedule(row) for row in rows]


def load_due(tx: Transaction, now: datetime) -> list[tuple[ScheduleRow, Tenant]]:
    """Return the schedules of all tenants whose time has come, the longest due first."""
    rows = tx.rows(
        f"""
        SELECT {_COLUMNS}, {TENANT_COLUMNS}
        FROM identity.schedule AS schedule
        JOIN identity.tenant AS tenant ON tenant.tenant_id = schedule.tenant_id
        WHERE schedule.next_at <= :now
        ORDER BY schedule.next_at, schedule.schedule_id
        """,
        now=now,
    )
    return [(_schedule(row), as_tenant(row)) for row in rows]


def move_on(
    tx: Transaction,
    tenant_id: str,
    schedule_id: str,
    due_at: datetime,
    next_at: datetime | None,
    pause_reason: str | None = None,
) -> bool:
    """Let a schedule that is due at `due_at` wait for `next_at`, or pause; False when it did."""
    return bool(
        tx.execute(
            """
            UPDATE identity.schedule SET next_at = :next_at, pause_reason = :pause_reason
            WHERE tenant_id = :tenant_id AND schedule_id = :schedule_id AND next_at = :due_at
            """,
            tenant_id=tenant_id,
            schedule_id=schedule_id,
            due_at=due_at,
            next_at=next_at,
            pause_reason=pause_reason,
        )
    )


def _schedule(row: Mapping[str, object]) -> ScheduleRow:
    saved_at = as_moment(row["saved_at"])
    assert saved_at is not None
    names = ("schedule_id", "weekdays", "at_time", "steps", "template", "user_id")
    return ScheduleRow(
        **{name: str(row[name]) for name in names},
        name=str(row["schedule_name"]),
        saved_at=saved_at,
        next_at=as_moment(row["next_at"]),
        pause_reason=None if row["pause_reason"] is None else str(row["pause_reason"]),
    )
