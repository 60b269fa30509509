"""Alembic's entry: each revision is applied twice, to the data and to the identity tables.

On Postgres both parts share a database and keep their version in their own schema; on SQLite
each is a file. `config.attributes["database_url"]` overrides the environment; `"login_url"` is
that of the application where it signs in as another role than the owner of the tables.
"""

from alembic import context
from sqlalchemy import Connection, Engine, MetaData

from core.settings import current_settings
from core.store.engine import is_sqlite, make_engine, normalise_url, sibling_file
from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.postgres import make_login, prepare_database

_PARTS = (("data", data_metadata), ("identity", identity_metadata))


def _owner_url() -> str:
    given = context.config.attributes.get("database_url")
    if given:
        return str(given)
    settings = current_settings()
    return settings.database_owner_url or settings.database_url


def _engine(part: str) -> Engine:
    url = normalise_url(_owner_url())
    if is_sqlite(url) and part == "identity":
        url = sibling_file(url, "control")
    return make_engine(url, as_app_role=False)


def _migrate(connection: Connection, part: str, metadata: MetaData) -> None:
    on_postgres = connection.dialect.name == "postgresql"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema="identity" if on_postgres and part == "identity" else None,
        render_as_batch=not on_postgres,
    )
    with context.begin_transaction():
        context.run_migrations(part=part)


def _run() -> None:
    for part, metadata in _PARTS:
        engine = _engine(part)
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                prepare_database(connection)
                if login := context.config.attributes.get("login_url"):
                    make_login(connection, normalise_url(str(login)))
            _migrate(connection, part, metadata)
            connection.commit()
        engine.dispose()


_run()
