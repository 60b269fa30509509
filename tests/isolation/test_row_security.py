"""Postgres keeps tenants apart by itself: whatever a statement asks, and whoever slips it in."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Table, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from core.jobs import jobs_url, migrate_jobs
from core.jobs.queue import client_of
from core.settings import Settings
from core.store import roles
from core.store.engine import APP_ROLE, normalise_url
from core.store.models import data_metadata
from core.store.roles import login_dangers, warn_of_login
from core.store.schema import migrate
from core.store.tenant import Store
from tests.contract.campaign_data import NOW
from tests.contract.conftest import MakeStore, new_tenant
from tests.isolation.catalogue import FAULTS, faults_of

pytestmark = pytest.mark.postgres

MINE, OTHER = (str(uuid.UUID(int=n, version=4)) for n in (1, 2))
TABLES = data_metadata.sorted_tables
POLICY = "tenant_isolation"
ALTERNATIONS = 1_000


@pytest.fixture(scope="module")
def store(make_store: MakeStore) -> Store:
    """A database with one row of each of two tenants in every table."""
    made = make_store("postgres")
    with owner_of(made).begin() as connection:
        # Or what the app may not do with the audit trail would hide what row security lets it.
        connection.execute(text(f"GRANT UPDATE, DELETE ON audit_trail TO {APP_ROLE}"))
        for tenant in (MINE, OTHER):
            for table in TABLES:
                connection.execute(table.insert(), row_of(table, tenant))
    return made


def owner_of(store: Store) -> Engine:
    return create_engine(normalise_url(store.settings.database_url))


def row_of(table: Table, tenant: str) -> dict[str, Any]:
    """Return a row of the same ids for every tenant, with something where nothing may not be."""
    cells = {c.name: _cell(c) for c in table.columns if not c.nullable or c.primary_key}
    return {**cells, "tenant_id": tenant}


def _cell(column: Column[Any]) -> Any:
    if (column.name.endswith("_id") and column.name != "file_id") or column.name == "key":
        return str(uuid.UUID(int=9, version=4))
    cells = {bool: True, int: 1, float: 1.0, date: date(2026, 3, 1), str: "said", bytes: b"said"}
    return cells.get(column.type.python_type, NOW)


class Leak(Exception):
    """What row security let through."""


@contextmanager
def as_app(connection: Connection, tenant: str) -> Iterator[None]:
    """Work as the application does in a transaction of `tenant`; undo all of it."""
    with connection.begin_nested() as attempt:
        connection.execute(text(f"SET LOCAL ROLE {APP_ROLE}"))
        connection.execute(text("SELECT set_config('app.tenant', :t, true)"), {"t": tenant})
        yield
        attempt.rollback()


def probe(connection: Connection, table: Table) -> None:
    """Try to see, change, take, remove and plant rows of another tenant; raise `Leak`."""
    with as_app(connection, MINE):
        seen = set(
            connection.execute(table.select().with_only_columns(table.c.tenant_id)).scalars()
        )
        if seen != {MINE}:
            raise Leak("seen" if OTHER in seen else "hidden")
    for what, statement in (
        ("changed", table.update().where(table.c.tenant_id == OTHER).values(tenant_id=OTHER)),
        ("removed", table.delete().where(table.c.tenant_id == OTHER)),
    ):
        with as_app(connection, MINE):
            if connection.execute(statement).rowcount:
                raise Leak(what)
    planted = table.insert(), {**row_of(table, OTHER), **_other_key(table)}
    _must_be_refused(connection, table, "planted", *planted)
    moved = table.update().where(table.c.tenant_id == MINE).values(tenant_id=str(uuid.uuid4()))
    _must_be_refused(connection, table, "moved", moved, None)


def _other_key(table: Table) -> dict[str, Any]:
    """Return cells of a key that no row has, for the tenant that is another's."""
    return {"tenant_id": str(uuid.uuid4())} if len(table.primary_key) == 1 else {}


def _must_be_refused(
    connection: Connection, table: Table, what: str, statement: Any, values: Any
) -> None:
    try:
        with as_app(connection, MINE):
            connection.execute(statement, values)
            raise Leak(what)
    except ProgrammingError as error:
        assert "row-level security" in str(error), table.name  # noqa: PT017
    except IntegrityError as error:
        raise Leak(what) from error  # it was let through to the keys


