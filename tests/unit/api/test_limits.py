"""A client that is refused again and again waits; one in order never does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from api.limits import MOST_CLIENTS, MOST_REFUSALS, RefusalLimit, client_key, name_of
from tests.own_loop import run_alone

Answer = tuple[int, Mapping[str, str], bytes]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def answer(request: Request) -> Response:
    return PlainTextResponse("", status_code=int(request.path_params["status"]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(clock: Clock) -> Starlette:
    routes = [
        Route("/u/{status}", answer, methods=["GET", "POST"]),
        Route("/elsewhere/{status}", answer),
    ]
    return Starlette(routes=routes, middleware=[Middleware(RefusalLimit, now=clock)])


@dataclass(frozen=True)
class Caller:
    """A client at one address, speaking ASGI to the application."""

    app: Starlette
    address: str = "203.0.113.7"

    def call(self, path: str, method: str = "GET", language: str = "en") -> Answer:
        """Return status, headers and body of the answer."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"",
            "headers": [(b"accept-language", language.encode())],
            "client": (self.address, 50_000),
        }  # fmt: skip
        run_alone(self.app(scope, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent)

    def status(self, path: str, method: str = "GET") -> int:
        """Return the status of the answer."""
        return self.call(path, method)[0]


def test_a_guesser_waits_until_the_minute_is_over(limited: Starlette, clock: Clock) -> None:
    guesser = Caller(limited)
    answers = [guesser.status("/u/404") for _ in range(MOST_REFUSALS + 5)]
    assert answers == [404] * MOST_REFUSALS + [429] * 5
    status, headers, body = guesser.call("/u/200", language="fr")
    assert (status, headers["retry-after"]) == (429, "60")
    assert headers["content-type"] == "application/problem+json"
    assert "60 secondes" in json.loads(body)["title"]
    clock.at += 60
    assert guesser.status("/u/200") == 200
    assert guesser.status("/u/404") == 404


def test_who_has_to_wait_stands_in_the_log(
    limited: Starlette, caplog: pytest.LogCaptureFixture
) -> None:
    guesser = Caller(limited)
    for _ in range(MOST_REFUSALS + 5):
        guesser.status("/u/404")
    assert caplog.messages == [f"refused too often: client {name_of(guesser.address)}"]


def test_nobody_else_waits_with_her(limited: Starlette) -> None:
    for _ in range(MOST_REFUSALS):
        Caller(limited).call("/u/404")
    assert Caller(limited, "203.0.113.8").status("/u/404") == 404
    assert Caller(limited).status("/elsewhere/404") == 404


def test_what_is_in_order_is_never_limited(limited: Starlette) -> None:
    brevo = Caller(limited)
    assert {brevo.status("/u/200", "POST") for _ in range(10 * MOST_REFUSALS)} == {200}


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_its_address_or_its_network(address: str, key: str) -> None:
    assert client_key({"client": (address, 1)}) == key


def test_the_memory_of_clients_has_an_end(clock: Clock) -> None:
    limit = RefusalLimit(lambda *_: None, now=clock)  # type: ignore[arg-type,return-value]
    for number in range(MOST_CLIENTS + 10):
        limit._count(str(number))
    assert len(limit.clients) == MOST_CLIENTS
    assert "0" not in limit.clients
