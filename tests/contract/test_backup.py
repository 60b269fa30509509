"""A backup of a running instance brought back: row by row, file by file, or not at all."""

import errno
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import Refused
from core.jobs import LOAD, RUN, forget_jobs, jobs_url, migrate_jobs
from core.services import prepare_campaign
from core.services.accounts import SYSTEM, create_tenant, list_tenants
from core.services.backup_manifest import read_manifest
from core.services.erasure import ask_erasure, erase
from core.services.execute_run import create_run, execute
from core.services.import_ledger import entry_of, list_imports
from core.services.instance_check import check_instance
from core.services.restore import put_back, restore
from core.services.run_reports import list_runs
from core.settings import Settings
from core.store.backup.parts import parts_of
from core.store.import_states import LOADED
from core.store.restoring import refuse_half_restored
from core.store.runs import RunStatus
from core.store.schema import migrate
from core.store.sessions import store_session
from core.store.tenant import Store, TenantStore, utc_now
from tests.contract.backup_world import (
    AS_OF,
    Instance,
    all_files,
    all_rows,
    bring,
    new_instance,
    take,
)
from tests.contract.campaign_data import NOW, fill_run, people
from tests.contract.conftest import MakeStore
from tests.contract.kill_worlds import end_connections
from tests.contract.live_data import Clock as LiveClock
from tests.contract.live_data import FakeBrevo, go_live, prepare_live
from tests.contract.test_jobs import state, until, working
from tests.contract.test_live_restores import RECIPIENTS, check_reconciled, send
from tests.contract.test_starters import Database, new_postgres
from tests.golden.small_tenant import comparable_files

# What a restore does because it is one: sessions end, campaigns wait, the trail tells of it.
_TOLD = {"data.send_epoch", "data.audit_trail", "data.audit_trail_head"}
_OF_THE_RESTORE = {"identity.session", *_TOLD}


@pytest.fixture(scope="module")
def instance(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return new_instance(store, tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="module")
def backup(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take(instance.store, tmp_path_factory.mktemp("backups") / "first")


@pytest.fixture
def empty(instance: Instance, make_store: MakeStore) -> Store:
    """An instance that holds nothing yet, on the same kind of database."""
    return make_store(instance.store.data_engine.dialect.name.removesuffix("ql"))


def test_what_comes_back_is_equal_row_by_row_and_goes_on(
    instance: Instance, backup: Path, empty: Store
) -> None:
    rows, files = all_rows(instance.store), all_files(instance.files)
    done = bring(empty, backup)
    again = all_rows(empty)
    assert {name for name in rows if rows[name] != again.get(name)} <= _OF_THE_RESTORE
    assert set(rows) == set(again)
    assert set(rows["data.audit_trail"]) < set(again["data.audit_trail"])
    assert (done.tenants, done.erased_again) == (2, 0)
    found = all_files(empty.settings.data_dir)
    assert {name for name in found if name not in files} <= {
        f"{key}/privacy/erased.jsonl" for key in ("cave", "voisin")
    }
    assert {name: found[name] for name in files} == files
    assert list(check_instance(empty, jobs_url(empty.settings))) == []
    goes_on(instance, Store(empty.settings, utc_now))


def goes_on(instance: Instance, store: Store) -> None:
    """A run gives the same bytes, and the jobs that waited or ran end once."""
    cave = store.tenant_store(list_tenants(store)[0])
    made = [comparable_files(tenant, ran(tenant)) for tenant in (instance.cave, cave)]
    assert made[0] == made[1]
    jobs = ((LOAD, instance.waiting), (RUN, instance.running))
    with working(store):
        until(lambda: all(state(cave, *job).is_over for job in jobs))
    assert [state(cave, *job).status for job in jobs] == ["done", "done"]
    assert entry_of(cave, instance.waiting).status == LOADED
    assert [run.status for run in list_runs(cave)] == [RunStatus.DONE] * 3
    assert len(list_imports(cave)) == 2
    store.dispose()


def ran(tenant: TenantStore) -> str:
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id)
    return run_id


def test_all_parts_of_a_backup_are_of_one_moment(empty: Store, tmp_path: Path) -> None:
    """Whoever writes to one part and then to the next is seen at most once in between."""
    tenant = empty.tenant_store(create_tenant(empty, "cave", "0"))
    with tenant.begin() as tx:
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 0)")
    stop = threading.Event()
    writing = threading.Thread(target=count_in_both, args=(tenant, stop))
    writing.start()
    try:
        folders = [take(empty, tmp_path / str(number)) for number in range(3)]
    finally:
        stop.set()
        writing.join()
    counted = [figures_of(folder) for folder in folders]
    assert {first - second for first, second in counted} <= {0, 1}
    assert counted[0] < counted[-1]


