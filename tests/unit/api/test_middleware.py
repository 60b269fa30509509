"""What stands between a request and the pages: headers, origins, errors, over HTTP and bare."""

import logging
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

import api.middleware
import api.recommendations
from api.middleware import AllowedOrigins, LastResort, SecurityHeaders, content_policy
from api.rest import make_rest
from core.errors import SettingsError, StoreUnavailable
from core.i18n import N_
from core.settings import Settings, read_settings
from tests.own_loop import run_alone
from tests.unit.api.conftest import Client

RUN_FILE = "/export/runs/5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11/reco_output.csv"
ROW = "anne@example.com"


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/health", "localhost", 200),
        ("GET", "/nothing", "localhost", 404),
        ("TRACE", "/health", "localhost", 405),
        ("GET", "/health", "evil.test", 400),
    ],
)
def test_refusals_carry_the_headers_too(
    client: Client, method: str, path: str, host: str, status: int
) -> None:
    response = client.request(method, path, headers={"Host": host})
    assert response.status_code == status
    assert "base-uri 'none'; object-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


def test_behind_https_every_answer_asks_for_https(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(secure_cookies=True)
    monkeypatch.setattr(api.middleware, "current_settings", lambda: settings)
    sent: list[Message] = []

    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def keep(message: Message) -> None:
        sent.append(message)

    run_alone(SecurityHeaders(refuse)({"type": "http"}, ready, keep))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_pages_talk_to_names_of_the_instance_alone() -> None:
    policy = content_policy(Settings(public_base_url="https://crm.example.com"))
    (connect,) = [part for part in policy.split("; ") if part.startswith("connect-src")]
    assert connect.split()[1:] == [
        "'self'",
        *(
            f"{scheme}://{host}:*"
            for host in ("127.0.0.1", "crm.example.com", "localhost")
            for scheme in ("ws", "wss")
        ),
    ]


def test_an_error_of_a_route_tells_a_reference_and_no_more(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(f"Key (email)=({ROW}) exists")

    monkeypatch.setattr(api.recommendations, "download", fail)
    monkeypatch.setattr(api.middleware.secrets, "token_hex", lambda _: "0badcafe")
    with caplog.at_level(logging.ERROR):
        response = signed_in.get(RUN_FILE, headers={"Accept-Language": "fr"})
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "0BADCAFE" in response.json()["title"]
    assert "0BADCAFE" in caplog.text
    assert "ValueError" in caplog.text
    assert ROW not in response.text + caplog.text


def test_a_database_that_is_away_is_said(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable(N_("There is nothing at this address."))

    monkeypatch.setattr(api.recommendations, "download", away)
    assert signed_in.get(RUN_FILE).status_code == 503


async def ready() -> Message:
    return {"type": "http.request"}


def test_half_a_file_is_broken_off_without_a_word() -> None:
    async def halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(ROW)

    async def sent(_message: Message) -> None:
        return

    with pytest.raises(ConnectionAbortedError) as broken:
        run_alone(LastResort(halfway)({"type": "http", "path": "/", "headers": []}, ready, sent))
    assert broken.value.__suppress_context__
    assert not broken.value.args


def test_signing_out_empties_what_the_browser_kept(signed_in: Client) -> None:
    left = signed_in.post("/auth/leave")
    assert left.headers["clear-site-data"] == '"cache", "storage"'


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_stcore/metrics"), ("PUT", "/_stcore/upload_file/any/one")]
)
def test_what_streamlit_offers_to_anybody_is_not_served(
    client: Client, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def accept(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})


def shake_hands(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Return what a page with these headers is answered when it opens a WebSocket."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}
    run_alone(AllowedOrigins(accept)(scope, ready, send))
    return str(sent[0]["type"])


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (b"http://localhost:8501", "websocket.accept"),
        (b"https://crm.example.com", "websocket.accept"),
        (b"https://www.example.com", "websocket.accept"),
        (b"http://localhost:9999", "websocket.close"),
        (b"https://evil.test", "websocket.close"),
        (b"null", "websocket.close"),
    ],
)
def test_only_our_own_pages_open_a_websocket(
    monkeypatch: pytest.MonkeyPatch, origin: bytes, answer: str
) -> None:
    settings = Settings(
        public_base_url="https://crm.example.com/", allowed_origins=("https://www.example.com",)
    )
    monkeypatch.setattr(api.middleware, "current_settings", lambda: settings)
    assert shake_hands([(b"host", b"localhost:8501"), (b"origin", origin)]) == answer


ALLOWED = "https://www.example.com"
STRANGE = (
    "https://evil.test",
    "null",
    "*",
    "",
    "https://www.example.com.evil.test",
    "https://www.example.com@evil.test",
    "https://evil.test/https://www.example.com",
    "https://evilwww.example.com",
    "https://example.com",
    "http://www.example.com",
    "https://www.example.com:8443",
    "https://WWW.EXAMPLE.COM",
    "https://www.example.com/",
    "https://www.example.com https://evil.test",
)


def asked_from(
    monkeypatch: pytest.MonkeyPatch, origin: str, method: str, allowed: tuple[str, ...] = (ALLOWED,)
) -> tuple[int, dict[str, str]]:
    """Return what a page of an origin is answered by the API, status and headers."""
    settings = Settings(allowed_origins=allowed)
    monkeypatch.setattr(api.middleware, "current_settings", lambda: settings)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"origin", origin.encode()), (b"access-control-request-method", b"GET")]
    scope = {
        "type": "http",
        "method": method,
        "path": "/health/live",
        "headers": [*headers, (b"access-control-request-headers", b"authorization")],
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("localhost", 8501),
        "client": ("127.0.0.1", 1),
    }
    run_alone(make_rest()(scope, ready, send))
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_page_of_an_allowed_origin_reads_the_api_without_a_cookie(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    status, told = asked_from(monkeypatch, ALLOWED, method)
    assert (status, told["access-control-allow-origin"]) == (200, ALLOWED)
    assert "access-control-allow-credentials" not in told
    assert "origin" in told["vary"].lower()


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", STRANGE)
def test_no_other_page_reads_it(monkeypatch: pytest.MonkeyPatch, origin: str, method: str) -> None:
    for allowed in ((ALLOWED,), ()):
        status, told = asked_from(monkeypatch, origin, method, allowed)
        assert "access-control-allow-origin" not in told
        assert status == (200 if method == "GET" else 400)


@pytest.mark.parametrize("origin", STRANGE)
def test_no_other_page_opens_a_websocket(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    settings = Settings(public_base_url="https://crm.example.com", allowed_origins=(ALLOWED,))
    monkeypatch.setattr(api.middleware, "current_settings", lambda: settings)
    headers = [(b"host", b"crm.example.com"), (b"origin", origin.encode())]
    assert shake_hands(headers) == "websocket.close"


@pytest.mark.parametrize(
    "value",
    ["*", "null", "www.example.com", f"{ALLOWED}/", f"{ALLOWED}/a", "https://*.example.com"],
)
def test_what_is_no_origin_stops_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"{ALLOWED}, {value}")
    with pytest.raises(SettingsError) as refused:
        read_settings(None)
    assert refused.value.values["name"] == "ALLOWED_ORIGINS"
