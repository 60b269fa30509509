"""What keeps work that was given to another from writing on, and what tells that to ask again."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import psycopg2  # type: ignore[import-untyped]  # no stubs
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from core.errors import StoreUnavailable

_AWAY = (OperationalError, InterfaceError, StoreUnavailable, NoneFree)
_DRIVERS_AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError, sqlite3.OperationalError)
_FENCE: ContextVar[Callable[[], None] | None] = ContextVar("fence", default=None)


@contextmanager
def fenced(check: Callable[[], None]) -> Iterator[None]:
    """Let `check` be called before each writing transaction that begins in the block.

    Another thread is fenced with the context of this one (`copy_context`) alone.

    It raises where the work is no longer this process's own: a process that was frozen, and whose
    work another has taken over, writes nothing when it wakes.
    """
    token = _FENCE.set(check)
    try:
        yield
    finally:
        _FENCE.reset(token)


def check_fence() -> None:
    """Call what `fenced` was given, if anything."""
    check = _FENCE.get()
    if check is not None:
        check()


def is_away(error: BaseException) -> bool:
    """Tell whether an error says that the database was away or busy: asking again may do."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _AWAY + _DRIVERS_AWAY)
