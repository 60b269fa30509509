"""Where Brevo posts: any JSON has a calm answer, any other secret none, and no log tells one."""

import json
import logging
import socket
import threading
import time
from functools import lru_cache

import pytest
import requests
import uvicorn
from starlette.applications import Starlette

import api.routes
from api.routes import MIDDLEWARE, ROUTES, lifespan
from core.services.accounts import SYSTEM, tenant_by_key
from core.services.webhook_secrets import create_webhook
from core.store.tenant import Store
from tests.unit.api.conftest import Client

CLICK = {"event": "click", "email": "a@example.com", "message-id": "<1>", "ts_event": 1_700_000_000}
COUNTED = {"events": 1, "new": 0, "known": 0, "ignored": 1}


@pytest.fixture(scope="module")
def address(store: Store) -> str:
    company = store.tenant_store(tenant_by_key(store, "first"))
    return create_webhook(company, SYSTEM).url.removeprefix("http://localhost:8501")


def test_one_event_and_an_array_are_counted(client: Client, address: str) -> None:
    assert client.post(address, json=CLICK).json() == COUNTED
    assert client.post(address, json=[CLICK, 1, None]).json() == {
        **COUNTED,
        "events": 3,
        "ignored": 3,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b'"click"', 400), (b"12", 400), (b"\xff\xfe{}", 400),
        (b"[" * 100_000, 400), (b"9" * 9_000, 400), (b'{"event": NaN}', 200), (b"[]", 200),
        (json.dumps([CLICK] * 1_001).encode(), 413), (b"[" + b" " * (2 << 20) + b"]", 413),
    ],
    ids=lambda value: repr(value)[:12],
)  # fmt: skip
def test_a_body_of_any_kind_has_a_calm_answer(
    client: Client, address: str, body: bytes, status: int
) -> None:
    response = client.post(address, data=body)
    assert response.status_code == status
    if status != 200:
        assert response.headers["content-type"] == "application/problem+json"


def test_any_other_secret_is_not_found(client: Client, address: str) -> None:
    for other in (address[:-1], f"{address}x", "/brevo/webhook/x", "/brevo/webhook/é%00"):
        assert client.post(other, json=CLICK).status_code == 404


@pytest.mark.usefixtures("base_url")  # which gives the routes their store
def test_no_log_tells_a_secret(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of `uvicorn app:app`, which logs every request, with all loggers at DEBUG."""
    monkeypatch.setattr(api.routes, "app_store", lru_cache(lambda: store))
    monkeypatch.setattr(api.routes, "_log_to_stderr", lambda *given: None)  # of the whole process
    for name in (None, "uvicorn", "uvicorn.access", "uvicorn.error"):  # as another test left them
        caplog.set_level(logging.DEBUG, logger=name)
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    application = Starlette(routes=ROUTES, middleware=MIDDLEWARE, lifespan=lifespan)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    for path in (address, "/u/CANARY-token", "/auth/enter?ticket=CANARY-ticket", "/health?seen=1"):
        requests.post(base + path, json=CLICK, timeout=10)
    server.should_exit = True
    thread.join()
    told = [record.getMessage() for record in caplog.records if "urllib3" not in record.name]
    assert any("/health?seen=1" in line for line in told)
    assert any("/brevo/webhook/***" in line for line in told)
    secret = address.rsplit("/", 1)[1]
    assert [line for line in told if secret in line or "CANARY" in line] == []
