"""The schemas of a Postgres database set aside, filled anew, and put back if it fails."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from core.errors import Refused
from core.i18n import N_
from core.store.backup.owner import connected_as_owner
from core.store.backup.parts import DATA, Part, SequenceDump, TableDump
from core.store.backup.postgres_copies import driver_of, refuse_unless_owner, tables_of

_ASIDE = "before_restore_"
_THERE = text("SELECT to_regnamespace(:name) IS NOT NULL")
_OTHERS = text("""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
""")
_SET_SEQUENCE = text("SELECT setval(CAST(:name AS regclass), :value)")
_OTHER_COLUMNS = N_(
    "The table %(table)s of the backup has columns that this version does not make (%(columns)s)."
    " Restore it with the version that took it, then upgrade."
)


def count_others(url: URL) -> int:
    """Return how many other connections the database has; raise `Refused` below its owner."""
    with _owner(url) as connection:
        refuse_unless_owner(connection)
        return int(connection.execute(_OTHERS).scalar() or 0)


def set_schemas_aside(url: URL, parts: Sequence[Part]) -> None:
    """Rename the schemas of `parts`, all or none, and leave an empty `public`."""
    with _owner(url) as connection:
        for part in parts:
            if connection.execute(_THERE, {"name": part.schema}).scalar():
                connection.execute(
                    text(f"ALTER SCHEMA {part.schema} RENAME TO {_ASIDE}{part.schema}")
                )
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS public"))


def put_schemas_back(url: URL, parts: Sequence[Part]) -> None:
    """Undo `set_schemas_aside` and whatever was made since; nothing where it was not done."""
    with _owner(url) as connection:
        aside = [
            part.schema
            for part in parts
            if connection.execute(_THERE, {"name": f"{_ASIDE}{part.schema}"}).scalar()
        ]
        if not aside:
            return
        for part in parts:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {part.schema} CASCADE"))
        for schema in aside:
            connection.execute(text(f"ALTER SCHEMA {_ASIDE}{schema} RENAME TO {schema}"))


def drop_schemas_aside(url: URL, parts: Sequence[Part]) -> None:
    """Remove what `set_schemas_aside` kept."""
    with _owner(url) as connection:
        for part in parts:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {_ASIDE}{part.schema} CASCADE"))


def fill_tables(
    url: URL,
    parts: Sequence[Part],
    dumps: Sequence[TableDump],
    sequences: Sequence[SequenceDump],
    folder: Path,
) -> None:
    """Copy the rows of `folder` into the empty tables of `parts`, in one transaction.

    Raises `Refused` when a table or column of the backup is not there.
    """
    by_name = {part.name: part for part in parts}
    with _owner(url) as connection:
        known = _known_tables(connection, parts)
        for dump in dumps:
            _check_columns(dump, known)
        for dump in dumps:
            _fill(connection, by_name[dump.part], dump, folder)
        for sequence in sequences:
            if sequence.value is not None:
                name = f'{by_name[sequence.part].schema}."{sequence.name}"'
                connection.execute(_SET_SEQUENCE, {"name": name, "value": sequence.value})


def _known_tables(
    connection: Connection, parts: Sequence[Part]
) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (part.name, table.name): table.columns
        for part in parts
        for table in tables_of(connection, part.schema)
    }


def _check_columns(dump: TableDump, known: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    lacking = set(dump.columns) - set(known.get(dump.place, ()))
    if lacking:
        raise Refused(_OTHER_COLUMNS, table=dump.table, columns=", ".join(sorted(lacking)))


def _fill(connection: Connection, part: Part, dump: TableDump, folder: Path) -> None:
    table = f'{part.schema}."{dump.table}"'
    # Row security binds the owner too, and takes no COPY.
    force = part.name == DATA
    if force:
        connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
    connection.execute(text(f"DELETE FROM {table}"))
    with gzip.open(folder / dump.file, "rb") as stream:
        sql = f"COPY {table} ({', '.join(dump.columns)}) FROM STDIN"
        driver_of(connection).cursor().copy_expert(sql, stream)
    if force:
        connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))


@contextmanager
def _owner(url: URL) -> Iterator[Connection]:
    with connected_as_owner(url) as connection, connection.begin():
        yield connection
