"""Whether the database has what this version of the code reads and writes.

The role of the application may not read Alembic's version table, so the columns are compared.
"""

from sqlalchemy import Engine, MetaData, inspect
from sqlalchemy.exc import DatabaseError

from core.errors import DATABASE_AWAY, StoreUnavailable
from core.store.identity_models import identity_metadata
from core.store.models import data_metadata
from core.store.tenant import Store, TenantStore


def missing_columns(store: Store) -> list[str]:
    """Return `table.column` of what the code knows and the database lacks, ordered.

    Raises `StoreUnavailable` when the database does not answer.
    """
    try:
        lacking = _lacking(store.data_engine, data_metadata) | _lacking(
            store.identity_engine, identity_metadata
        )
    except DatabaseError as error:  # also of a file that is no database
        raise StoreUnavailable(DATABASE_AWAY) from error
    return sorted(lacking)


def refuse_while_away(store: TenantStore) -> None:
    """Raise `StoreUnavailable` when the database does not answer.

    To be asked before the job tables, whose library waits for a database without an end.
    """
    with store.read() as tx:
        tx.scalar("SELECT 1 WHERE :tenant IS NOT NULL")


def _lacking(engine: Engine, metadata: MetaData) -> set[str]:
    schema = metadata.schema if engine.dialect.name == "postgresql" else None
    found = {
        f"{table}.{column['name']}"
        for (_, table), columns in inspect(engine).get_multi_columns(schema=schema).items()
        for column in columns
    }
    known = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
    }
    return known - found
