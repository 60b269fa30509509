"""Where the job tables live, and how they are made."""

from pathlib import Path

from dbos import DBOS

from core.settings import Settings
from core.store.engine import APP_ROLE, is_sqlite, normalise_url, sibling_file
from core.store.roles import keep_from_truncating
from core.store.schema import one_starter

_JOBS_SCHEMA = "dbos"


def jobs_url(settings: Settings) -> str:
    """Return where the job tables live: a file beside SQLite's, a schema in Postgres."""
    if settings.jobs_database_url:
        return settings.jobs_database_url
    url = normalise_url(settings.database_url)
    if is_sqlite(url):
        return sibling_file(url, "jobs").render_as_string(hide_password=False)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def migrate_jobs(settings: Settings) -> None:
    """Create or update the job tables, as their owner where the application is another role.

    Starters at once wait for one another.
    """
    with one_starter(settings):
        _migrate_jobs(settings)


def _migrate_jobs(settings: Settings) -> None:
    if not settings.has_own_login or settings.jobs_database_url:
        DBOS.migrate(jobs_url(settings))
        return
    owned = settings.model_copy(update={"database_url": settings.database_owner_url})
    DBOS.migrate(jobs_url(owned), application_role=APP_ROLE)
    keep_from_truncating(owned, _JOBS_SCHEMA)


def has_jobs(url: str) -> bool:
    """Tell whether there are job tables: who works by the command line alone has none."""
    return not url.startswith("sqlite") or Path(normalise_url(url).database or "").exists()
