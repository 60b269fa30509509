"""What the client makes of servers that do not keep to HTTP, to time or to anything."""

import http.client
import logging
import pickle
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from pydantic import SecretStr

from core.errors import SettingsError
from core.outreach import brevo_wire
from core.outreach.brevo import BrevoClient
from core.outreach.replies import EmailOutcome, EmailReply
from tests.contract.loopback import allow_loopback_only

CANARY = "xkeysib-5f3759df-canary"
KEY = SecretStr(CANARY)
TOTAL, MARGIN = 0.6, 1.5
BEGINNING = b"HTTP/1.1 201 Created\r\n"
OK = BEGINNING + b'Content-Length: 26\r\n\r\n{"messageId": "<1@relay>"}'

Script = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_loopback_only(monkeypatch)


@contextmanager
def served(script: Script) -> Iterator[str]:
    """Run `script` on every connection; give the address without its scheme."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection: socket.socket) -> None:
        with connection:
            try:
                script(connection)
            except OSError:
                return  # the client has hung up, as it must

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def received(connection: socket.socket) -> bytes:
    """Read one request whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        received(connection)
        connection.sendall(answer)

    return script


def trickling(answer: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        received(connection)
        for index in range(len(answer)):
            connection.sendall(answer[index : index + 1])
            time.sleep(TOTAL / 4)

    return script


def silent(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def deaf(connection: socket.socket) -> None:
    time.sleep(20 * TOTAL)  # nobody waits for this thread


def hanging_up(connection: socket.socket) -> None:
    received(connection)


def resetting(connection: socket.socket) -> None:
    received(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def send(
    base_url: str, body: bytes = b"{}", connect_seconds: float = 5.0
) -> tuple[EmailReply, float]:
    client = BrevoClient(KEY, base_url, connect_seconds=connect_seconds, total_seconds=TOTAL)
    began = time.monotonic()
    reply = client.send_email(body)
    client.close()
    return reply, time.monotonic() - began


@pytest.mark.parametrize(
    ("script", "detail", "status"),
    [
        (trickling(OK), "timeout", None),
        (trickling(b"\r\n" * 90), "bad_answer", None),
        (answering(OK[:-9]), "half_body", 201),
        (answering(BEGINNING), "not_json", 201),
        (answering(b"HTTP/1.1 201"), "not_json", 201),
        (answering(BEGINNING + b"Transfer-Encoding: chunked\r\n\r\n9"), "half_body", 201),
        (answering(b"220 mail.example.com ESMTP\r\n"), "bad_answer", None),
        (answering(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"), "error", None),
        (silent, "timeout", None),
        (hanging_up, "reset", None),
        (resetting, "reset", None),
    ],
    ids=[
        "trickle",
        "blank lines",
        "half",
        "no headers",
        "half a line",
        "half a chunk",
        "no HTTP",
        "bad redirect",
        "silence",
        "hang up",
        "reset",
    ],
)
def test_once_begun_whatever_goes_wrong_is_ambiguous(
    script: Script, detail: str, status: int | None
) -> None:
    with served(script) as address:
        reply, seconds = send(f"http://{address}")
    assert (reply.outcome, reply.detail) == (EmailOutcome.AMBIGUOUS, detail)
    assert reply.status == status
    assert seconds < TOTAL + MARGIN


def test_a_server_that_does_not_read_is_left_in_time() -> None:
    with served(deaf) as address:
        reply, seconds = send(f"http://{address}", body=b"x" * 20_000_000)
    assert (reply.outcome, reply.detail) == (EmailOutcome.AMBIGUOUS, "timeout")
    assert seconds < TOTAL + MARGIN


def test_a_body_that_trickles_is_left_in_time_with_its_status_known() -> None:
    def script(connection: socket.socket) -> None:
        answering(OK[:-9])(connection)
        for byte in OK[-9:]:
            time.sleep(TOTAL / 4)
            connection.sendall(bytes([byte]))

    with served(script) as address:
        reply, seconds = send(f"http://{address}")
    assert (reply.outcome, reply.status, reply.detail) == (EmailOutcome.AMBIGUOUS, 201, "timeout")
    assert seconds < TOTAL + MARGIN


def test_an_endless_answer_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brevo_wire, "_LONGEST_BODY_BYTES", 100)
    answer = BEGINNING + b"Content-Length: 200\r\n\r\n" + b"x" * 200
    with served(answering(answer)) as address:
        reply, _ = send(f"http://{address}")
    assert (reply.outcome, reply.detail) == (EmailOutcome.AMBIGUOUS, "too_long")


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_refused_connection_or_an_unknown_name_sends_nothing() -> None:
    refused, _ = send(f"http://127.0.0.1:{_unused_port()}")
    assert (refused.outcome, refused.detail) == (EmailOutcome.NOT_BEGUN, "connection_refused")
    unknown, _ = send("https://brevo.invalid/v3")
    assert (unknown.outcome, unknown.detail) == (EmailOutcome.NOT_BEGUN, "name_resolution")


def test_a_connection_that_does_not_come_about_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for filler in waiting:
            filler.setblocking(False)
            filler.connect_ex(address)
        reply, seconds = send(f"http://127.0.0.1:{address[1]}", connect_seconds=TOTAL)
        for filler in waiting:
            filler.close()
    assert (reply.outcome, reply.detail) == (EmailOutcome.NOT_BEGUN, "connect_timeout")
    assert seconds < TOTAL + MARGIN


@pytest.mark.parametrize(
    ("script", "detail"),
    [(lambda connection: connection.sendall(b"no TLS"), "tls"), (silent, "timeout")],
    ids=["no TLS", "silence"],
)
def test_a_failed_handshake_sends_nothing(script: Script, detail: str) -> None:
    with served(script) as address:
        reply, seconds = send(f"https://{address}", connect_seconds=TOTAL)
    assert (reply.outcome, reply.detail) == (EmailOutcome.NOT_BEGUN, detail)
    assert seconds < TOTAL + MARGIN


def test_a_connection_is_not_used_after_an_answer_that_did_not_come() -> None:
    """Its late answer would be taken for that of the next message."""
    connections: list[socket.socket] = []

    def script(connection: socket.socket) -> None:
        connections.append(connection)
        while True:
            body = received(connection).rpartition(b"\r\n\r\n")[2]
            time.sleep(1.5 * TOTAL if body == b"first" else 0)
            connection.sendall(OK.replace(b"<1", b"<" + body[:1]))

    with served(script) as address:
        client = BrevoClient(KEY, f"http://{address}", total_seconds=TOTAL)
        replies = [client.send_email(body) for body in (b"first", b"2nd", b"3rd")]
        client.close()
    assert [reply.message_id for reply in replies] == [None, "<2@relay>", "<3@relay>"]
    assert len(connections) == 2


def test_proxies_and_passwords_of_the_environment_play_no_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login lea password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(received(connection).lower())
        connection.sendall(OK)

    with served(hanging_up) as proxy, served(script) as address:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy}")
        reply, _ = send(f"http://{address}")
    assert reply.outcome == EmailOutcome.ACCEPTED
    (request,) = seen
    assert b"authorization" not in request
    assert b"\r\nuser-agent: ia-crm\r\n" in request
    assert request.count(CANARY.encode()) == 1


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.brevo.com/v3",
        "ftp://127.0.0.1",
        "https://",
        "https://me:secret@api.brevo.com",
        "api.brevo.com",
    ],
)
def test_the_key_goes_to_no_address_where_it_can_be_read(base_url: str) -> None:
    with pytest.raises(SettingsError, match="BREVO_BASE_URL"):
        BrevoClient(KEY, base_url)


@pytest.mark.parametrize("key", ["", f"{CANARY}\n", "clé"])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="BREVO_API_KEY") as refusal:
        BrevoClient(SecretStr(key), "https://api.brevo.com/v3")
    assert CANARY not in str(refusal.value)


