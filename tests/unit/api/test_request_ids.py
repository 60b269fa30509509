"""A request's id: the proxy's where it can be one, in the answer and on the lines of the log."""

import logging

import pytest

from core.logs import OneLine
from core.services.accounts import SYSTEM, Role, tenant_by_key
from core.services.api_tokens import create_token
from core.store.tenant import Store
from tests.unit.api.conftest import Client

OWN = "edge-7f3a.0001"


@pytest.mark.parametrize("path", ["/health", "/reco/runs", "/nothing/here"])
def test_the_id_of_a_proxy_comes_back(client: Client, path: str) -> None:
    assert client.get(path, headers={"X-Request-ID": OWN}).headers["X-Request-ID"] == OWN


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with blank0", "anna@example.com", "-leading-", ""]
)
def test_anything_else_is_replaced(client: Client, given: str) -> None:
    first, second = (
        client.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        for _ in range(2)
    )
    assert len(first) == len(second) == 32
    assert first != second


def test_lines_of_a_request_name_it_and_its_company(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(OneLine().format(record))

    keeping = Kept()
    logger = logging.getLogger("api.middleware")
    logger.addHandler(keeping)
    monkeypatch.setattr("api.recommendations.list_runs", lambda *_a, **_k: 1 / 0)
    company = store.tenant_store(tenant_by_key(store, "first"))
    secret = create_token(company, SYSTEM, "cron", Role.VIEWER).secret
    headers = {"X-Request-ID": OWN, "Authorization": f"Bearer {secret}"}
    answer = client.get("/reco/runs", headers=headers)
    logger.removeHandler(keeping)
    assert answer.status_code == 500
    (line,) = written
    assert f" request={OWN} tenant={company.tenant_id} " in line
