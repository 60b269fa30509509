"""The schema: migrations lead to the models, and Postgres keeps tenants apart by itself."""

import uuid

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from core.store.engine import APP_ROLE, make_engine, normalise_url, sibling_file
from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import MakeStore, new_tenant

pytestmark = pytest.mark.both_stores

_ROW_SECURITY = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polqual IS NOT NULL,
    p.polwithcheck IS NOT NULL
FROM pg_class AS c
LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
"""


def differences(store: Store, part: str, metadata: MetaData) -> list[object]:
    url = normalise_url(store.settings.database_url)
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and part == "identity":
        url = sibling_file(url, "control")
        metadata = _without_schema(metadata)
    schema = "identity" if part == "identity" and not sqlite else None
    options = {
        "include_schemas": schema is not None,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == schema,
        "version_table_schema": schema,
    }
    with make_engine(url, as_app_role=False).connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def _without_schema(metadata: MetaData) -> MetaData:
    plain = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        table.to_metadata(plain, schema=None)
    return plain


@pytest.mark.parametrize(
    ("part", "metadata"), [("data", data_metadata), ("identity", identity_metadata)]
)
def test_migrations_lead_to_the_models(store: Store, part: str, metadata: MetaData) -> None:
    assert differences(store, part, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    migrate(store.settings)


@pytest.mark.parametrize("table", data_metadata.sorted_tables, ids=lambda table: table.name)
def test_every_key_of_the_data_begins_with_the_tenant(table: object) -> None:
    keys = [table.primary_key, *table.indexes]  # type: ignore[attr-defined]
    assert {next(iter(key.columns)).name for key in keys} == {"tenant_id"}


def test_a_statement_that_names_no_tenant_is_refused(tenant: TenantStore) -> None:
    with tenant.read() as tx, pytest.raises(AssertionError, match=":tenant"):
        tx.rows("SELECT * FROM customer")


@pytest.fixture(scope="module")
def postgres(make_store: MakeStore) -> Store:
    return make_store("postgres")


@pytest.mark.postgres
def test_every_tenant_table_is_under_forced_row_security(postgres: Store) -> None:
    with postgres.data_engine.connect() as connection:
        found = {row[0]: tuple(row[1:]) for row in connection.execute(text(_ROW_SECURITY))}
    assert found == dict.fromkeys((t.name for t in data_metadata.sorted_tables), (True,) * 4)


@pytest.mark.postgres
def test_the_app_role_cannot_step_around_row_security(postgres: Store) -> None:
    with postgres.data_engine.connect() as connection:
        role = connection.execute(
            text(
                "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
                " WHERE rolname = current_user"
            )
        ).one()
        truncates = connection.execute(
            text("SELECT has_table_privilege(current_user, 'customer', 'TRUNCATE')")
        ).scalar()
    assert (tuple(role), truncates) == ((APP_ROLE, False, False, False), False)


@pytest.mark.postgres
def test_a_forgotten_filter_shows_nothing_and_a_foreign_row_is_refused(postgres: Store) -> None:
    mine, other = new_tenant(postgres), new_tenant(postgres)
    with mine.begin() as tx:
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 7)")
    with other.read() as tx:
        assert tx.rows("SELECT seq FROM tenant_head WHERE :tenant IS NOT NULL") == []
    with pytest.raises(Exception, match="row-level security"), mine.begin() as tx:
        tx.execute(
            "INSERT INTO tenant_head (tenant_id, seq) SELECT :other, 1 WHERE :tenant IS NOT NULL",
            other=str(uuid.uuid4()),
        )
    with postgres.data_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tenant_head")).scalar() == 0