def leaks(connection: Connection, table: Table) -> str:
    """Return what the table leaks, or says in the catalogue; nothing when it keeps tight."""
    try:
        probe(connection, table)
    except Leak as leak:
        return str(leak)
    return ", ".join(faults_of(connection))


def test_no_row_of_another_is_seen_changed_or_planted_in_any_table(store: Store) -> None:
    with owner_of(store).connect() as connection:
        for table in TABLES:
            probe(connection, table)


MUTANTS = {
    "no policy": "DROP POLICY {policy} ON {table}",
    "not enabled": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "not forced": "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
    "reads all": "ALTER POLICY {policy} ON {table} USING (true)",
    "writes all": "ALTER POLICY {policy} ON {table} WITH CHECK (true)",
    "a second policy": "CREATE POLICY more ON {table} USING (true)",
    "truncating": f"GRANT TRUNCATE ON {{table}} TO {APP_ROLE}",
}


def test_each_policy_dropped_or_widened_is_found(store: Store, capsys: Any) -> None:
    survivors, killed = [], 0
    with owner_of(store).connect() as connection:
        for table in TABLES:
            for mutant, sql in MUTANTS.items():
                with connection.begin_nested() as attempt:
                    connection.execute(text(sql.format(table=table.name, policy=POLICY)))
                    found = leaks(connection, table)
                    attempt.rollback()
                killed += bool(found)
                survivors += [] if found else [(table.name, mutant)]
    with capsys.disabled():
        print(f"\nrow security: {killed} of {len(TABLES) * len(MUTANTS)} mutants killed")
    assert survivors == []


# What each query of the catalogue is there to find: one that finds nothing in this is no check.
PLANTED = {
    "a table with a tenant is not under forced row security": "CREATE TABLE t (tenant_id UUID)",
    "a policy does not bind what is read and what is written to the tenant": (
        "CREATE TABLE t (tenant_id UUID)"
    ),
    "a table of the tenants' data has no tenant": "CREATE TABLE t (n INT)",
    "a key is unique among all tenants": "CREATE UNIQUE INDEX u ON customer (customer, tenant_id)",
    "a foreign key does not hold the tenant": (
        "CREATE TABLE p (n INT PRIMARY KEY); CREATE TABLE t (n INT REFERENCES p)"
    ),
    "a view is not bound by its reader's rights": "CREATE VIEW v AS SELECT * FROM customer",
    "there is a materialised view": "CREATE MATERIALIZED VIEW v AS SELECT * FROM customer",
    "the app role may empty, tie or watch a table": f"GRANT TRUNCATE ON customer TO {APP_ROLE}",
    "a sequence is shared by tenants": "CREATE SEQUENCE s",
    "a function works with its owner's rights and the caller's search path": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
    ),
    "the app role is more than a reader and writer of rows": f"ALTER ROLE {APP_ROLE} BYPASSRLS",
    "the app role belongs to another role": f"GRANT pg_read_all_data TO {APP_ROLE}",
    "the app role owns something": (
        f"CREATE TABLE t (tenant_id UUID); ALTER TABLE t OWNER TO {APP_ROLE}"
    ),
    "the app role may make tables": f"GRANT CREATE ON SCHEMA public TO {APP_ROLE}",
    "everybody may read or write a table": "GRANT SELECT ON customer TO PUBLIC",
}


def test_the_catalogue_finds_nothing_and_would_find_each_fault(store: Store) -> None:
    with owner_of(store).connect() as connection:
        assert faults_of(connection) == {}
        missed = []
        for fault in FAULTS:
            with connection.begin_nested() as attempt:
                connection.execute(text(PLANTED[fault]))
                missed += [] if fault in faults_of(connection) else [fault]
                attempt.rollback()
    assert missed == []


