"""Jobs by real worker processes: done once, gone on with after a kill, kept to their tenant."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbos import EnqueueOptions

from core.errors import NotAllowed
from core.jobs import LOAD, REVIEW, RUN, JobState, enqueue, job_of, migrate_jobs
from core.jobs.figures import measure_jobs
from core.jobs.listing import active_jobs
from core.services.accounts import SYSTEM, Actor, Role, create_tenant
from core.services.execute_run import create_run
from core.services.import_files import receive
from core.services.import_ledger import list_imports
from core.services.run_reports import list_runs
from core.store.identity import worker_alive
from core.store.tenant import Store, TenantStore, utc_now

pytestmark = pytest.mark.both_stores

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = sorted((ROOT / "samples" / "isavigne").glob("*.csv"))


@pytest.fixture(scope="module")
def ready(store: Store) -> Store:
    """A store whose job tables are there, with the real clock: workers are other processes."""
    migrate_jobs(store.settings)
    return Store(store.settings, utc_now)


@pytest.fixture
def company(ready: Store) -> TenantStore:
    return ready.tenant_store(create_tenant(ready, f"t{time.time_ns()}", "Cave"))


@contextmanager
def working(store: Store, log: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker; what it writes into the log goes to the file `log`, as JSON."""
    environment = {
        **os.environ,
        "DATABASE_URL": store.settings.database_url,
        "DATA_DIR": str(store.settings.data_dir),
        "LOG_FORMAT": "json",
    }
    with log.open("wb") if log else nullcontext() as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "worker"], cwd=ROOT, env=environment, stderr=stream
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until(found: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def state(company: TenantStore, kind: str, subject: str) -> JobState:
    found = job_of(company, kind, subject)
    assert found is not None
    return found


def test_killed_work_goes_on_with_the_next_worker_and_happens_once(company: TenantStore) -> None:
    import_id = receive(company, SYSTEM, [(path.name, path) for path in SAMPLE])
    enqueue(company, SYSTEM, LOAD, import_id)
    enqueue(company, SYSTEM, LOAD, import_id)  # a second click is the same job
    assert state(company, LOAD, import_id).status == "queued"
    with working(company.store) as worker:
        until(lambda: state(company, LOAD, import_id).stage)
        worker.kill()
        worker.wait()
    assert state(company, LOAD, import_id).status == "running"
    with working(company.store):
        until(lambda: state(company, LOAD, import_id).is_over)
        assert state(company, LOAD, import_id).status == "done"
        assert [entry.status for entry in list_imports(company)] == ["loaded"]
        run_id = create_run(company, SYSTEM)
        enqueue(company, SYSTEM, RUN, run_id)
        until(lambda: state(company, RUN, run_id).is_over)
        assert worker_alive(company.store)
    assert [run.run_id for run in list_runs(company)] == [run_id]


def test_a_refused_job_says_why_in_both_languages_and_names_itself_in_the_log(
    company: TenantStore, tmp_path: Path
) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    import_id = receive(company, SYSTEM, [(path.name, path)])
    enqueue(company, SYSTEM, LOAD, import_id)
    with working(company.store, tmp_path / "log"):
        until(lambda: state(company, LOAD, import_id).is_over)
    check_log(tmp_path / "log", company.tenant_id, f"{company.tenant_id}/{LOAD}/{import_id}#0001")
    assert measure_jobs(company.store.settings, utc_now()).ended[LOAD, "failed"] >= 1
    failed = state(company, LOAD, import_id)
    assert failed.status == "failed"
    assert "picture.csv" in failed.error_sentence("en")
    assert failed.error_sentence("fr") != failed.error_sentence("en")


def check_log(log: Path, tenant_id: str, job_id: str) -> None:
    """Each line is JSON, and those of the job name it and its company."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [line for line in lines if line.get("job") == job_id]
    assert [line["message"].split(" after")[0] for line in told] == ["job begins", "job failed"]
    assert {line["tenant"] for line in told} == {tenant_id}


def test_a_job_belongs_to_its_tenant(ready: Store, company: TenantStore) -> None:
    other = ready.tenant_store(create_tenant(ready, f"o{time.time_ns()}", "Autre"))
    enqueue(company, SYSTEM, RUN, "11111111-1111-4111-8111-111111111111")
    assert job_of(other, RUN, "11111111-1111-4111-8111-111111111111") is None


def test_what_was_asked_for_within_a_second_is_done_in_the_order_it_was_asked(
    company: TenantStore, tmp_path: Path
) -> None:
    asked = [f"{digit}1111111-1111-4111-8111-111111111111" for digit in "95713"]
    for import_id in asked:  # there is no such import: each job ends at once, with that sentence
        enqueue(company, SYSTEM, LOAD, import_id)
    viewer = Actor(user_id="v", username="vera", role=Role.VIEWER, language="en")
    assert [job.subject for job in active_jobs(company, viewer)] == asked
    with working(company.store, tmp_path / "log"):
        until(lambda: state(company, LOAD, asked[-1]).is_over)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    of_company = [line for line in lines if line.get("tenant") == company.tenant_id]
    begun = [line["job"] for line in of_company if line["message"] == "job begins"]
    assert begun == [f"{company.tenant_id}/{LOAD}/{import_id}#0001" for import_id in asked]


@pytest.mark.parametrize(("kind", "asked"), [(LOAD, 0), (REVIEW, 1)])
def test_who_decides_while_a_review_runs_asks_for_one_behind_it(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch, kind: str, asked: int
) -> None:
    client = _Client(f"{company.tenant_id}/{kind}/7#0001")
    monkeypatch.setattr("core.jobs.queue.client_of", lambda _url: client)
    for _click in range(2):
        enqueue(company, SYSTEM, kind, "7")
    assert [job.status for job in client.jobs] == ["PENDING", *["ENQUEUED"] * asked]
    assert state(company, kind, "7").status == "running"


class _Client:
    """Jobs of which one runs."""

    def __init__(self, running: str) -> None:
        self.jobs = [SimpleNamespace(workflow_id=running, status="PENDING", priority=0)]

    def list_workflows(self, **_wanted: object) -> list[SimpleNamespace]:
        return self.jobs

    def enqueue(self, options: EnqueueOptions, *_subject: str) -> None:
        job_id, place = options.get("workflow_id"), options.get("priority")
        self.jobs.append(SimpleNamespace(workflow_id=job_id, status="ENQUEUED", priority=place))

    def get_event(self, *_event: str, timeout_seconds: float) -> None:
        assert timeout_seconds == 0


def test_a_viewer_asks_for_no_work(company: TenantStore) -> None:
    viewer = Actor(user_id="v", username="vera", role=Role.VIEWER, language="en")
    with pytest.raises(NotAllowed):
        enqueue(company, viewer, RUN, "11111111-1111-4111-8111-111111111111")
