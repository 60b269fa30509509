"""Two companies in one database, and one of them alone in another: the worlds of a case.

Both begin with the same rows of `alpha`; in the first `beta` has canaries in every table. A world
is put back after each case that wrote.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from core.store.engine import is_sqlite, normalise_url, sibling_file
from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.tenant import Store, Tenant, TenantStore
from tests.contract.campaign_data import NOW
from tests.contract.live_data import Clock
from tests.isolation.rows import plain_cell
from tests.isolation.twins import MARK
from tests.isolation.users import account_rows

ALPHA = Tenant(tenant_id="bbbbbbbb-0000-4000-8000-00000000000a", key="alpha", name="Domaine Alpha")
BETA = Tenant(tenant_id="aaaaaaaa-0000-4000-8000-00000000000b", key="beta", name=f"Domaine {MARK}")


@dataclass(kw_only=True)
class World:
    """A store with `alpha`, and `beta` when it is paired; `values` are what cases are given."""

    store: Store
    is_paired: bool
    values: dict[str, object] = field(default_factory=dict)
    saved: Path | None = None

    @property
    def mine(self) -> TenantStore:
        """The company whose cases run."""
        return self.store.tenant_store(ALPHA)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return is_sqlite(normalise_url(self.store.settings.database_url))

    @contextmanager
    def as_owner(self, part: str = "data") -> Iterator[Connection]:
        """Open a transaction that no row security binds."""
        engine = self._owner(part)
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def _owner(self, part: str) -> Engine:
        url = normalise_url(self.store.settings.database_url)
        if self.is_sqlite and part == "identity":
            url = sibling_file(url, "control")
        engine = create_engine(url, poolclass=NullPool)
        if self.is_sqlite:
            return engine.execution_options(schema_translate_map={"identity": None})
        return engine

    def rows_of(self, *companies: Tenant) -> list[dict[str, list[str]]]:
        """Return the rows of companies and of their users by table, as texts, ordered."""
        ids = [company.tenant_id for company in companies]
        with self.as_owner() as connection:
            found = [rows_of(connection, tenant_id) for tenant_id in ids]
            if not self.is_sqlite:
                accounts = [account_rows(connection, tenant_id) for tenant_id in ids]
        if self.is_sqlite:
            with self.as_owner("identity") as connection:
                accounts = [account_rows(connection, tenant_id) for tenant_id in ids]
        return [{**of_data, **of_users} for of_data, of_users in zip(found, accounts, strict=True)]

    def save(self, folder: Path) -> None:
        """Keep the state that `put_back` leads to."""
        self.saved = folder
        self.store.dispose()
        if self.store.settings.data_dir.exists():
            shutil.copytree(self.store.settings.data_dir, folder / "data")
        if self.is_sqlite:
            for path in _database_files(self.store):
                shutil.copy2(path, folder / path.name)
            return
        with self.as_owner() as connection:
            connection.execute(text("CREATE SCHEMA saved"))
            for table in _tables():
                connection.execute(
                    text(f"CREATE TABLE saved.{table[1]} AS TABLE {'.'.join(table)}")
                )
            connection.execute(text(_PUT_BACK_FUNCTION))

    def put_back(self) -> None:
        """Bring rows and files back to what was saved."""
        assert self.saved is not None
        self._put_back_files()
        clock = self.store.now
        if isinstance(clock, Clock):
            clock.moment = NOW
        if not self.is_sqlite:
            with self.as_owner() as connection:
                connection.execute(text("SELECT saved.put_back()"))
            return
        self.store.dispose()
        for path in _database_files(self.store):
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            shutil.copy2(self.saved / path.name, path)

    def _put_back_files(self) -> None:
        data, kept = self.store.settings.data_dir, self.saved / "data"  # type: ignore[operator]
        if signature(data) != signature(kept):
            shutil.rmtree(data, ignore_errors=True)
            shutil.copytree(kept, data)


def signature(folder: Path) -> list[tuple[str, int, int]]:
    """Return what tells whether a folder's files changed."""
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        (str(path.relative_to(folder)), stat.st_size, stat.st_mtime_ns)
        for path, stat in found
        if not path.name.endswith(".lock")
    ]


def _database_files(store: Store) -> list[Path]:
    url = normalise_url(store.settings.database_url)
    return [Path(str(url.database)), Path(str(sibling_file(url, "control").database))]


def _tables() -> list[tuple[str, str]]:
    return [("public", table.name) for table in data_metadata.sorted_tables] + [
        ("identity", table.name) for table in identity_metadata.sorted_tables
    ]


_PUT_BACK_FUNCTION = """
CREATE FUNCTION saved.put_back() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place record;
    changed boolean;
    names text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR place IN SELECT n.nspname AS schema, c.relname AS name FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname IN ('public', 'identity')
            AND to_regclass('saved.' || c.relname) IS NOT NULL
    LOOP
        EXECUTE format('SELECT EXISTS (TABLE %1$I.%2$I EXCEPT TABLE saved.%2$I)
            OR EXISTS (TABLE saved.%2$I EXCEPT TABLE %1$I.%2$I)', place.schema, place.name)
            INTO changed;
        IF changed THEN
            EXECUTE format('DELETE FROM %I.%I', place.schema, place.name);
            SELECT string_agg(quote_ident(column_name), ', ') INTO names
                FROM information_schema.columns
                WHERE table_schema = place.schema AND table_name = place.name
                    AND is_generated = 'NEVER';
            EXECUTE format('INSERT INTO %1$I.%2$I (%3$s) SELECT %3$s FROM saved.%2$I',
                place.schema, place.name, names);
        END IF;
    END LOOP;
END
$$
"""


def rows_of(connection: Connection, tenant_id: str) -> dict[str, list[str]]:
    """Return the rows of a company in each table of data, as texts, ordered."""
    found = {}
    for table in data_metadata.sorted_tables:
        rows = connection.exec_driver_sql(
            f"SELECT * FROM {table.name} WHERE tenant_id = '{tenant_id}'"
        )
        found[table.name] = sorted(str(tuple(map(plain_cell, row))) for row in rows)
    return found


def make_worlds(alone: Store, paired: Store, folder: Path) -> dict[str, World]:
    """Return both worlds from filled stores; the folder of `beta` enters the second."""
    worlds = {
        "alone": World(store=alone, is_paired=False),
        "paired": World(store=paired, is_paired=True),
    }
    _add_folder(worlds["paired"])
    for name, world in worlds.items():
        (folder / name).mkdir(parents=True)
        world.save(folder / name)
    return worlds


def _add_folder(world: World) -> None:
    data = world.store.settings.data_dir
    shutil.copytree(data / ALPHA.key, data / BETA.key)
    for report in (data / BETA.key).glob("runs/*/report.json"):
        report.write_text(report.read_text().replace('"file_name": "', f'"file_name": "{MARK} '))