@pytest.fixture(scope="module")
def two_roles(make_store: MakeStore, postgres_url: str) -> Iterator[Store]:
    """A database that an owner migrates, who is no superuser, and a login of its own reads."""
    name = f"roles_{uuid.uuid4().hex[:8]}"
    make_store("postgres")  # the app role is there
    server = create_engine(normalise_url(postgres_url), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for sql in (
            f"CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD 'x'",
            f"GRANT {APP_ROLE} TO {name}_owner WITH ADMIN OPTION",
            f"CREATE DATABASE {name} OWNER {name}_owner",
        ):
            connection.execute(text(sql))
    server.dispose()
    url = make_url(postgres_url).set(database=name)
    owner, login = (
        url.set(username=f"{name}_{who}", password="x").render_as_string(hide_password=False)
        for who in ("owner", "web")
    )
    settings = Settings(database_url=login, database_owner_url=owner)
    migrate(settings)
    migrate_jobs(settings)
    store = Store(settings, now=lambda: NOW)
    yield store
    store.dispose()


def test_a_login_of_its_own_gains_nothing_by_stepping_out_of_its_role(two_roles: Store) -> None:
    mine = new_tenant(two_roles)
    with mine.begin() as tx:
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 7)")
    for slipped_in in (
        "SELECT count(*) FROM tenant_head",
        "SELECT count(*) FROM customer",
        "SELECT count(*) FROM audit_output",
    ):
        with two_roles.data_engine.connect() as connection:
            connection.execute(text("RESET ROLE"))
            assert connection.execute(text(slipped_in)).scalar() == 0
    for slipped_in in (
        "SET ROLE postgres",
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
        "TRUNCATE customer",
        "DROP POLICY tenant_isolation ON customer",
        "CREATE TABLE public.t (n INT)",
        f"ALTER ROLE {APP_ROLE} BYPASSRLS",
        "TRUNCATE dbos.workflow_status",
    ):
        with two_roles.data_engine.connect() as connection:
            connection.execute(text("RESET ROLE"))
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                connection.execute(text(slipped_in))


def test_jobs_are_asked_for_by_the_login_of_its_own(two_roles: Store) -> None:
    assert client_of(jobs_url(two_roles.settings)).list_workflows() == []


def test_migrating_again_as_the_owner_changes_nothing(two_roles: Store) -> None:
    migrate(two_roles.settings)
    with owner_of(two_roles).connect() as connection:
        assert faults_of(connection) == {}


def test_a_start_warns_of_a_login_that_could_step_around_the_tenants(
    store: Store, two_roles: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(roles._LOG, "warning", lambda text, *values: said.append(text % values))
    warn_of_login(two_roles)
    assert (said, login_dangers(two_roles)) == ([], [])
    warn_of_login(store)
    assert "is a superuser" in said[0]
    assert "DATABASE_OWNER_URL" in said[0]


def test_one_connection_serves_two_tenants_in_turn_and_shows_neither_the_other(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of one: what a transaction leaves behind would meet the next tenant."""
    draw, leaked = random.Random(7), []
    narrow_engine = partial(create_engine, pool_size=1, max_overflow=0)
    monkeypatch.setattr(
        "core.store.engine.create_engine",
        lambda url, **options: narrow_engine(
            url, **{k: v for k, v in options.items() if not k.startswith(("pool_size", "max_"))}
        ),
    )
    narrow = Store(store.settings, now=lambda: NOW)
    tenants = [new_tenant(narrow) for _ in range(2)]
    for company in tenants:
        with company.begin() as tx:
            tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
    for turn in range(ALTERNATIONS):
        company = tenants[turn % 2]
        try:
            with company.begin() if draw.random() < 0.5 else company.read() as tx:
                found = tx.rows("SELECT tenant_id FROM tenant_head WHERE :tenant IS NOT NULL")
                leaked += [row for row in found if str(row["tenant_id"]) != company.tenant_id]
                _fail_somehow(tx, draw)
        except (DBAPIError, ZeroDivisionError):
            pass
        with narrow.identity() as tx:
            leaked += tx.rows("SELECT tenant_id FROM public.tenant_head")
    narrow.dispose()
    assert leaked == []


def _fail_somehow(tx: Any, draw: random.Random) -> None:
    way = draw.randrange(4)
    if way == 0:
        raise ZeroDivisionError
    if way == 1:
        tx.rows("SELECT 1 / 0 FROM tenant_head WHERE :tenant IS NOT NULL")
    if way == 2:
        tx.rows("SELECT nothing FROM nowhere WHERE :tenant IS NOT NULL")
