"""SQLite's files as they are at one moment, by its own backup, while others write."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from core.errors import Busy
from core.i18n import N_
from core.store.backup.digests import digest_of
from core.store.backup.parts import Part, TableDump

_TRIES = 60
_WAIT_SECONDS = 0.5
_BUSY = N_("The database is being written to without a pause. Try again later.")
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def copy_sqlite(parts: Sequence[Part], folder: Path) -> list[TableDump]:
    """Copy the files of `parts` to `folder`, all of one moment; return their tables.

    Who writes is kept waiting only while the moment is fixed, except in the job tables, whose
    journal lets nobody write beside a reader: theirs is copied first. Raises `Busy`.
    """
    there = sorted((p for p in parts if p.path.exists()), key=lambda p: p.name, reverse=True)
    with ExitStack() as kept:
        readers = [kept.enter_context(closing(one)) for one in _at_one_moment(there)]
        for part, reader in zip(there, readers, strict=True):
            with closing(sqlite3.connect(folder / f"{part.name}.db")) as target:
                reader.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
            reader.close()
    return [
        dump for part in there for dump in tables_of_file(part.name, folder / f"{part.name}.db")
    ]


def _at_one_moment(parts: Sequence[Part]) -> list[sqlite3.Connection]:
    """Return connections that see every file as it was when nobody wrote to any of them."""
    for _ in range(_TRIES):
        with _written_by_nobody(parts) as alone:
            if alone:
                return [_reading(part.path) for part in parts]
        time.sleep(_WAIT_SECONDS)
    raise Busy(_BUSY)


@contextmanager
def _written_by_nobody(parts: Sequence[Part]) -> Iterator[bool]:
    """Hold every file's write lock for the block; yield False when one of them is held."""
    with ExitStack() as held:
        try:
            for part in parts:
                writer = held.enter_context(closing(_open(part.path)))
                writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            held.close()
            yield False
            return
        yield True


def _reading(path: Path) -> sqlite3.Connection:
    reader = _open(path)
    reader.execute("BEGIN")
    reader.execute(
        "SELECT count(*) FROM sqlite_master"
    ).fetchall()  # from here on it sees one state
    return reader


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=1)


def tables_of_file(part: str, path: Path) -> list[TableDump]:
    """Return every table of a file with its rows' digest, ordered by name."""
    with closing(sqlite3.connect(path)) as connection:
        tables = sorted(row[0] for row in connection.execute(_TABLES))
        return [_told(connection, part, table, f"{part}.db") for table in tables]


def _told(connection: sqlite3.Connection, part: str, table: str, file: str) -> TableDump:
    columns = tuple(row[1] for row in connection.execute(f'PRAGMA table_info("{table}")'))
    digest = digest_of(connection.execute(f'SELECT * FROM "{table}"'))
    return TableDump(
        part=part, table=table, columns=columns, rows=digest.rows, digest=digest.text, file=file
    )


def damage_of_file(path: Path) -> str | None:
    """Return what SQLite finds wrong with a file, None when it is sound."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            [(found,), *_] = connection.execute("PRAGMA integrity_check(1)").fetchall()
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != "ok":
        return str(found)
    return f"a row of {orphan[0]} has lost its parent in {orphan[2]}" if orphan else None
