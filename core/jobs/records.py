"""A job as it is kept in the job tables, and as it is shown."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import WorkflowStatus

from core.errors import NotFound, sentence_of
from core.i18n import N_

QUEUED, RUNNING, DONE, FAILED, STOPPED = "queued", "running", "done", "failed", "stopped"
STATES: Mapping[str, tuple[str, ...]] = {
    QUEUED: ("ENQUEUED", "DELAYED"),
    RUNNING: ("PENDING",),
    DONE: ("SUCCESS",),
    FAILED: ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"),
    STOPPED: ("CANCELLED",),
}
ACTIVE = (*STATES[QUEUED], *STATES[RUNNING])
# What is kept with a job beside its input: by whom it was asked for, by whom stopped, how often a
# worker began it.
BY, STOP_BY, TRIES = "by", "stop_by", "tries"
PROGRESS = "progress"
STOPPED_BY = N_("Stopped by %(name)s.")
_STOPPED_SOMEHOW = N_("The work was stopped. Start it again.")
_NO_JOB = N_("There is no such job.")
_NAME = re.compile(r"([a-z]+)\.([0-9A-Za-z-]+)\.([0-9]{4,})")
_ESTIMATED_AFTER = 3.0  # seconds: what a shorter time says of the pace is chance


class JobFailed(Exception):
    """A job's work failed; `data` is an error's `to_data()`, with the frames of an unexpected one.

    It tells nothing when it is printed: its values may name a file.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.data = data

    def __str__(self) -> str:
        return "job failed"


@dataclass(frozen=True, kw_only=True)
class JobState:
    """How far a job is: `status` is queued, running, done, failed or stopped.

    `stage` is a gettext source string, begun at `stage_began` (seconds since 1970); `error` is an
    error's `to_data()`, `told` what the work of a push says of itself.
    """

    status: str
    stage: str = ""
    done: int = 0
    total: int = 0
    stage_began: float | None = None
    error: Mapping[str, Any] | None = None
    told: Mapping[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in (DONE, FAILED, STOPPED)

    def seconds_left(self, now: float) -> float | None:
        """Return the time left at the pace of the stage so far; None when that says nothing yet."""
        elapsed = now - self.stage_began if self.stage_began else 0.0
        if self.status != RUNNING or elapsed < _ESTIMATED_AFTER or not self.done:
            return None
        return max(0.0, (self.total - self.done) * elapsed / self.done)

    def error_sentence(self, language: str, write: Callable[[object], str] = str) -> str:
        """Return why the job failed or stopped, each value as `write` has it."""
        return sentence_of(self.error, language, write) if self.error else ""

    @property
    def log(self) -> str:
        """Where in the code an unexpected error arose, without any value; empty otherwise."""
        return str((self.error or {}).get("log", ""))


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of a tenant, as the panel lists it; moments are in UTC."""

    name: str
    kind: str
    subject: str
    state: JobState
    asked_by: str
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    tries: int
    is_stopping: bool

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken until it ended; None while it did not end."""
        if self.began_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.began_at).total_seconds()


def job_prefix(tenant_id: str, kind: str, subject: str) -> str:
    """Return how the ids of all jobs of `kind` on `subject` begin."""
    return f"{tenant_id}/{kind}/{subject}#"


def job_id(tenant_id: str, name: str) -> str:
    """Return the id of the tenant's job of this public name; raise `NotFound`."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise NotFound(_NO_JOB)
    kind, subject, number = parts.groups()
    return f"{job_prefix(tenant_id, kind, subject)}{number}"


def no_such_job() -> NotFound:
    """Return the refusal of a job that is not there, or not this tenant's."""
    return NotFound(_NO_JOB)


def job_from(row: WorkflowStatus, progress: object = None) -> Job:
    """Return the job of a row of the job tables, with what it told of its progress."""
    _tenant, kind, rest = row.workflow_id.split("/", 2)
    subject, _, number = rest.rpartition("#")
    kept = row.attributes or {}
    return Job(
        name=f"{kind}.{subject}.{number}",
        kind=kind,
        subject=subject,
        state=state_from(row, progress),
        asked_by=str(kept.get(BY, "")),
        asked_at=_moment(row.created_at) or datetime.fromtimestamp(0, UTC),
        began_at=_moment(row.dequeued_at),
        ended_at=_moment(row.completed_at),
        tries=int(kept.get(TRIES, 0)),
        is_stopping=STOP_BY in kept and row.status in ACTIVE,
    )


def state_from(row: WorkflowStatus, progress: object = None) -> JobState:
    """Return the state of a row of the job tables."""
    status = next((name for name, known in STATES.items() if row.status in known), FAILED)
    if status in (QUEUED, RUNNING):
        stage, done, total, *began = _told(progress)
        return JobState(
            status=status, stage=stage, done=done, total=total, stage_began=next(iter(began), None)
        )
    if status == DONE:  # what an earlier release wrote of a failure stands in the output
        outcome = row.output if isinstance(row.output, dict) else {}
        error = outcome.get("error")
        return JobState(status=FAILED if error else DONE, error=error, told=outcome.get("told"))
    if status == STOPPED:
        return JobState(status=status, error=_stop_of(row))
    error = row.error.data if isinstance(row.error, JobFailed) else None
    return JobState(status=FAILED, error=error or {"message": _STOPPED_SOMEHOW, "values": {}})


def _told(progress: object) -> Sequence[Any]:
    """Return stage, done, total and, unless an earlier release wrote it, when the stage began."""
    return progress if isinstance(progress, list | tuple) else ("", 0, 0)


def _stop_of(row: WorkflowStatus) -> dict[str, Any]:
    name = (row.attributes or {}).get(STOP_BY)
    if not name:
        return {"message": _STOPPED_SOMEHOW, "values": {}}
    return {"message": STOPPED_BY, "values": {"name": str(name)}}


def _moment(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
