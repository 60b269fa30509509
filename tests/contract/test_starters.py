"""Eight processes that start at once on an empty or an old database: one schema, nothing lost."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from core.jobs import migrate_jobs
from core.settings import Settings
from core.store.engine import normalise_url, sibling_file
from core.store.schema import migrate

STARTERS = 8
OLD = "0003"
TENANT = "6a0c6a52-0000-4000-8000-000000000001"
_SCHEMA = """
SELECT 'column', c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull::text, coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE {ours} AND NOT a.attisdropped
UNION ALL
SELECT 'class', c.oid::regclass::text, c.relkind::text, c.relrowsecurity::text,
    c.relforcerowsecurity::text, coalesce(c.relacl::text, '') FROM pg_class AS c WHERE {ours}
UNION ALL
SELECT 'index', c.oid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid::text, '', ''
FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid WHERE {ours}
UNION ALL
SELECT 'constraint', c.oid::regclass::text, k.conname, pg_get_constraintdef(k.oid), '', ''
FROM pg_class AS c JOIN pg_constraint AS k ON k.conrelid = c.oid WHERE {ours}
UNION ALL
SELECT 'policy', c.oid::regclass::text, p.polname, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid), '' FROM pg_class AS c
JOIN pg_policy AS p ON p.polrelid = c.oid WHERE {ours}
UNION ALL
SELECT 'function', p.oid::regprocedure::text, md5(p.prosrc), p.prosecdef::text, '', ''
FROM pg_proc AS p WHERE p.pronamespace::regnamespace::text IN ('public', 'identity', 'dbos')
UNION ALL
SELECT 'member', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member), '', '', ''
FROM pg_auth_members AS m
WHERE pg_get_userbyid(m.member) = '{login}' AND pg_get_userbyid(m.roleid) = 'iacrm_app'
"""
_OURS = "c.relnamespace::regnamespace::text IN ('public', 'identity', 'dbos')"


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of its own; on Postgres its owner is no superuser, and the login is another."""

    settings: Settings
    admin_url: str

    @property
    def login(self) -> str:
        return str(make_url(self.settings.database_url).username)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def make_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], Database]]:
    dropped: list[Callable[[], None]] = []

    def make() -> Database:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/{uuid.uuid4().hex}/crm.db"
            return Database(settings=Settings(database_url=url), admin_url=url)
        found, drop = new_postgres(request.getfixturevalue("postgres_url"))
        dropped.append(drop)
        return found

    yield make
    for drop in dropped:
        drop()


def new_postgres(server: str) -> tuple[Database, Callable[[], None]]:
    """Return an empty database with its owner and its login, and what drops all three."""
    mark = uuid.uuid4().hex[:8]
    name, owner, login = f"start_{mark}", f"owner_{mark}", f"login_{mark}"
    engine = create_engine(normalise_url(server), isolation_level="AUTOCOMMIT")

    def say(*statements: str) -> None:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    say(
        "DO $$ BEGIN CREATE ROLE iacrm_app NOLOGIN;"
        " EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE",
        f"GRANT iacrm_app TO {owner} WITH ADMIN OPTION",
        f"CREATE DATABASE {name} OWNER {owner}",
    )

    def drop() -> None:
        say(f"DROP DATABASE {name} (FORCE)")
        for role in (login, owner):
            say(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
        engine.dispose()

    urls = [
        make_url(server).set(database=name, username=user, password=password)
        for user, password in ((login, "a password of its own"), (owner, None))
    ]
    login_url, owner_url = (url.render_as_string(hide_password=False) for url in urls)
    settings = Settings(database_url=login_url, database_owner_url=owner_url)
    admin = make_url(server).set(database=name).render_as_string(hide_password=False)
    return Database(settings=settings, admin_url=admin), drop


@pytest.mark.sampled(one_in=2)
@pytest.mark.parametrize("is_old", [False, True], ids=["empty", "old"])
def test_all_of_eight_starters_start_and_leave_what_one_leaves(
    make_database: Callable[[], Database], is_old: bool
) -> None:
    alone, crowded = make_database(), make_database()
    for database, starters in ((alone, 1), (crowded, STARTERS)):
        if is_old:
            migrate(database.settings, OLD)
            _insert(database)
        assert _start(database.settings, starters) == [0] * starters
    assert _schema(crowded) == _schema(alone)
    assert _names(crowded) == _names(alone) == (["Cave"] if is_old else [])


def _start(settings: Settings, starters: int) -> list[int | None]:
    context = get_context("fork")
    barrier = context.Barrier(starters)
    processes = [context.Process(target=_init, args=(settings, barrier)) for _ in range(starters)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def _init(settings: Settings, barrier: Barrier) -> None:
    """Do what `init` does, each half of it at the same moment as the others."""
    for step in (migrate, migrate_jobs):
        barrier.wait(100)
        step(settings)


def _insert(database: Database) -> None:
    url = normalise_url(database.admin_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(sibling_file(url, "control") if is_sqlite else url)
    with engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO {'' if is_sqlite else 'identity.'}tenant (tenant_id, key, name,"
                " language, currency, time_zone, created_at)"
                f" VALUES ('{TENANT}', 'cave', 'Cave', 'fr', 'EUR', 'Europe/Paris', '2026-01-01')"
            )
        )
    engine.dispose()


def _names(database: Database) -> list[str]:
    url = normalise_url(database.admin_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(sibling_file(url, "control") if is_sqlite else url)
    with closing(engine.connect()) as connection:
        rows = connection.execute(
            text(f"SELECT name FROM {'' if is_sqlite else 'identity.'}tenant")
        )
        found = [row[0] for row in rows]
    engine.dispose()
    return found


def _schema(database: Database) -> list[str]:
    """Return everything that a schema is made of, as text, roles by what they are."""
    url = normalise_url(database.admin_url)
    if url.get_backend_name() == "sqlite":
        files = (url, sibling_file(url, "control"), sibling_file(url, "jobs"))
        asked = "SELECT type, name, tbl_name, sql FROM sqlite_master"
        return sorted(row for file in files for row in _read(str(file), asked))
    rows = _read(database.admin_url, _SCHEMA.format(ours=_OURS, login=database.login))
    owner = str(make_url(database.settings.database_owner_url or "").username)
    found = [row.replace(database.login, "LOGIN").replace(owner, "OWNER") for row in rows]
    assert any("LOGIN" in row for row in found)
    return sorted(found)


def _read(url: str, sql: str) -> list[str]:
    engine = create_engine(normalise_url(url))
    with closing(engine.connect()) as connection:
        found = [repr(tuple(row)) for row in connection.exec_driver_sql(sql)]
    engine.dispose()
    assert found
    return found
