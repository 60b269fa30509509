"""Postgres' tables as one REPEATABLE READ snapshot sees them, each as a file of COPY.

The schema is not copied: migrations make it. So nothing but a connection is needed, and no
`pg_dump` of the server's own version.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from core.errors import Refused
from core.i18n import N_
from core.store.backup.digests import DigestingWriter, RowDigest
from core.store.backup.owner import connected_as_owner
from core.store.backup.parts import DATA, OF_MIGRATIONS, Part, SequenceDump, TableDump

_FAST = 1  # of gzip's levels: four times smaller, and no slower than the disk
_TABLES = text("""
SELECT cl.relname AS name, array_agg(quote_ident(at.attname) ORDER BY at.attnum) AS columns
FROM pg_class AS cl
JOIN pg_attribute AS at ON at.attrelid = cl.oid
WHERE cl.relnamespace = to_regnamespace(:schema)
    AND cl.relkind IN ('r', 'p') AND NOT cl.relispartition
    AND at.attnum > 0 AND NOT at.attisdropped AND at.attgenerated = ''
GROUP BY cl.relname
""")
_PARENTS = text("""
SELECT child.relname AS child, parent.relname AS parent
FROM pg_constraint AS con
JOIN pg_class AS child ON child.oid = con.conrelid
JOIN pg_class AS parent ON parent.oid = con.confrelid
WHERE con.contype = 'f' AND child.relnamespace = to_regnamespace(:schema)
    AND child.oid <> parent.oid
""")
_SEQUENCES = text("""
SELECT sequencename AS name, last_value AS value FROM pg_sequences WHERE schemaname = :schema
ORDER BY sequencename
""")
_SEES_ALL = text("""
SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user
""")
_TENANTS = text("SELECT CAST(tenant_id AS TEXT) FROM identity.tenant ORDER BY tenant_id")
_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")
# So that the same row is written the same way by every server.
_WRITING = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL statement_timeout = 0",
)


_OWNS = text("SELECT has_database_privilege(current_database(), 'CREATE')")
_NO_OWNER = N_(
    "The role of DATABASE_URL may neither read nor replace every table. Set DATABASE_OWNER_URL for"
    " this command, as for `init`."
)


@dataclass(frozen=True, kw_only=True)
class PlainTable:
    """A table and its columns, quoted where they must be."""

    name: str
    columns: tuple[str, ...]


@contextmanager
def open_snapshot(url: URL) -> Iterator[Connection]:
    """Open a connection as the owner that sees one state of the database and writes nothing."""
    with connected_as_owner(url) as plain:
        connection = plain.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with connection.begin():
            refuse_unless_owner(connection)
            for statement in _WRITING:
                connection.execute(text(statement))
            yield connection


def refuse_unless_owner(connection: Connection) -> None:
    """Raise `Refused` when the role cannot make schemas, as `init` does."""
    if not connection.execute(_OWNS).scalar():
        raise Refused(_NO_OWNER)


def copy_postgres(connection: Connection, parts: Sequence[Part], folder: Path) -> list[TableDump]:
    """Copy the tables of `parts` to `folder`, parents first."""
    return [
        copy_table(connection, part, table.name, table.columns, folder)
        for part in parts
        for table in tables_of(connection, part.schema)
    ]


def tables_of(connection: Connection, schema: str) -> list[PlainTable]:
    """Return the tables of a schema, each behind those that its keys point to."""
    found = connection.execute(_TABLES, {"schema": schema})
    columns = {row.name: tuple(row.columns) for row in found}
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(sorted(columns), ()))
    for row in connection.execute(_PARENTS, {"schema": schema}):
        order.add(row.child, row.parent)
    return [
        PlainTable(name=name, columns=columns[name])
        for name in order.static_order()
        if name in columns and name not in OF_MIGRATIONS
    ]


def sequences_of(connection: Connection, parts: Sequence[Part]) -> list[SequenceDump]:
    """Return how far the sequences of `parts` have counted."""
    return [
        SequenceDump(part=part.name, name=row.name, value=row.value)
        for part in parts
        for row in connection.execute(_SEQUENCES, {"schema": part.schema})
    ]


def copy_table(
    connection: Connection, part: Part, table: str, columns: tuple[str, ...], folder: Path | None
) -> TableDump:
    """Copy `columns` of a table to `folder`; without a folder they are read and digested only."""
    digest, file = RowDigest(), f"{part.name}.{table}.copy.gz"
    sql = f'COPY (SELECT {", ".join(columns)} FROM {part.schema}."{table}") TO STDOUT'
    if folder is None:
        _copy_rows(connection, part, sql, DigestingWriter(None, digest))
    else:
        with gzip.GzipFile(folder / file, "wb", compresslevel=_FAST, mtime=0) as packed:
            _copy_rows(connection, part, sql, DigestingWriter(cast("BinaryIO", packed), digest))
    return TableDump(
        part=part.name,
        table=table,
        columns=columns,
        rows=digest.rows,
        digest=digest.text,
        file=file,
    )


def _copy_rows(connection: Connection, part: Part, sql: str, target: DigestingWriter) -> None:
    if part.name != DATA or connection.execute(_SEES_ALL).scalar():
        driver_of(connection).cursor().copy_expert(sql, target)
        return
    # Row security binds an owner who is no superuser as well: company by company it sees all.
    for (tenant_id,) in connection.execute(_TENANTS).fetchall():
        connection.execute(_SET_TENANT, {"tenant": tenant_id})
        driver_of(connection).cursor().copy_expert(sql, target)


def driver_of(connection: Connection) -> Any:
    """Return psycopg2's own connection, which knows COPY."""
    return connection.connection.driver_connection