def count_in_both(tenant: TenantStore, stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        with tenant.store.identity(write=True) as tx:
            tx.execute("UPDATE identity.tenant SET name = :name", name=str(number))
        with tenant.begin() as tx:
            tx.execute("UPDATE tenant_head SET seq = :n WHERE tenant_id = :tenant", n=number)


def figures_of(backup: Path) -> tuple[int, int]:
    folder = backup / "database"
    if (folder / "data.db").exists():
        asked = (("identity", "SELECT name FROM tenant"), ("data", "SELECT seq FROM tenant_head"))
        cells = []
        for part, sql in asked:
            with closing(sqlite3.connect(folder / f"{part}.db")) as connection:
                cells.append(connection.execute(sql).fetchone()[0])
        return int(cells[0]), int(cells[1])
    named = gzip.decompress((folder / "identity.tenant.copy.gz").read_bytes()).decode()
    head = gzip.decompress((folder / "data.tenant_head.copy.gz").read_bytes()).decode()
    return int(named.split("\t")[2]), int(head.split("\t")[1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a table": lambda backup: flip(max((backup / "database").iterdir(), key=_size)),
    "an original": lambda backup: flip(next((backup / "files").glob("cave/runs/*/raw/*clients*"))),
    "a file is gone": lambda backup: next((backup / "files").glob("*/runs/*/report.json")).unlink(),
    "the manifest": lambda backup: flip(backup / "manifest.json"),
}


def _size(path: Path) -> int:
    return path.stat().st_size


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_named_and_touches_nothing(
    backup: Path, empty: Store, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(backup, tmp_path / "damaged")
    DAMAGES[damage](tmp_path / "damaged")
    before = all_rows(empty), all_files(empty.settings.data_dir)
    with pytest.raises(Refused, match="damaged"):
        bring(empty, tmp_path / "damaged")
    assert (all_rows(empty), all_files(empty.settings.data_dir)) == before


def test_a_row_that_names_a_lost_file_keeps_the_backup_from_being_taken(
    instance: Instance, tmp_path: Path
) -> None:
    original = next((instance.files / "cave" / "runs").glob("*/raw/*sales_20260101*"))
    original.rename(tmp_path / "lost")
    try:
        with pytest.raises(Refused, match="name files that are missing"):
            take(instance.store, tmp_path / "backup")
        (found,) = check_instance(instance.store, jobs_url(instance.store.settings))
        assert (found.is_error, found.values["path"]) == (
            True,
            original.relative_to(instance.files / "cave").as_posix(),
        )
    finally:
        (tmp_path / "lost").rename(original)
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_folder_of_somebody_elses_is_not_taken_for_a_draft(
    instance: Instance, tmp_path: Path
) -> None:
    (tmp_path / "backup.part").mkdir()
    (tmp_path / "backup.part" / "letter.txt").write_text("mine")
    with pytest.raises(Refused, match=r"backup\.part is there already"):
        take(instance.store, tmp_path / "backup")
    assert (tmp_path / "backup.part" / "letter.txt").read_text() == "mine"


def other_world(store: Store) -> tuple[object, object]:
    """Fill an instance with something that a backup would replace; return all of it."""
    migrate_jobs(store.settings)
    create_tenant(store, "autre", "Autre")
    (store.settings.data_dir / "autre").mkdir(parents=True)
    (store.settings.data_dir / "autre" / "kept.txt").write_text("kept")
    store.dispose()
    return all_rows(store), all_files(store.settings.data_dir)


def test_an_instance_with_data_is_replaced_on_demand_alone_and_wholly_or_not(
    backup: Path, empty: Store
) -> None:
    before = other_world(empty)
    with pytest.raises(Refused, match="--replace"):
        bring(empty, backup)
    with pytest.raises(ZeroDivisionError):
        restore_with(empty, backup, lambda _settings: 1 / 0)  # type: ignore[arg-type]
    assert (all_rows(empty), all_files(empty.settings.data_dir)) == before
    with pytest.raises(Refused, match="No space left"):
        restore_with(empty, backup, fill_the_disk)
    assert (all_rows(empty), all_files(empty.settings.data_dir)) == before
    refuse_half_restored(empty.settings)
    killed = os.fork()
    if killed == 0:
        restore_with(empty, backup, lambda _settings: os._exit(9))
    assert os.waitstatus_to_exitcode(os.waitpid(killed, 0)[1]) == 9
    with pytest.raises(Refused, match="broken off"):
        refuse_half_restored(empty.settings)
    put_back(empty.settings, parts_of(empty.settings, jobs_url(empty.settings)))
    assert (all_rows(empty), all_files(empty.settings.data_dir)) == before
    bring(empty, backup, replace=True)
    assert [tenant.key for tenant in list_tenants(empty)] == ["cave", "voisin"]
    assert not (empty.settings.data_dir / "autre").exists()


def fill_the_disk(_settings: Settings) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def restore_with(store: Store, backup: Path, migrate: Callable[[Settings], None]) -> None:
    settings = store.settings
    restore(settings, jobs_url(settings), backup, migrate, forget_jobs, replace=True)


def test_a_campaign_that_went_out_after_the_backup_is_not_sent_again(
    empty: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_jobs(empty.settings)
    go_live(empty, monkeypatch, LiveClock(NOW), brevo_in_flight=2)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    tenant = empty.tenant_store(create_tenant(empty, "cave", "Cave"))
    brevo = FakeBrevo(clock=empty.now)  # type: ignore[arg-type]
    campaign_id = prepare_live(tenant, RECIPIENTS)
    folder = take(empty, tmp_path / "backup")
    assert send(tenant, campaign_id, brevo) is None
    assert len(brevo.posts) == RECIPIENTS
    bring(empty, folder, replace=True)
    check_reconciled(tenant, campaign_id, brevo, is_paused=False)


def test_who_was_erased_after_the_backup_stays_erased_and_sessions_end(
    instance: Instance, backup: Path
) -> None:
    store, cave = instance.store, instance.cave
    with store.identity() as tx:
        user = tx.scalar("SELECT user_id FROM identity.app_user")
    with store.identity(write=True) as tx:
        told = {"user_id": user, "tenant_id": cave.tenant_id, "began_at": NOW, "now": NOW}
        store_session(tx, token_sha256="token", **told)
    later = take(store, backup.parent / "later")
    request = ask_erasure(cave, SYSTEM, "C1", reason="asked", confirmation="C1")
    erase(cave, request, forget_jobs=forget_jobs)
    assert brought_by_command(store, later)["erased_again"] >= 1
    assert "c1@example.com" not in str(all_rows(store)["data.customer"])
    with store.identity() as tx:
        assert tx.scalar("SELECT count(*) FROM identity.session WHERE revoked_at IS NULL") == 0


def brought_by_command(store: Store, backup: Path) -> dict[str, int]:
    """Bring a backup back as an operator does, with nobody else connected; return what it says."""
    store.dispose()
    settings = store.settings
    if settings.database_url.startswith("postgresql"):
        end_connections(settings.database_url)
    done = subprocess.run(
        [sys.executable, "-m", "core", "restore", str(backup), "--replace", "--json"],
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(settings.data_dir),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, int] = json.loads(done.stdout)
    return told


@pytest.mark.postgres
def test_an_owner_whom_row_security_binds_copies_and_brings_back_every_company(
    postgres_url: str, tmp_path: Path
) -> None:
    """Of a database that somebody else hosts: its owner is no superuser."""
    made = [new_postgres(postgres_url) for _ in range(2)]
    try:
        stores = [owned_store(database, tmp_path / str(n)) for n, (database, _) in enumerate(made)]
        for key in ("cave", "voisin"):
            company = stores[0].tenant_store(create_tenant(stores[0], key, key))
            fill_run(company, people(3))
        first = take(stores[0], tmp_path / "first")
        with pytest.raises(Refused, match="DATABASE_OWNER_URL"):
            take(as_application(stores[0]), tmp_path / "none")
        settings = stores[0].settings
        assert list(check_instance(as_application(stores[0]), jobs_url(settings))) == []
        with pytest.raises(Refused, match="DATABASE_OWNER_URL"):
            bring(as_application(stores[1]), first)
        bring(stores[1], first)
        told = [tables_told(folder) for folder in (first, take(stores[1], tmp_path / "second"))]
        assert told[0]["data", "customer"][0] == told[0]["data", "next_action_output"][0] == 6
        changed = {place for place in told[0] if told[0][place] != told[1][place]}
        assert {f"{part}.{table}" for part, table in changed} <= _TOLD
    finally:
        for store in stores:
            store.dispose()
        for _, drop in made:
            drop()


def owned_store(database: Database, data_dir: Path) -> Store:
    settings = database.settings.model_copy(update={"data_dir": data_dir})
    migrate(settings)
    migrate_jobs(settings)
    return Store(settings, utc_now)


def as_application(store: Store) -> Store:
    """Return the store of whoever has the login of the application alone."""
    return Store(store.settings.model_copy(update={"database_owner_url": None}), utc_now)


def tables_told(folder: Path) -> dict[tuple[str, str], tuple[int, str]]:
    return {table.place: (table.rows, table.digest) for table in read_manifest(folder).tables}
