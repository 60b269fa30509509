"""A limit on how long a driver waits for Postgres, where it has none of its own.

A server that is frozen takes connections and answers nothing, and nobody interrupts the driver
while it reads. So one thread watches the sockets that are waited on: past its limit a socket is
shut down, and whoever reads from it is told that the connection is gone.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Engine

PING_SECONDS = 3.0
_LOOK_SECONDS = 0.2


class _Watchdog:
    """The thread, begun with the first socket, and until when each may be waited on."""

    def __init__(self) -> None:
        self._lock, self._until = threading.Lock(), dict[int, float]()
        self._pid = 0

    @contextmanager
    def watching(self, descriptor: int, seconds: float) -> Iterator[None]:
        """Shut the socket down when the block takes longer than `seconds`."""
        with self._lock:
            self._begin()
            self._until[descriptor] = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._until.pop(descriptor, None)

    def _begin(self) -> None:
        if self._pid != os.getpid():  # a fork has no threads but its own
            self._pid = os.getpid()
            threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                late = [fd for fd, until in self._until.items() if until < time.monotonic()]
                for descriptor in late:
                    del self._until[descriptor]
                    _shut_down(descriptor)


def _shut_down(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)


_WATCHDOG = _Watchdog()


def limit_pings(engine: Engine) -> None:
    """Let a pooled connection of `engine` answer in `PING_SECONDS` before it is used, or go."""
    ping = engine.dialect.do_ping

    def limited(dbapi_connection: Any) -> bool:
        with _WATCHDOG.watching(dbapi_connection.fileno(), PING_SECONDS):
            return ping(dbapi_connection)

    engine.dialect.do_ping = limited  # type: ignore[method-assign]  # this engine's alone
