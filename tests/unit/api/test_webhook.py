"""Where Brevo posts: any JSON has a calm answer, any other secret none."""

import json

import pytest

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
