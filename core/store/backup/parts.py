"""The three parts of an instance's database: tenants' data, identity tables, job tables.

SQLite keeps each in a file of its own, Postgres in a schema of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from core.settings import Settings
from core.store.engine import is_sqlite, normalise_url, sibling_file

DATA, IDENTITY, JOBS = "data", "identity", "jobs"
SCHEMAS = {DATA: "public", IDENTITY: "identity", JOBS: "dbos"}
# What the migrations of the target write themselves.
OF_MIGRATIONS = frozenset({"alembic_version", "dbos_migrations"})
PAST_SQLITE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part: where it lives, under a role that may read all of it."""

    name: str
    url: URL

    @property
    def schema(self) -> str:
        """The part's schema on Postgres."""
        return SCHEMAS[self.name]

    @property
    def path(self) -> Path:
        """The part's file on SQLite."""
        return Path(self.url.database or "").absolute()

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()


@dataclass(frozen=True, kw_only=True)
class TableDump:
    """One table as it was copied.

    `digest` is that of its rows in any order, `file` the copy's name under `database/`.
    """

    part: str
    table: str
    columns: tuple[str, ...]
    rows: int
    digest: str
    file: str

    @property
    def place(self) -> tuple[str, str]:
        """The table's name among all parts."""
        return self.part, self.table

    @property
    def told(self) -> tuple[tuple[str, ...], int, str]:
        """What must be equal for the rows to be the same."""
        return self.columns, self.rows, self.digest


@dataclass(frozen=True, kw_only=True)
class SequenceDump:
    """How far a sequence of Postgres had counted; `value` is None before its first number."""

    part: str
    name: str
    value: int | None


def parts_of(settings: Settings, jobs_url: str) -> tuple[Part, ...]:
    """Return the parts of the instance; `jobs_url` is where the job tables live."""
    url = normalise_url(settings.database_owner_url or settings.database_url)
    jobs = normalise_url(jobs_url)
    if not is_sqlite(url):
        if settings.jobs_database_url is None:
            jobs = url
        return (
            Part(name=DATA, url=url),
            Part(name=IDENTITY, url=url),
            Part(name=JOBS, url=jobs),
        )
    return (
        Part(name=DATA, url=url),
        Part(name=IDENTITY, url=sibling_file(url, "control")),
        Part(name=JOBS, url=jobs),
    )


def on_sqlite(parts: tuple[Part, ...]) -> list[Part]:
    """Return the parts that are files of SQLite."""
    return [part for part in parts if part.kind == "sqlite"]


def on_postgres(parts: tuple[Part, ...]) -> dict[URL, list[Part]]:
    """Return the parts in Postgres by the database that they share."""
    found: dict[URL, list[Part]] = {}
    for part in parts:
        if part.kind != "sqlite":
            found.setdefault(part.url, []).append(part)
    return found
