"""Jobs whose worker dies, freezes or is stopped, by real processes on both databases."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import time as clock_time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.jobs import RUN, enqueue, job_of, migrate_jobs
from core.jobs.attempt import MOST_TRIES
from core.jobs.listing import active_jobs, find_job, past_jobs, place_in_queue
from core.jobs.records import Job, JobState
from core.jobs.stopping import stop_job
from core.services.accounts import SYSTEM, Actor, Role, create_tenant, create_user
from core.services.audit_trail import Action, trail_of
from core.services.execute_run import create_run
from core.services.run_reports import list_runs
from core.services.schedules import (
    Plan,
    Step,
    list_schedules,
    occurrences_of,
    save_schedule,
)
from core.store.engine import normalise_url
from core.store.locks import exclusive
from core.store.schedules import move_on
from core.store.tenant import Store, TenantStore, utc_now
from tests.contract.conftest import MakeStore

ROOT = Path(__file__).resolve().parents[2]
ANNE = Actor(
    user_id="11111111-1111-4111-8111-111111111111",
    username="anne",
    role=Role.ANALYST,
    language="en",
)


def prepared(store: Store) -> Store:
    """A store whose job tables are there, with the real clock: workers are other processes."""
    migrate_jobs(store.settings)
    store.settings.data_dir.mkdir(parents=True, exist_ok=True)
    (store.settings.data_dir / "worked").write_text("")
    return Store(store.settings, utc_now)


@pytest.fixture
def company(store: Store) -> TenantStore:
    return new_company(prepared(store))


def new_company(store: Store) -> TenantStore:
    return store.tenant_store(create_tenant(store, f"t{time.time_ns()}", "Cave"))


@contextmanager
def working(store: Store, lives: int = 1) -> Iterator["subprocess.Popen[bytes]"]:
    """A supervisor of so many lives of a worker; both are killed at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": store.settings.database_url,
        "DATA_DIR": str(store.settings.data_dir),
        "RAW_SCAN_SECONDS": "0",
    }
    command = [sys.executable, "-m", "tests.contract.driven_worker", str(lives)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(found: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def worked(store: Store, what: str) -> list[tuple[int, str]]:
    """The pids and subjects of what began or ended, in that order."""
    lines = (store.settings.data_dir / "worked").read_text().splitlines()
    split = [line.split(" ", 2) for line in lines]
    return [(int(pid), subject) for pid, said, subject in split if said == what]


def ask(company: TenantStore, *subjects: str) -> None:
    """Ask for runs in this order; SQLite's job tables tell no moments of one second apart."""
    for subject in subjects:
        enqueue(company, ANNE, RUN, subject)
        time.sleep(1.01 if company.store.data_engine.dialect.name == "sqlite" else 0.005)


def state(company: TenantStore, subject: str) -> JobState:
    found = job_of(company, RUN, subject)
    assert found is not None
    return found


def the_job(company: TenantStore, subject: str) -> Job:
    return find_job(company, ANNE, f"run.{subject}.0001")


def end_sessions(store: Store) -> None:
    """Drop every session of the database but our own."""
    engine = create_engine(normalise_url(store.settings.database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


def test_what_kills_its_worker_each_time_is_given_up_with_its_run(company: TenantStore) -> None:
    run_id = create_run(company, SYSTEM)
    store = company.store
    (store.settings.data_dir / "deadly").write_text(run_id)
    enqueue(company, ANNE, RUN, run_id)
    with working(store, lives=MOST_TRIES + 2):
        until(lambda: state(company, run_id).is_over)
    assert len(worked(store, "begins")) == MOST_TRIES
    assert state(company, run_id).status == "failed"
    assert "died 5 times" in state(company, run_id).error_sentence("en")
    (card,) = list_runs(company)
    assert (card.status, "died 5 times" in str(card.error)) == ("failed", True)
    assert [job.state.status for job in past_jobs(company, ANNE, state="failed")] == ["failed"]


def test_a_job_that_runs_stops_at_its_next_word_and_one_that_waits_never_begins(
    company: TenantStore,
) -> None:
    waiting = create_run(company, SYSTEM)
    ask(company, "slow-300-a", "slow-1-b", waiting)
    with working(company.store):
        until(lambda: state(company, "slow-300-a").stage)
        jobs = active_jobs(company, ANNE)
        assert [place_in_queue(job, jobs) for job in jobs] == [0, 2, 3]
        stop_job(company, ANNE, f"run.{waiting}.0001")
        stop_job(company, ANNE, "run.slow-300-a.0001")
        until(lambda: state(company, "slow-300-a").is_over, 10)
        until(lambda: state(company, "slow-1-b").is_over, 10)
    assert [subject for _pid, subject in worked(company.store, "begins")] == [
        "slow-300-a",
        "slow-1-b",
    ]
    for subject in ("slow-300-a", waiting):
        assert state(company, subject).status == "stopped"
        assert state(company, subject).error_sentence("fr") == "Arrêté par anne."
    assert state(company, "slow-1-b").status == "done"
    (card,) = list_runs(company)
    assert (card.status, card.error) == ("failed", "Stopped by anne.")
    admin = Actor(user_id="a", username="ada", role=Role.ADMIN, language="en")
    stopped = trail_of(company, admin, Action.JOB_STOPPED)
    assert [line.entry.subject for line in stopped] == [
        "run.slow-300-a.0001",
        f"run.{waiting}.0001",
    ]


def test_thirty_jobs_of_one_company_keep_nobody_elses_waiting(company: TenantStore) -> None:
    other = new_company(company.store)
    with working(company.store):
        for number in range(30):
            enqueue(company, ANNE, RUN, f"slow-5-{number:02d}")
        until(lambda: worked(company.store, "begins"))
        enqueue(other, ANNE, RUN, "slow-5-other")
        until(lambda: state(other, "slow-5-other").is_over)
        for job in active_jobs(company, ANNE):
            stop_job(company, ANNE, job.name)
        until(lambda: not active_jobs(company, ANNE))
    before = [subject for _pid, subject in worked(company.store, "ends")]
    assert before.index("slow-5-other") < 3


def test_a_database_that_was_away_is_asked_again_and_a_refusal_is_not(company: TenantStore) -> None:
    nothing = "22222222-2222-4222-8222-222222222222"
    ask(company, "away-2-a", nothing)
    with working(company.store):
        until(lambda: state(company, nothing).is_over)
    begun = [subject for _pid, subject in worked(company.store, "begins")]
    assert begun == ["away-2-a"] * 3 + [nothing]
    assert state(company, "away-2-a").status == "done"
    assert state(company, nothing).error_sentence("en") == "There is no such run."


def test_what_is_due_is_done_once_by_two_workers_one_of_which_dies(company: TenantStore) -> None:
    store = company.store
    name = f"o{time.time_ns()}"
    owner = create_user(store, company.tenant, name, "a long enough one", Role.ANALYST)
    plan = Plan(name="Monday", days=(0,), at=clock_time(6), steps=(Step.IMPORT, Step.RUN))
    schedule_id = save_schedule(company, owner, plan)
    (saved,) = list_schedules(company, owner)
    assert saved.next_at
    with store.identity(write=True) as tx:
        move_on(tx, company.tenant_id, schedule_id, saved.next_at, store.now())
    with working(store, lives=2) as first:
        until(lambda: occurrences_of(company, ANNE, schedule_id))
        with working(store):
            os.killpg(first.pid, signal.SIGKILL)
            until(lambda: occurrences_of(company, ANNE, schedule_id)[0].outcome == "done", 120)
    assert len(occurrences_of(company, ANNE, schedule_id)) == 1
    assert [run.status for run in list_runs(company)] == ["done"]


@pytest.mark.postgres
def test_a_frozen_worker_keeps_its_job_until_its_lock_is_gone_and_writes_nothing_then(
    make_store: MakeStore,
) -> None:
    """On Postgres alone: SQLite has one worker, whose lock is a file's."""
    store = prepared(make_store("postgres"))
    company = new_company(store)
    enqueue(company, ANNE, RUN, "slow-20-a")
    with working(store), working(store):
        until(lambda: worked(store, "begins"))
        [(frozen, _subject)] = worked(store, "begins")
        os.kill(frozen, signal.SIGSTOP)
        time.sleep(4)  # eight beats of the other
        assert len(worked(store, "begins")) == 1
        end_sessions(store)
        until(lambda: len(worked(store, "begins")) == 2)
        os.kill(frozen, signal.SIGCONT)
        until(lambda: state(company, "slow-20-a").is_over)
        time.sleep(2.5)  # by then the first would have ended too
        [(ended_by, _subject)] = worked(store, "ends")
    assert ended_by != frozen
    assert state(company, "slow-20-a").status == "done"
    assert the_job(company, "slow-20-a").tries == 2


@pytest.mark.postgres
def test_a_worker_that_is_full_holds_all_its_locks_and_still_reads(make_store: MakeStore) -> None:
    company = new_company(make_store("postgres"))
    with ExitStack() as held:
        for number in range(20):
            held.enter_context(exclusive(company, f"job-{number}", "held"))
        assert list_runs(company) == ()


@pytest.mark.postgres
def test_the_server_soon_misses_a_machine_that_vanished_with_a_lock(make_store: MakeStore) -> None:
    """Of a local socket the server tells no seconds, but whether they were set for the session."""
    store = make_store("postgres")
    asked = "SELECT source FROM pg_settings WHERE name LIKE 'tcp_keepalives%'"
    with store.data_engine.connect() as connection:
        assert list(connection.execute(text(asked)).scalars()) == ["session"] * 3
