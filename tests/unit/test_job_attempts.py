"""A try at a job: whose it is, when it counts, what is done again; without a database."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dbos import DBOSClient
from sqlalchemy.exc import TimeoutError as NoneFree

from core.errors import Busy, StoreUnavailable
from core.jobs import attempt as attempts
from core.jobs.attempt import MOST_TRIES, Attempt, JobLost, try_job
from core.jobs.kinds import RUN
from core.jobs.records import STOP_BY, TRIES
from core.store.tenant import TenantStore

OWN, OTHER = "worker-0", "worker-1"
BUSY = Busy("Another run is under way.")


class Kept:
    """The job tables with one job, dequeued by `executor`."""

    def __init__(self, executor: str = OWN, status: str = "PENDING", **attributes: object) -> None:
        self.row = SimpleNamespace(
            executor_id=executor, dequeued_at=1, status=status, attributes=dict(attributes)
        )

    def list_workflows(self, **_asked: object) -> list[SimpleNamespace]:
        return [self.row]

    def update_workflow_attributes(
        self, _job_id: str, attributes: dict[str, Any], *, merge: bool
    ) -> None:
        assert merge
        self.row.attributes |= attributes


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_WAITS", (0.0, 0.0))


def claim(kept: Kept, stopping: threading.Event | None = None) -> Attempt:
    return Attempt(cast(DBOSClient, kept), "t/run/a#0001", OWN, stopping or threading.Event())


def tried(attempt: Attempt, work: Callable[[], object]) -> dict[str, Any]:
    return try_job(attempt, cast(TenantStore, None), RUN, "a", work)


def failing(*errors: Exception) -> Callable[[], object]:
    """Work that raises these, one each time it is done, and then succeeds."""
    left = list(errors)

    def work() -> object:
        if left:
            raise left.pop(0)
        return None

    return work


@pytest.mark.parametrize("kept", [Kept(executor=OTHER), Kept(status="ENQUEUED")])
def test_a_job_that_was_given_to_another_before_it_was_claimed_is_lost(kept: Kept) -> None:
    with pytest.raises(JobLost):
        claim(kept)


@pytest.mark.parametrize("tries", [0, 1])
def test_what_a_former_worker_still_holds_is_waited_for_however_that_one_ended(tries: int) -> None:
    """One that is stopped in order counts no try, and may hold its locks for some seconds."""
    assert tried(claim(Kept(**{TRIES: tries})), failing(BUSY, BUSY)) == {}


def test_what_another_holds_ends_a_job_that_nobody_had_before() -> None:
    assert tried(claim(Kept()), failing(BUSY))["error"] == BUSY.to_data()


@pytest.mark.parametrize("error", [StoreUnavailable("away"), NoneFree("no connection is free")])
def test_a_database_that_is_away_or_has_no_connection_free_is_asked_again(
    error: Exception,
) -> None:
    assert tried(claim(Kept()), failing(error, error)) == {}
    assert tried(claim(Kept()), failing(error, error, error)) != {}


def test_a_job_that_comes_while_its_worker_is_stopped_counts_no_try() -> None:
    kept, stopping = Kept(), threading.Event()
    stopping.set()
    with pytest.raises(JobLost):
        tried(claim(kept, stopping), failing())
    assert TRIES not in kept.row.attributes


@pytest.mark.parametrize("kept", [{TRIES: MOST_TRIES}, {STOP_BY: "anne"}])
def test_the_end_of_what_is_given_up_or_stopped_waits_for_a_database_that_is_away(
    kept: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = failing(StoreUnavailable("away"))
    ended: list[str] = []
    monkeypatch.setattr(attempts, "end_work", lambda *_args: (end(), ended.append("a")))
    outcome = tried(claim(Kept(**kept)), failing(AssertionError("it is not worked on")))
    assert (ended, outcome["error"]["message"] != "away") == (["a"], True)
    assert outcome.get("stopped", False) == (STOP_BY in kept)
