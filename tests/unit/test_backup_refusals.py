"""A backup that cannot be taken says why, and nothing of people is left for others to read."""

import errno
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest

from core.errors import Refused, StoreUnavailable
from core.jobs import forget_jobs, jobs_url, migrate_jobs
from core.services import backup as service
from core.services.backup import back_up
from core.services.instance_check import check_instance
from core.services.restore import restore
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now

NOBODY_LISTENS = "postgresql+psycopg2://owner:not-a-known-one@127.0.0.1:1/crm"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "data"
    settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder)
    migrate(settings)
    migrate_jobs(settings)
    opened = Store(settings, utc_now)
    yield opened
    opened.dispose()


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Store]:
    opened = Store(Settings(database_url=NOBODY_LISTENS, data_dir=tmp_path / "data"), utc_now)
    yield opened
    opened.dispose()


def taken(store: Store, target: Path) -> None:
    back_up(store, jobs_url(store.settings), target)


def test_a_database_that_is_away_is_said_and_nothing_is_left(away: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        taken(away, tmp_path / "backup")
    assert not list(tmp_path.glob("backup*"))
    (found,) = check_instance(away, jobs_url(away.settings))
    assert (found.is_error, found.message) == (True, "The database does not answer.")


def test_a_database_that_is_away_is_said_by_a_restore(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=NOBODY_LISTENS, data_dir=tmp_path / "elsewhere")
    taken(store, tmp_path / "backup")
    monkeypatch.setattr("core.services.restore.check_backup", lambda *_: None)
    with pytest.raises(StoreUnavailable):
        restore(settings, jobs_url(settings), tmp_path / "backup", migrate_jobs, forget_jobs)


def test_a_backup_that_breaks_off_leaves_no_rows_behind(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(service, "write_manifest", full)
    with pytest.raises(Refused, match="could not be written") as told:
        taken(store, tmp_path / "backup")
    assert told.value.values["reason"] == "No space left on device"
    assert not list(tmp_path.glob("backup*"))


def test_what_a_backup_holds_is_for_its_owner_alone_wherever_it_is_taken(
    store: Store, tmp_path: Path
) -> None:
    (store.settings.data_dir / "cave" / "raw").mkdir(parents=True)
    (store.settings.data_dir / "cave" / "raw" / "clients.csv").write_text("client_code")
    taken(store, tmp_path / "backup")
    kept = [
        path for part in ("database", "files") for path in (tmp_path / "backup" / part).rglob("*")
    ]
    files = {path.name: S_IMODE(path.stat().st_mode) for path in kept if path.is_file()}
    assert {"clients.csv", "data.db", "identity.db", "jobs.db"} <= set(files)
    assert set(files.values()) == {0o600}


def test_a_database_without_a_schema_is_one_finding(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/crm.db", data_dir=tmp_path)
    store = Store(settings, utc_now)
    (found,) = check_instance(store, jobs_url(settings))
    store.dispose()
    assert found.is_error
    assert int(str(found.values["count"])) > 100


def test_a_backup_does_not_lie_within_what_it_copies_however_it_is_written(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(store.settings.data_dir)
    for target in (tmp_path / "other" / ".." / "data" / "monday", tmp_path / "link" / "monday"):
        with pytest.raises(Refused, match="cannot lie within"):
            taken(store, target)