class _Everything(logging.Handler):
    """Keeps what every logger says."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Everything]:
    """All logging at DEBUG, http.client's own printing included."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 2)
    handler, root = _Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_nothing_is_logged_or_printed_of_a_call(
    everything: _Everything, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of the key above all; the paths that urllib3 would log hold addresses."""
    broken = BEGINNING + b"Bad\r\nContent-Length: 2\r\n\r\n{}"
    for script in (answering(OK), answering(broken), resetting):
        with served(script) as address:
            send(f"http://{address}")
    send(f"http://127.0.0.1:{_unused_port()}")
    assert everything.lines == []
    assert capfd.readouterr() == ("", "")
    logging.getLogger("urllib3.connectionpool").debug("somebody else's call")
    assert everything.lines == ["somebody else's call"]


def test_an_error_that_is_not_foreseen_is_logged_by_kind_and_place(
    everything: _Everything,
) -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://[lea@example.com\r\n\r\n"
    with served(answering(elsewhere)) as address:
        send(f"http://{address}")
    (line,) = everything.lines
    assert "ValueError at brevo_wire.py" in line
    assert "lea@" not in line
    assert CANARY not in line


@pytest.mark.parametrize(
    ("asked", "outcome", "left"),
    [([False], EmailOutcome.NOT_BEGUN, b""), ([True, False], EmailOutcome.AMBIGUOUS, b"POST ")],
)
def test_what_is_too_late_when_it_is_about_to_leave_stays(
    asked: list[bool], outcome: EmailOutcome, left: bytes
) -> None:
    """The question comes when the connection stands: to open one may have taken long."""
    came: Queue[bytes] = Queue()

    def keep(connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            came.put(stream.read())

    with served(keep) as address:
        client = BrevoClient(KEY, f"http://{address}", total_seconds=TOTAL)
        reply = client.send_email(b"the message", lambda: asked.pop(0))
        client.close()
        received_bytes = came.get(timeout=5)
    assert (reply.outcome, reply.detail, asked) == (outcome, "too_late", [])
    assert received_bytes[:5] == left
    assert b"the message" not in received_bytes


def _shown(thing: object) -> str:
    """Return all that a debugger's page would show of a thing and of what it holds."""
    seen, waiting, lines = set(), [thing], []
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, str | bytes):
            continue
        seen.add(id(item))
        lines += [repr(item), str(item)]
        held = dict(getattr(item, "__dict__", {}))
        lines.append(repr(held))
        waiting += [value for value in held.values() if not isinstance(value, SecretStr)]
    return "\n".join(lines)


def test_the_key_shows_itself_in_no_dump() -> None:
    with served(answering(OK)) as address:
        client = BrevoClient(KEY, f"http://{address}")
        reply = client.send_email(b"{}")
        assert CANARY not in _shown(client) + repr(reply)
        with pytest.raises(TypeError) as refusal:
            pickle.dumps(client)
        assert CANARY not in str(refusal.value)
        client.close()


def test_a_traceback_out_of_a_call_does_not_hold_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, say: the one kind of error that passes through, shown with its variables."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(http.client.HTTPConnection, "send", interrupted)
    with served(answering(OK)) as address, pytest.raises(KeyboardInterrupt) as caught:
        send(f"http://{address}")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "exchange" in "".join(shown.format())
    assert CANARY not in "".join(shown.format())
