"""The slots of workers: each is a lock that dies with its holder, and names its jobs' executor.

Postgres: a session advisory lock on a connection of its own. SQLite: a lock on a file, one slot.
A session that is lost lets its lock go while its worker lives on: so a holder asks for its slot
again and again, and who finds a slot free may take over what its former holder worked on.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.store.tenant import Store

_WORKER_LOCK = 7_404_519_264_000
_WORKER_SLOTS = 64
_NAME = "worker-{}"
_RETAKES, _RETAKE_SECONDS = 5, 0.2


class Hold(StrEnum):
    """What a holder finds when it looks at its slot."""

    HELD = "held"
    AWAY = "away"  # the database does not answer: nobody can say
    LOST = "lost"  # another has taken it


class Slot(Protocol):
    """A slot that is held."""

    name: str

    def look(self) -> Hold:
        """Tell whether it is still held; take it again where only the session was lost."""


@contextmanager
def take_worker_slot(store: Store) -> Iterator[Slot | None]:
    """Hold the first free slot for the block; None when all are held.

    SQLite has one slot, Postgres 64.
    """
    if store.data_engine.dialect.name != "postgresql":
        with _file_slot(store) as slot:
            yield slot
        return
    slot = _free_session_slot(store)
    try:
        yield slot
    finally:
        if slot is not None:
            slot.let_go()


@contextmanager
def abandoned_slot(store: Store, name: str) -> Iterator[bool]:
    """Hold the slot `name` for the block if nobody does; yield whether it was free.

    While it is held no new worker takes it. On SQLite, where there is one worker, it never is.
    """
    number = name.removeprefix(_NAME.format(""))
    if store.data_engine.dialect.name != "postgresql" or not number.isdigit():
        yield False
        return
    slot = _SessionSlot(store, int(number))
    is_free = slot.take()
    try:
        yield is_free
    finally:
        slot.let_go()


class _SessionSlot:
    """A slot of Postgres: an advisory lock of a session."""

    def __init__(self, store: Store, number: int) -> None:
        self.name = _NAME.format(number)
        self._store = store
        self._lock = {"n": _WORKER_LOCK + number}
        self._connection: Connection | None = None
        self._session = 0

    def take(self) -> bool:
        """Take the lock if it is free, in a session that is new where the last was lost."""
        if self._connection is None:
            plain = self._store.data_engine.connect()
            self._connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        took = "SELECT pg_try_advisory_lock(:n), pg_backend_pid()"
        is_ours, self._session = self._connection.execute(text(took), self._lock).one()
        return bool(is_ours)

    def look(self) -> Hold:
        """Ask the session for its name: SQLAlchemy makes a new one in silence."""
        try:
            if self._connection is not None:
                session = self._connection.execute(text("SELECT pg_backend_pid()")).scalar()
                if session == self._session:
                    return Hold.HELD
            return self._retake()
        except DBAPIError:
            self._forget()
            return Hold.AWAY

    def _retake(self) -> Hold:
        self._forget()
        for _ in range(_RETAKES):  # a reaper may be looking at it
            if self.take():
                return Hold.HELD
            sleep(_RETAKE_SECONDS)
        return Hold.LOST

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.invalidate()
                connection.close()

    def let_go(self) -> None:
        """Give the lock back with its session."""
        self._forget()


def _free_session_slot(store: Store) -> _SessionSlot | None:
    for number in range(_WORKER_SLOTS):
        slot = _SessionSlot(store, number)
        if slot.take():
            return slot
        slot.let_go()
    return None


class _FileSlot:
    """The one slot of SQLite: the lock is the process's own as long as it lives."""

    name = _NAME.format(0)

    def look(self) -> Hold:
        return Hold.HELD


@contextmanager
def _file_slot(store: Store) -> Iterator[Slot | None]:
    database = Path(store.data_engine.url.database or "").absolute()
    with database.with_suffix(".worker.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield _FileSlot()
