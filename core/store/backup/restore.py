"""The databases of a backup put in the place of an instance's own, or those put back."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from core.errors import Refused
from core.i18n import N_
from core.settings import Settings
from core.store.backup.parts import (
    Part,
    SequenceDump,
    TableDump,
    on_postgres,
    on_sqlite,
)
from core.store.backup.postgres_copies import copy_table, open_snapshot
from core.store.backup.postgres_restore import (
    drop_schemas_aside,
    fill_tables,
    put_schemas_back,
    set_schemas_aside,
)
from core.store.backup.sqlite_copies import tables_of_file
from core.store.backup.sqlite_restore import (
    drop_files_aside,
    files_there,
    put_files_back,
    replace_files,
)
from core.store.schema import migrate

_Dump = TypeVar("_Dump", TableDump, SequenceDump)
_DIFFERENT = N_(
    "The table %(table)s came back different from what the backup says. Nothing was changed; take"
    " another backup, and keep this one to look at."
)


def databases_there(parts: tuple[Part, ...]) -> list[str]:
    """Return which parts are there, to be handed to `put_databases_back`."""
    return files_there(on_sqlite(parts))


def replace_databases(
    settings: Settings,
    parts: tuple[Part, ...],
    folder: Path,
    revision: str,
    tables: Sequence[TableDump],
    sequences: Sequence[SequenceDump],
    migrate_jobs: Callable[[Settings], None],
) -> None:
    """Put the databases of `folder` in place, at the schema `revision` that they were copied at.

    Every table is read back and held against the backup. Raises `Refused` where one differs; what
    was there before is aside until `drop_databases_aside`.
    """
    if files := on_sqlite(parts):
        replace_files(files, folder)
    groups = on_postgres(parts)
    for url, group in groups.items():
        set_schemas_aside(url, group)
    if groups:
        migrate(settings, revision)
        migrate_jobs(settings)
    for url, group in groups.items():
        fill_tables(url, group, _of(tables, group), _of(sequences, group), folder)
    _check_same(parts, tables)


def put_databases_back(parts: tuple[Part, ...], existed: Sequence[str]) -> None:
    """Undo `replace_databases` wherever it stopped."""
    put_files_back(on_sqlite(parts), existed)
    for url, group in on_postgres(parts).items():
        put_schemas_back(url, group)


def drop_databases_aside(parts: tuple[Part, ...]) -> None:
    """Remove what was there before."""
    drop_files_aside(on_sqlite(parts))
    for url, group in on_postgres(parts).items():
        drop_schemas_aside(url, group)


def _of(dumps: Sequence[_Dump], group: Sequence[Part]) -> list[_Dump]:
    names = {part.name for part in group}
    return [dump for dump in dumps if dump.part in names]


def _check_same(parts: tuple[Part, ...], tables: Sequence[TableDump]) -> None:
    found = {dump.place: dump.told for dump in _tables_now(parts, tables)}
    for dump in tables:
        if found.get(dump.place) != dump.told:
            raise Refused(_DIFFERENT, table=dump.table)


def _tables_now(parts: tuple[Part, ...], tables: Sequence[TableDump]) -> Iterator[TableDump]:
    for part in on_sqlite(parts):
        if part.path.exists():
            yield from tables_of_file(part.name, part.path)
    for url, group in on_postgres(parts).items():
        by_name = {part.name: part for part in group}
        with open_snapshot(url) as connection:
            for dump in _of(tables, group):
                yield copy_table(connection, by_name[dump.part], dump.table, dump.columns, None)
