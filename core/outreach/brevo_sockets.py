"""Connections that keep to the deadline of a whole call and note the first byte they send.

The timeouts of requests hold for one read: a peer that sends a byte a second would keep a call
for ever. Here each read and each write is given what is left of the whole. And because a message
may be tried again only if nothing of it has left, the connection notes the first byte itself
instead of concluding it from the kind of an error.
"""

import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_PIECE_BYTES = 16_384


class TooLate(Exception):
    """The caller no longer wants the request to be made."""


def at_any_time() -> bool:
    """Want a request however late it is."""
    return True


class _Call(threading.local):
    """The call that this thread is in; its deadline is on the monotonic clock.

    `begun` tells whether a byte of the request may have left, `is_in_time` whether one still may.
    """

    deadline = 0.0
    is_open = False
    begun = False
    is_in_time: Callable[[], bool] = staticmethod(at_any_time)

    def open(self, seconds: float, is_in_time: Callable[[], bool]) -> None:
        """Begin a call that may last so long."""
        self.deadline, self.is_open, self.begun = time.monotonic() + seconds, True, False
        self.is_in_time = is_in_time

    def close(self) -> None:
        """End the call."""
        self.is_open = False

    def remaining(self) -> float:
        """Return the seconds left; raise `TimeoutError` when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


CALL = _Call()


def is_outside_a_call(_record: logging.LogRecord) -> bool:
    """Return whether a record is none of ours: a filter for loggers."""
    return not CALL.is_open


class _TimedReads(io.RawIOBase):
    """What a socket receives, each read within what is left of the call."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(CALL.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReads(sock))


class TimedHttp(HTTPConnection):
    """A connection that notes the first byte sent and keeps to the deadline of the call."""

    response_class = _TimedResponse
    debuglevel = 0  # http.client would print the headers

    def set_debuglevel(self, level: int) -> None:
        """Print nothing, whatever the level."""

    def send(self, data: Any) -> None:
        """Send bytes, piece by piece: TLS would give each record the whole time."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE_BYTES):
            self.write(data[start : start + _PIECE_BYTES])

    def write(self, piece: Any) -> None:
        """Hand bytes to the system, if that is still wanted at this very moment.

        The question is the last thing before them: to open a connection may take seconds, and the
        machine may sleep meanwhile.
        """
        self.sock.settimeout(CALL.remaining())
        if not CALL.is_in_time():
            raise TooLate
        CALL.begun = True
        super().send(piece)


class _TimedHttps(TimedHttp, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = TimedHttp


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHttps


class TimedAdapter(HTTPAdapter):
    """What a session sends with: connections that keep to the call's deadline."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools of such connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
