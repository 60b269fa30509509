"""A small HTTP server on loopback that can also break off, fall silent or lie about its length.

It has a thread of its own. An ordinary server would not let go of a connection in the middle of
an answer, and takes five times as long for one.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qsl


@dataclass(frozen=True, kw_only=True)
class Request:
    """A whole request; the names of `headers` are in lower case, the path is still quoted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Ending(StrEnum):
    """How an answer ends."""

    WHOLE = "WHOLE"
    HALF = "HALF"
    RESET = "RESET"
    SILENCE = "SILENCE"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back, when, and how it ends; without `headers` the body is JSON."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE
    delay_seconds: float = 0.0


class LoopbackServer:
    """Answers every request with what `handler` returns for it, one after the other."""

    def __init__(self, handler: Callable[[Request], Answer]) -> None:
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._open: set[asyncio.Transport] = set()
        self.connections = 0

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        """Serve from now on; the caller's thread may have a loop of its own running."""
        self._thread.start()
        serving = self._loop.create_server(lambda: _Connection(self), sock=self._socket)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join()
        self._loop.close()

    def answer(self, request: Request) -> Answer:
        """Return the handler's answer."""
        return self._handler(request)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after some time, on the server's thread."""
        self._loop.call_later(seconds, act)

    def opened(self, transport: asyncio.Transport) -> None:
        """Count a connection that has come about."""
        self.connections += 1
        self._open.add(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        """Forget a connection that is over."""
        self._open.discard(transport)

    def _end(self) -> None:
        self._server.close()
        for transport in list(self._open):
            transport.abort()
        self._loop.call_soon(self._loop.stop)  # after the connections have ended

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


class _Connection(asyncio.Protocol):
    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.opened(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        request, self._received = _take_request(self._received)
        if request is None:
            return
        answer = self._server.answer(request)
        if answer.delay_seconds:
            self._server.later(answer.delay_seconds, lambda: self._give(answer))
        else:
            self._give(answer)

    def _give(self, answer: Answer) -> None:
        if answer.ending == Ending.SILENCE:
            return
        if answer.ending == Ending.RESET:
            self._reset()
            return
        whole = _written(answer)
        if answer.ending == Ending.WHOLE:
            self._transport.write(whole)
        else:
            self._transport.write(whole[: len(whole) - len(answer.body) // 2])
            self._transport.close()

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


def _take_request(received: bytes) -> tuple[Request | None, bytes]:
    """Return the first whole request and the rest; bodies have a length, as ours have."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None, received
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None, received
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    request = Request(
        method=method,
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=rest[:length],
    )
    return request, rest[length:]


def _written(answer: Answer) -> bytes:
    headers = {
        "Content-Type": "application/json",
        **answer.headers,
        "Content-Length": str(len(answer.body)),
    }
    if answer.status == HTTPStatus.NO_CONTENT:
        del headers["Content-Length"]
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
