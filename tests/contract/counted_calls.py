"""Counting what a process asks of databases, files and sockets, to stop it at a chosen one.

A database call is whatever reaches the driver: execute, executemany, COPY, commit, rollback. The
drivers' own classes are replaced, so a call that goes round SQLAlchemy counts as well. What the
Postgres driver does with its socket is in C, and counts as the call that it belongs to.
"""

import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Collection
from typing import Any

import psycopg2.extensions
from sqlalchemy import Engine, event

_DATABASE_CALLS = ("execute", "executemany", "executescript", "copy_expert", "commit", "rollback")
_FILE_CALLS = ("mkdir", "rename", "replace", "unlink", "rmdir")
_SOCKET_CALLS = ("connect", "sendall", "recv_into")


class CallCounter:
    """The calls of this process so far; `before_call` is told each before it is made.

    Calls named in `passed_over` are not counted.
    """

    def __init__(
        self, before_call: Callable[[int], None], passed_over: Collection[str] = ()
    ) -> None:
        self.number = 0
        self._before_call = before_call
        self._passed_over = passed_over
        self._lock = threading.Lock()

    def _count(self) -> None:
        with self._lock:
            self.number += 1
            number = self.number
        self._before_call(number)

    def count_files(self) -> None:
        """Count the calls that change the names of files too, from now on."""
        for name in _FILE_CALLS:
            setattr(os, name, self._after(getattr(os, name)))

    def count_sockets(self) -> None:
        """Count what is done with sockets too, from now on."""
        for name in _SOCKET_CALLS:
            if name not in self._passed_over:
                setattr(socket.socket, name, self._after(getattr(socket.socket, name)))

    def counting(self, base: type, **more: Any) -> type:
        """Return a class of connections or cursors whose calls are counted."""
        names = [name for name in _DATABASE_CALLS if hasattr(base, name)]
        counted = {name: self._after(getattr(base, name)) for name in names}
        return type(base.__name__, (base,), counted | more)

    def _after(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._count()
            return call(*args, **kwargs)

        return counted


def count_calls(before_call: Callable[[int], None]) -> CallCounter:
    """Count the database calls of every connection opened from now on."""
    counter = CallCounter(before_call)
    sqlite_cursor = counter.counting(sqlite3.Cursor)
    sqlite_connection = counter.counting(
        sqlite3.Connection,
        cursor=lambda self: sqlite3.Connection.cursor(self, sqlite_cursor),
    )
    factories = {
        "pysqlite": {"factory": sqlite_connection},
        "psycopg2": {
            "connection_factory": counter.counting(psycopg2.extensions.connection),
            "cursor_factory": counter.counting(psycopg2.extensions.cursor),
        },
    }

    @event.listens_for(Engine, "do_connect")
    def _connect(dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters.update(factories.get(dialect.driver, {}))  # none for the job tables

    return counter
