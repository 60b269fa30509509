"""The inbox: files left in `raw/` become one import, each once, by command and by schedule."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Busy, Refused
from core.jobs import TAKE, job_of, migrate_jobs
from core.jobs.watch import scan_inboxes
from core.services import inbox
from core.services.accounts import SYSTEM, create_tenant
from core.services.command_lock import clear_abandoned, worked_by_command
from core.services.import_again import reopen
from core.services.import_archive import archive_of
from core.services.import_files import load, receive
from core.services.import_ledger import discard, entry_of, list_imports
from core.services.import_paths import import_paths
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo
from core.services.inbox import take_in, work_on
from core.store.locks import exclusive
from core.store.tenant import Store, TenantStore
from etl.main_multi import import_raw_folders
from tests.contract.test_jobs import until, working

CLIENTS = "client_code,email\nC1,a@example.com\nC2,b@example.com\n"
OPEN = "client_code,created_at\nC1,03/04/2025\n"


def no_pause(_seconds: float) -> None:
    return None


@pytest.fixture
def company(store: Store) -> TenantStore:
    return store.tenant_store(create_tenant(store, f"cave-{uuid.uuid4().hex[:8]}", "Cave"))


def leave(store: TenantStore, name: str, content: str = CLIENTS) -> Path:
    folder = inbox.inbox_of(store)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content)
    return path


def states(store: TenantStore) -> list[str]:
    return sorted(entry.status for entry in list_imports(store))


def test_the_files_of_an_inbox_are_one_import_and_read_once(company: TenantStore) -> None:
    left = [
        leave(company, "clients.csv"),
        leave(company, "products.csv", "product_key,name\nP,x\n"),
    ]
    (import_id,) = take_in(company, no_pause)
    assert not any(path.exists() for path in left)
    report = work_on(company, import_id)
    assert (report["status"], report["totals"]["loaded"]) == ("loaded", 3)  # type: ignore[index]
    archive = archive_of(company, import_id)
    assert archive.original(1, "clients.csv").read_text() == CLIENTS
    assert archive.report.is_file()
    assert take_in(company, no_pause) == []
    assert states(company) == ["loaded"]


@pytest.mark.parametrize(
    "name", ["clients.csv.part", ".clients.csv", "~$clients.xlsx", "notes.pdf"]
)
def test_what_is_no_finished_table_stays(company: TenantStore, name: str) -> None:
    path = leave(company, name)
    assert take_in(company, no_pause) == []
    assert path.exists()


@pytest.mark.parametrize("changed", [CLIENTS + "C3,\n", CLIENTS])
def test_a_file_still_being_written_is_left_alone(company: TenantStore, changed: str) -> None:
    path = leave(company, "clients.csv")
    assert take_in(company, lambda _seconds: write_later(path, changed)) == []
    assert path.read_text() == changed
    assert len(take_in(company, no_pause)) == 1


def write_later(path: Path, content: str) -> None:
    state = path.stat()
    path.write_text(content)
    if path.stat().st_mtime_ns == state.st_mtime_ns:  # written within one tick of the clock
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))


def test_a_question_waits_on_the_page_and_is_not_tried_again(company: TenantStore) -> None:
    leave(company, "clients.csv", OPEN)
    (import_id,) = take_in(company, no_pause)
    assert work_on(company, import_id)["status"] == "asking"
    assert entry_of(company, import_id).created_by == "inbox"
    assert take_in(company, no_pause) == []


STEPS = ("claim.rename", "receive", "rmtree")


@pytest.mark.sampled(one_in=4)
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_loses_and_repeats_nothing(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    leave(company, "a.csv")
    leave(company, "b.csv", "client_code,email\nC9,z@example.com\n")
    with monkeypatch.context() as patch:
        kill(patch, step)
        with pytest.raises(KeyboardInterrupt):
            take_in(company, no_pause)
    total = 0
    for _ in range(2):
        for import_id in take_in(company, no_pause):
            total += work_on(company, import_id)["totals"]["loaded"]  # type: ignore[index]
    assert total == 3
    assert set(states(company)) == {"loaded"}
    assert not list((inbox.inbox_of(company) / ".taken").glob("*"))


def kill(patch: pytest.MonkeyPatch, step: str) -> None:
    """Stop, as a kill would, at the second rename, after the receiving, or before the removal."""

    def stopped(*_values: object, **_named: object) -> None:
        raise KeyboardInterrupt

    if step == "claim.rename":
        patch.setattr(Path, "rename", once_then(Path.rename, stopped))
    elif step == "receive":
        patch.setattr(inbox, "receive", stopped)
    else:
        patch.setattr(inbox.shutil, "rmtree", stopped)


def once_then(first: Callable[..., object], later: Callable[..., object]) -> Callable[..., object]:
    calls = iter((first,))
    return lambda *values: next(calls, later)(*values)


@pytest.mark.parametrize(("name", "imports"), [("sales.csv", 1), ("clients.csv", 2)])
def test_files_between_which_a_kill_came_are_one_import(
    company: TenantStore, name: str, imports: int
) -> None:
    claim = inbox.inbox_of(company) / ".taken" / str(uuid.uuid4())
    claim.mkdir(parents=True)
    leave(company, "clients.csv").rename(claim / "clients.csv")
    leave(company, name, "client_code,email\nC3,c@example.com\n")
    found = take_in(company, no_pause)
    assert len(found) == imports
    assert sum(len(entry_of(company, import_id).files) for import_id in found) == 2
    assert not any(claim.parent.iterdir())


def test_two_scans_at_once_take_a_file_once(company: TenantStore) -> None:
    leave(company, "clients.csv")
    with exclusive(company, "inbox", "busy"), pytest.raises(Busy):
        take_in(company, no_pause)
    assert len(take_in(company, no_pause)) == 1


def test_one_companys_bad_file_keeps_no_other_waiting(
    store: Store, company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    other = store.tenant_store(create_tenant(store, f"{company.tenant.key}-other", "Autre"))
    leave(company, "clients.csv", "\x89PNG\r\n\x1a\n" + "\0" * 100)
    leave(other, "clients.csv")
    (sentence,) = import_raw_folders(store)
    assert sentence.startswith(f"{company.tenant.key}: clients.csv waits on the Upload page.")
    assert (states(company), states(other)) == (["asking"], ["loaded"])
    assert import_raw_folders(store) == []


def rejects_of(store: TenantStore) -> str:
    """Load a file with a bad row; return what its download of rejected rows holds."""
    content = "client_code,created_at\nR1,2026-01-01\nR2,soon\n"
    report = import_paths(store, SYSTEM, [leave(store, "bad.csv", content)])
    (inbox.inbox_of(store) / "bad.csv").unlink()
    return b"".join(rejects_file(store, str(report["import_id"]), 1, "en").content).decode()


@pytest.mark.parametrize("others", [(), ("clients.csv",)])
def test_a_refused_file_is_put_aside_and_the_others_get_through(
    store: Store, company: TenantStore, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    rejects = rejects_of(company)
    (loaded,) = list_imports(company)
    undo(company, SYSTEM, loaded.import_id)
    leave(company, "bad_rejects.csv", rejects)
    for name in others:
        leave(company, name)
    (sentence,) = import_raw_folders(store, "fr")
    assert sentence.startswith(f"{company.tenant.key}: bad_rejects.csv a été refusé")
    assert states(company) == sorted(["undone", *("loaded" for _ in others)])
    (aside,) = [p for p in (inbox.inbox_of(company) / "refused").iterdir() if p.is_dir()]
    assert (aside / "bad_rejects.csv").read_text() == rejects
    assert aside.name in sentence
    assert "import" in aside.with_suffix(".txt").read_text()
    assert not list((inbox.inbox_of(company) / ".taken").glob("*"))
    assert import_raw_folders(store) == []


def test_an_inbox_that_is_busy_refuses_no_file(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_values: object, **_named: object) -> None:
        raise Busy("busy")

    leave(company, "clients.csv")
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "receive", busy)
        with pytest.raises(Busy):
            take_in(company, no_pause)
    assert len(take_in(company, no_pause)) == 1
    assert not (inbox.inbox_of(company) / "refused").exists()


def test_the_log_tells_where_a_refused_file_is_and_not_how_it_is_called(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_values: object, **_named: object) -> None:
        raise Refused("%(name)s is no table", name="anne@x.example.csv")

    leave(company, "anne@x.example.csv", "x")
    monkeypatch.setattr(inbox, "receive", refuse)
    assert take_in(company, no_pause) == []
    (aside,) = [p for p in (inbox.inbox_of(company) / "refused").iterdir() if p.is_dir()]
    assert aside.name in caplog.text
    assert "anne" not in caplog.text


def test_a_grave_warning_leaves_the_import_to_a_person(
    store: Store,
    company: TenantStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    prices = "product_key,name,price_ttc\n" + "".join(f"P{n},Vin,9.50\n" for n in range(5))
    leave(company, "products_20260101.csv", prices)
    assert import_raw_folders(store) == []
    leave(company, "products_20260201.csv", prices.replace("9.50", "950.00"))
    said = import_raw_folders(store)
    assert "products_20260201.csv" in said[0]
    assert any("ten times higher or lower" in sentence for sentence in said)
    assert states(company) == ["loaded", "planned"]
    assert "PRICE_JUMP" in caplog.text
    assert "Vin" not in caplog.text
    assert import_raw_folders(store) == []
    (waiting,) = [e for e in list_imports(company) if e.status == "planned"]
    assert load(company, waiting.import_id)["status"] == "loaded"


@pytest.mark.parametrize("content", [OPEN, CLIENTS])
def test_what_was_given_up_and_taken_up_again_is_loaded_by_hand(
    store: Store, company: TenantStore, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    leave(company, "clients.csv", content)
    (import_id,) = take_in(company, no_pause)
    discard(company, SYSTEM, import_id)
    reopen(company, SYSTEM, import_id)
    assert import_raw_folders(store) == []
    work_on(company, import_id)  # a job asked for before
    assert states(company) == ["received"]


def test_an_import_that_cannot_be_planned_is_said_once_and_stops_no_other(
    store: Store, company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    rejects = rejects_of(company)
    leave(company, "bad_rejects.csv", rejects.replace("soon", "2026-01-02"))
    (correction,) = take_in(company, no_pause)
    (corrected,) = [e.import_id for e in list_imports(company) if e.import_id != correction]
    undo(company, SYSTEM, corrected)
    leave(company, "clients.csv")
    assert len(import_raw_folders(store)) == 1
    assert states(company) == ["loaded", "received", "undone"]
    assert import_raw_folders(store) == []


def test_the_schedule_asks_for_the_work_once(
    store: Store, company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_jobs(store.settings)
    monkeypatch.setattr(inbox, "SETTLE_SECONDS", 0.0)
    leave(company, "clients.csv")
    scan_inboxes(store)
    scan_inboxes(store)
    (entry,) = list_imports(company)
    job = job_of(company, TAKE, entry.import_id)
    assert job is not None
    assert job.status == "queued"


def test_a_worker_loads_what_is_left_in_the_inbox(store: Store, company: TenantStore) -> None:
    migrate_jobs(store.settings)
    leave(company, "clients.csv")
    with working(store):
        until(lambda: states(company) == ["loaded"])


def test_a_killed_command_leaves_nothing_in_the_ledger(company: TenantStore) -> None:
    path = leave(company, "clients.csv")
    killed = "7d6f6a52-0000-4000-8000-000000000001"
    receive(company, SYSTEM, [(path.name, path)], import_id=killed)
    (archive_of(company, killed).folder / "command.lock").touch()
    waiting = receive(company, SYSTEM, [(path.name, path)])
    import_paths(company, SYSTEM, [path])
    assert states(company) == ["loaded", "received"]
    assert not archive_of(company, killed).folder.exists()
    assert entry_of(company, waiting).status == "received"


def test_a_living_commands_import_is_not_cleared(company: TenantStore) -> None:
    path = leave(company, "clients.csv")
    alive = "7d6f6a52-0000-4000-8000-000000000002"
    with worked_by_command(company, alive):
        receive(company, SYSTEM, [(path.name, path)], import_id=alive)
        clear_abandoned(company)
        assert states(company) == ["received"]
