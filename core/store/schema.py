"""Bring the database to the schema of this version."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import URL

from core.settings import Settings
from core.store.engine import is_sqlite, make_engine, normalise_url

_MIGRATIONS = Path(__file__).parent / "migrations"
_STARTER_LOCK = 7_404_519_263_002
_TAKE = text("SELECT pg_try_advisory_lock(:n)")
_RELEASE = text("SELECT pg_advisory_unlock(:n)")
_LOOK_SECONDS = 0.1


def migrate(settings: Settings, revision: str = "head") -> None:
    """Apply every missing revision up to `revision`; starters at once wait for one another."""
    with one_starter(settings):
        _upgrade(settings, revision)


def _upgrade(settings: Settings, revision: str) -> None:
    url = settings.database_owner_url or settings.database_url
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["database_url"] = url
    if settings.has_own_login:
        config.attributes["login_url"] = settings.database_url
    command.upgrade(config, revision)


def known_revisions() -> tuple[str, ...]:
    """Return the revisions that this version of the code can make, the newest first."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return tuple(each.revision for each in ScriptDirectory.from_config(config).walk_revisions())


@contextmanager
def one_starter(settings: Settings) -> Iterator[None]:
    """Let one process at a time bring the database up to date; the others wait for it.

    The rights of a table are a row of the catalogue: two who grant them at once fail.
    """
    url = normalise_url(settings.database_owner_url or settings.database_url)
    with _file_of(url) if is_sqlite(url) else _session_of(url):
        yield


@contextmanager
def _file_of(url: URL) -> Iterator[None]:
    path = Path(url.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".migrate.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def _session_of(url: URL) -> Iterator[None]:
    """Hold an advisory lock of Postgres, on a connection that is in no transaction meanwhile.

    Who waits looks again: a statement that waits would hold up an index that is built beside
    writers, and the holder with it.
    """
    engine = make_engine(url, as_app_role=False)
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            while not connection.execute(_TAKE, {"n": _STARTER_LOCK}).scalar():
                time.sleep(_LOOK_SECONDS)
            yield
            connection.execute(_RELEASE, {"n": _STARTER_LOCK})
    finally:
        engine.dispose()
