"""Bring the database to the schema of this version."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config

from core.settings import Settings
from core.store.engine import is_sqlite, normalise_url

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(settings: Settings) -> None:
    """Apply every missing revision; several starters at once wait for one another."""
    url = settings.database_owner_url or settings.database_url
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["database_url"] = url
    if settings.has_own_login:
        config.attributes["login_url"] = settings.database_url
    with _one_starter(url):
        command.upgrade(config, "head")


@contextmanager
def _one_starter(url: str) -> Iterator[None]:
    parsed = normalise_url(url)
    if not is_sqlite(parsed):
        yield  # env.py holds an advisory lock
        return
    path = Path(parsed.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".migrate.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
