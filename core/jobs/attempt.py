"""One try of a worker at a job: begun, told of, stopped, tried again, given up."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, WorkflowStatus

from core.errors import Busy, CrmError, Stopped, frames_of
from core.jobs.endings import end_work
from core.jobs.kinds import Told
from core.jobs.queue import GIVEN_UP, UNEXPECTED
from core.jobs.records import PROGRESS, QUEUED, STATES, STOP_BY, STOPPED, STOPPED_BY, TRIES
from core.store.fence import fenced, is_away
from core.store.tenant import TenantStore

_LOG = logging.getLogger(__name__)
_Found = TypeVar("_Found")
MOST_TRIES = 5  # a machine that is restarted again and again is not the job's fault
_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)  # seconds, when the database is away
_TELL_SECONDS = 0.5
_LOOK_SECONDS = 1.0  # shorter than a reaper waits before it takes a job over


class JobLost(BaseException):
    """This process does not work on the job any more: nothing of it is ended or recorded here.

    It passes by every handler that would take an error of the work for the work's end.
    """


class Attempt:
    """A try at one job by this process."""

    def __init__(
        self, client: DBOSClient, job_id: str, executor: str, stopping: threading.Event
    ) -> None:
        """Claim the job for `executor`; raise `JobLost` where it was given to another meanwhile."""
        self._client = client
        self.job_id = job_id
        self._stopping = stopping
        row = self._row()
        if row.executor_id != executor or row.status in STATES[QUEUED]:
            raise JobLost
        self._claim = (row.executor_id, row.dequeued_at)
        kept = row.attributes or {}
        self.tries = int(kept.get(TRIES, 0)) + 1
        self.is_taken_over = TRIES in kept  # of a worker that was stopped in order it is 0 again
        self._looked_at = 0.0
        self._stage, self._stage_began, self._told_at = "", 0.0, 0.0

    def begin(self) -> None:
        """Count the try before anything is done, as a worker that dies cannot."""
        self._client.update_workflow_attributes(self.job_id, {TRIES: self.tries}, merge=True)

    def uncount(self) -> None:
        """Take the try back: the worker ends because somebody stops it."""
        self._client.update_workflow_attributes(self.job_id, {TRIES: self.tries - 1}, merge=True)

    def tell(self, stage: str, done: int, total: int, /) -> None:
        """Write how far the work is, at most twice a second and at every new stage.

        Raises `Stopped` where somebody asked for it, `JobLost` where the job is another's.
        """
        moment = time.monotonic()
        is_new = stage != self._stage
        if not is_new and done < total and moment - self._told_at < _TELL_SECONDS:
            return
        if is_new:
            self._stage_began = time.time()
        self._stage, self._told_at = stage, moment
        self.look()
        DBOS.set_event(PROGRESS, [stage, done, total, self._stage_began])

    def check(self) -> None:
        """Raise `JobLost` where the job is another's; asked before each writing transaction."""
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._keep_to_own(self._row())

    def look(self) -> None:
        """Raise `Stopped` or `JobLost` where there is a reason to."""
        if self._stopping.is_set():
            raise JobLost
        row = self._row()
        name = (row.attributes or {}).get(STOP_BY)
        if name or row.status in STATES[STOPPED]:
            raise Stopped(STOPPED_BY, name=name or "")
        self._keep_to_own(row)

    def _keep_to_own(self, row: WorkflowStatus) -> None:
        if (row.executor_id, row.dequeued_at) != self._claim:
            raise JobLost
        self._looked_at = time.monotonic()

    def _row(self) -> WorkflowStatus:
        rows = self._client.list_workflows(
            workflow_ids=[self.job_id], load_input=False, load_output=False
        )
        if not rows:
            raise JobLost
        return rows[0]


def try_job(
    attempt: Attempt, store: TenantStore, kind: str, subject: str, work: Callable[[], object]
) -> dict[str, Any]:
    """Do `work` once, or again where the database was away; return what the job ends with.

    That is what the work has `told`, nothing, or an `error` as its page will say it, with `stopped`
    where somebody did.
    Raises `JobLost` where another has taken the job over, or this worker is stopped.
    """
    if attempt.tries > MOST_TRIES:
        return _ended(store, kind, subject, CrmError(GIVEN_UP, tries=MOST_TRIES))
    try:
        patiently(attempt.look)
        patiently(attempt.begin)
        with fenced(attempt.check):
            outcome = _do(attempt, work)
    except Stopped as error:
        return {**_ended(store, kind, subject, error), "stopped": True}
    except CrmError as error:
        return {"error": error.to_data()}
    except Exception as error:  # noqa: BLE001 - a job's page must say that it ended
        return {"error": _unexpected(error)}
    return {"told": dict(outcome)} if isinstance(outcome, Told) else {}


def patiently(ask: Callable[[], _Found]) -> _Found:
    """Return what `ask` finds; ask again while the database is away, a number of times."""
    for seconds in _WAITS:
        try:
            return ask()
        except Exception as error:
            if not is_away(error):
                raise
            time.sleep(seconds)
    return ask()


def _do(attempt: Attempt, work: Callable[[], object]) -> object:
    """Do `work`; wait and do it again while the database is away, a number of times.

    So does a job that was taken over while what its former worker held is not let go yet.
    """
    for seconds in _WAITS:
        try:
            return work()
        except Exception as error:
            if not (is_away(error) or (isinstance(error, Busy) and attempt.is_taken_over)):
                raise
            _LOG.warning("job waits %s s and goes on: %s", seconds, frames_of(error))
            _rest(attempt, seconds)
    return work()


def _rest(attempt: Attempt, seconds: float) -> None:
    """Wait; what asks for an end meanwhile is heard where the database can be asked."""
    time.sleep(seconds)
    try:
        attempt.look()
    except Exception as error:
        if isinstance(error, Stopped) or not is_away(error):
            raise


def _ended(store: TenantStore, kind: str, subject: str, why: CrmError) -> dict[str, Any]:
    patiently(lambda: end_work(store, kind, subject, why))
    return {"error": why.to_data()}


def _unexpected(error: Exception) -> dict[str, Any]:
    reference, log = uuid.uuid4().hex[:8], frames_of(error)
    _LOG.error("job failed, reference %s: %s", reference, log)
    return {"message": UNEXPECTED, "values": {"reference": reference}, "log": log}
