"""The times at which schedules were due, and what was done then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction, as_moment

OPEN, DONE, ENDED, SKIPPED = "open", "done", "ended", "skipped"


@dataclass(frozen=True, kw_only=True)
class OccurrenceRow:
    """One time, whose id follows from schedule and `due_at`.

    `outcome` is open, done, ended (before its last step) or skipped; `plan_json` is what the
    schedule said then, `report_json` what came of it; `asked_by` is who asked for it, None when its
    time had come.
    """

    occurrence_id: str
    schedule_id: str
    due_at: datetime
    asked_by: str | None
    outcome: str
    created_at: datetime
    finished_at: datetime | None
    plan_json: str
    report_json: str


_COLUMNS = """
    occurrence_id, schedule_id, due_at, asked_by, outcome, created_at, finished_at, plan_json,
    report_json
"""


def store_occurrence(tx: Transaction, occurrence: OccurrenceRow) -> bool:
    """Enter a time; False when it is entered already."""
    return bool(
        tx.execute(
            """
            INSERT INTO occurrence (
                tenant_id, occurrence_id, schedule_id, due_at, asked_by, outcome, created_at,
                finished_at, plan_json, report_json
            )
            VALUES (
                :tenant, :occurrence_id, :schedule_id, :due_at, :asked_by, :outcome, :created_at,
                :finished_at, :plan_json, :report_json
            )
            ON CONFLICT (tenant_id, occurrence_id) DO NOTHING
            """,
            **vars(occurrence),
        )
    )


def find_occurrence(tx: Transaction, occurrence_id: str) -> OccurrenceRow | None:
    """Return an occurrence, or None."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM occurrence"
        " WHERE tenant_id = :tenant AND occurrence_id = :occurrence_id",
        occurrence_id=occurrence_id,
    )
    return None if row is None else _occurrence(row)


def load_occurrences(tx: Transaction, schedule_id: str, limit: int) -> list[OccurrenceRow]:
    """Return the newest occurrences of a schedule."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM occurrence"
        " WHERE tenant_id = :tenant AND schedule_id = :schedule_id"
        " ORDER BY created_at DESC, occurrence_id LIMIT :limit",
        schedule_id=schedule_id,
        limit=limit,
    )
    return [_occurrence(row) for row in rows]


def is_going(tx: Transaction, schedule_id: str) -> bool:
    """Tell whether an occurrence of a schedule is open."""
    return bool(
        tx.scalar(
            """
            SELECT count(*) FROM occurrence
            WHERE tenant_id = :tenant AND schedule_id = :schedule_id AND outcome = 'open'
            """,
            schedule_id=schedule_id,
        )
    )


def load_open_occurrences(tx: Transaction) -> list[str]:
    """Return the ids of the occurrences that are open, the oldest first."""
    rows = tx.rows(
        "SELECT occurrence_id FROM occurrence WHERE tenant_id = :tenant AND outcome = 'open'"
        " ORDER BY created_at, occurrence_id"
    )
    return [str(row["occurrence_id"]) for row in rows]


def store_report(
    tx: Transaction,
    occurrence_id: str,
    report_json: str,
    *,
    outcome: str = OPEN,
    finished_at: datetime | None = None,
) -> bool:
    """Keep what came of an open occurrence so far, or in the end; False when it is not open."""
    return bool(
        tx.execute(
            """
            UPDATE occurrence
            SET report_json = :report_json, outcome = :outcome, finished_at = :finished_at
            WHERE tenant_id = :tenant AND occurrence_id = :occurrence_id AND outcome = 'open'
            """,
            occurrence_id=occurrence_id,
            report_json=report_json,
            outcome=outcome,
            finished_at=finished_at,
        )
    )


def _occurrence(row: Mapping[str, object]) -> OccurrenceRow:
    due_at, created_at = as_moment(row["due_at"]), as_moment(row["created_at"])
    assert due_at is not None
    assert created_at is not None
    return OccurrenceRow(
        occurrence_id=str(row["occurrence_id"]),
        schedule_id=str(row["schedule_id"]),
        due_at=due_at,
        asked_by=None if row["asked_by"] is None else str(row["asked_by"]),
        outcome=str(row["outcome"]),
        created_at=created_at,
        finished_at=as_moment(row["finished_at"]),
        plan_json=str(row["plan_json"]),
        report_json=str(row["report_json"]),
    )
