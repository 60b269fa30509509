"""Programs by the HTTP API: their tokens, runs, batches, journals and files."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

import core.services.prepare_campaign
from core.jobs import SYNC, enqueue, migrate_jobs
from core.jobs.stopping import stop_job
from core.policy import Policy
from core.services.accounts import SYSTEM, Role, tenant_by_key
from core.services.api_tokens import create_token, list_tokens, revoke_token
from core.store.runs import finish_run
from core.store.tenant import Store, TenantStore
from tests.conftest import ROOT
from tests.contract.campaign_data import fill_run, people
from tests.unit.api.conftest import Client

NOBODYS = "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"
READ = (
    "/reco/runs",
    "/reco/runs/{run_id}",
    "/export/runs/{run_id}/reco_output.csv",
    "/export/runs/{run_id}/run_summary.json",
    "/brevo/logs?run_id={run_id}",
)
BATCH = {"template": "discovery", "batch_size": 2}


@pytest.fixture(scope="module", autouse=True)
def _small_batches() -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(core.services.prepare_campaign, "MIN_BATCH_SIZE", 1)
        yield


@pytest.fixture(scope="module", autouse=True)
def _jobs(store: Store) -> None:
    migrate_jobs(store.settings)


def company(store: Store, key: str) -> TenantStore:
    return store.tenant_store(tenant_by_key(store, key))


def token(store: Store, role: Role, key: str = "first", days: int | None = None) -> str:
    return create_token(company(store, key), SYSTEM, "cron", role, days).secret


@pytest.fixture(scope="module")
def run_id(store: Store) -> str:
    """A finished run of the first company, with three who can be written to."""
    first = company(store, "first")
    made = fill_run(first, people(3), status="running")
    summary = {"as_of": "2026-03-01", "policy": Policy().model_dump(mode="json")}
    kept = {"summary_json": json.dumps(summary), "qc_json": "{}", "basis_json": "{}"}
    finish_run(first, made, finished_at=store.now(), **kept)
    return made


def call(
    client: Client, method: str, path: str, secret: str, body: object = None, **headers: str
) -> requests.Response:
    sent = {"Authorization": f"Bearer {secret}", **headers}
    return client.request(method, path, headers=sent, json=body)


def test_a_token_is_kept_as_a_hash_and_good_until_it_is_revoked(
    client: Client, store: Store
) -> None:
    first = company(store, "first")
    made = create_token(first, SYSTEM, "n8n", Role.VIEWER)
    with store.identity() as tx:
        assert made.secret not in str(tx.rows("SELECT * FROM identity.api_token"))
    assert call(client, "GET", "/reco/runs", made.secret).status_code == 200
    (told,) = [each for each in list_tokens(first, SYSTEM) if each.name == "n8n"]
    assert (told.is_good, told.used_at is not None) == (True, True)
    revoke_token(first, SYSTEM, made.token_id)
    refused = call(client, "GET", "/reco/runs", made.secret)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_ends_with_its_days(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, now = token(store, Role.VIEWER, days=1), store.now()
    monkeypatch.setattr(store, "now", lambda: now.replace(year=now.year + 1))
    assert call(client, "GET", "/reco/runs", secret).status_code == 401


@pytest.mark.parametrize("path", READ)
def test_another_companys_token_finds_nothing(
    client: Client, store: Store, run_id: str, path: str
) -> None:
    address = path.format(run_id=run_id)
    mine = call(client, "GET", address, token(store, Role.VIEWER))
    theirs = call(client, "GET", address, token(store, Role.VIEWER, "second"))
    assert mine.status_code == 200
    if "{" in path:
        assert theirs.status_code == 404
        unknown = path.format(run_id=NOBODYS)
        nobodys = call(client, "GET", unknown, token(store, Role.VIEWER, "second"))
        assert theirs.json() == nobodys.json()
    else:
        assert theirs.json() == {"runs": [], "total": 0}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/reco/run", {}),
        ("POST", "/brevo/send_batch", {"run_id": NOBODYS, **BATCH}),
        ("POST", "/brevo/sync_contacts", {}),
        ("POST", "/imports?name=a.csv", {}),
        *(("GET", path.format(run_id=NOBODYS), None) for path in READ),
    ],
)
def test_nobody_and_a_viewer_are_refused(
    client: Client, store: Store, method: str, path: str, body: object
) -> None:
    for secret in ("", "iacrm_guessed"):
        assert call(client, method, path, secret, body).status_code == 401
    assert client.request(method, path, json=body).status_code == 401
    viewer = call(client, method, path, token(store, Role.VIEWER), body)
    assert viewer.headers["Content-Type"].startswith("application/") or method == "GET"
    assert (viewer.status_code == 403) == (method == "POST")


def test_a_session_writes_nothing(signed_in: Client) -> None:
    """A browser sends the cookie with what a foreign page posts, too."""
    assert signed_in.post("/reco/run", json={}).status_code == 401


def test_a_run_is_launched_once_under_a_key(client: Client, store: Store) -> None:
    secret, asked = token(store, Role.ANALYST), {"top_n": 4, "silence_window_days": 30}
    key = {"Idempotency-Key": "monday"}
    first = call(client, "POST", "/reco/run", secret, asked, **key)
    again = call(client, "POST", "/reco/run", secret, asked, **key)
    other = call(client, "POST", "/reco/run", secret, {"top_n": 5}, **key)
    assert (first.status_code, again.content) == (202, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    told = call(client, "GET", f"/reco/runs/{first.json()['run_id']}", secret).json()
    assert (told["status"], told["summary"]) == ("queued", None)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"top_n": 0}, "body.top_n"),
        ({"top_n": "<img>"}, "body.top_n"),
        ({"top_n": "4"}, "body.top_n"),
        ({"top_n": True}, "body.top_n"),
        ({"silence_window_days": 400}, "body.silence_window_days"),
        ({"topn": 3}, "body.topn"),
        ({"as_of": "soon" * 50_000}, "413"),
        ([], "body"),
    ],
)
def test_what_is_malformed_is_named_by_its_place(
    client: Client, store: Store, body: object, place: str
) -> None:
    refused = call(client, "POST", "/reco/run", token(store, Role.ANALYST), body)
    assert refused.status_code == (413 if place == "413" else 422)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert place in refused.text
    assert "<img>" not in refused.text


def test_bytes_that_are_no_text_are_malformed_too(client: Client, store: Store) -> None:
    headers = {"Authorization": f"Bearer {token(store, Role.ANALYST)}"}
    refused = client.post("/reco/run", headers=headers, data=b'{"top_n": "\xff"}')
    assert (refused.status_code, "body" in refused.json()["title"]) == (422, True)


@pytest.mark.parametrize("sent", [b"", b"client_code\n1\n"])
def test_a_file_that_does_not_come_as_announced_leaves_nothing(
    base_url: str, store: Store, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    address = urlsplit(base_url)
    head = (
        "POST /imports?name=clients.csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        f"Authorization: Bearer {token(store, Role.ANALYST)}\r\n\r\n"
    )
    folder = company(store, "first").folder / "uploads"
    with socket.create_connection((address.hostname, address.port)) as caller:
        caller.sendall(head.encode() + sent)
        until(lambda: any(folder.glob("*")))
    until(lambda: not any(folder.glob("*")))
    assert not [line for line in caplog.messages if "route failed" in line]


def until(happened: Callable[[], bool]) -> None:
    for _ in range(200):
        if happened():
            return
        time.sleep(0.01)
    pytest.fail("it does not happen")


def test_a_misspelt_parameter_is_refused_and_not_passed_over(
    client: Client, store: Store, run_id: str
) -> None:
    path = f"/export/runs/{run_id}/reco_output.csv?vesion=original"
    refused = call(client, "GET", path, token(store, Role.VIEWER))
    assert (refused.status_code, "vesion" in refused.text) == (422, False)


@pytest.mark.parametrize("path", ["/reco/%0Aruns", "/imports/a%0D%0Ab", "/export/runs/%0A/a.csv"])
def test_a_line_end_leads_no_address_past_the_api(client: Client, store: Store, path: str) -> None:
    """The pages would answer it."""
    missed = call(client, "GET", path, token(store, Role.VIEWER))
    assert missed.headers["Content-Type"] == "application/problem+json"


def test_batches_of_a_dry_campaign_are_worked_one_by_one(
    client: Client, store: Store, run_id: str
) -> None:
    secret, asked = token(store, Role.ANALYST), {"run_id": run_id, **BATCH}
    steps: list[Mapping[str, Any]] = [
        call(client, "POST", "/brevo/send_batch", secret, asked, **headers).json()
        for headers in ({"Idempotency-Key": "1"}, {"Idempotency-Key": "1"}, {}, {})
    ]
    assert [(step["worked"], step["sent"], step["state"]) for step in steps] == [
        (2, 2, "PAUSED"),
        (2, 2, "PAUSED"),
        (1, 3, "SENT"),
        (0, 3, "SENT"),
    ]
    assert len({step["campaign_id"] for step in steps}) == 1
    logs = call(client, "GET", f"/brevo/logs?run_id={run_id}&limit=200", secret).json()
    events = [line["event"] for line in reversed(logs["logs"])]
    assert (events[0], events.count("dry_run"), logs["total"]) == ("prepared", 3, len(events))
    assert "example.com" not in str(logs)


def test_a_live_batch_is_refused_where_nothing_is_sent(
    client: Client, store: Store, run_id: str
) -> None:
    asked = {"run_id": run_id, **BATCH, "live": True, "confirm": 3}
    refused = call(client, "POST", "/brevo/send_batch", token(store, Role.ANALYST), asked)
    assert refused.status_code == 409


def test_a_push_is_planned_without_a_socket(client: Client, store: Store, run_id: str) -> None:
    secret = token(store, Role.ANALYST)
    told = call(client, "POST", "/brevo/sync_contacts", secret, {"run_id": run_id}).json()
    assert (told["live"], told["pushed"], told["run_id"]) == (False, 0, run_id)


def test_a_push_that_was_stopped_says_by_whom(client: Client, store: Store) -> None:
    first = company(store, "first")
    enqueue(first, SYSTEM, SYNC, NOBODYS)
    stop_job(first, SYSTEM, f"sync.{NOBODYS}.0001")
    secret = token(store, Role.VIEWER)
    told = call(client, "GET", f"/brevo/sync_contacts/{NOBODYS}", secret).json()
    assert (told["status"], told["error"]) == ("stopped", "Arrêté par system.")


def test_a_file_is_taken_in_whole_or_not(client: Client, store: Store) -> None:
    headers = {"Authorization": f"Bearer {token(store, Role.ANALYST)}"}
    taken = client.post(
        "/imports?name=clients.csv", headers=headers, data=b"customer_code;email\nA1;\n"
    )
    assert taken.status_code == 202
    looked = client.get(f"/imports/{taken.json()['import_id']}", headers=headers)
    assert looked.json()["status"] == "received"
    endless = client.post("/imports?name=a.csv", headers=headers, data=iter([b"a;b\n"]))
    assert endless.status_code == 411
    other = {"Authorization": f"Bearer {token(store, Role.ANALYST, 'second')}"}
    address = f"/imports/{taken.json()['import_id']}"
    assert client.get(address, headers=other).status_code == 404


def test_the_page_of_the_api_loads_from_here_alone(client: Client) -> None:
    page = client.get("/docs")
    assert "https://" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/files/{name}" in page.text
        assert client.get(f"/docs/files/{name}").status_code == 200
    described = client.get("/openapi.json").json()
    assert {"/health", "/reco/run", "/brevo/send_batch", "/imports"} <= set(described["paths"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl runs what docs/api.md shows")
def test_the_examples_run_as_written(base_url: str, store: Store) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    environment = {**os.environ, "CRM": base_url, "TOKEN": token(store, Role.ANALYST)}
    for line in block.strip().splitlines():
        done = subprocess.run(["sh", "-c", line], env=environment, cwd=ROOT, capture_output=True)
        assert done.returncode == 0, line
        assert json.loads(done.stdout)
