"""The script that looks at a running instance says what it saw, and fails where it must."""

import json
import os
import subprocess
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

import api.metrics
from core.policy import Policy
from core.services.accounts import SYSTEM, Role, tenant_by_key
from core.services.api_tokens import create_token
from core.services.execute_run import create_run
from core.store.runs import finish_run
from core.store.tenant import Store, TenantStore
from tests.conftest import ROOT
from tests.contract.campaign_data import fill_run, people

METRICS_TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"


def smoke(base_url: str, **given: str) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {**os.environ, "BASE_URL": base_url, "PAGES": "0", **given}
    return subprocess.run(
        [str(ROOT / "scripts" / "api_smoke.sh")],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def finished_run(company: TenantStore) -> str:
    run_id = fill_run(company, people(3), status="running")
    summary = {"as_of": "2026-03-01", "policy": Policy().model_dump(mode="json")}
    kept = {"summary_json": json.dumps(summary), "qc_json": "{}", "basis_json": "{}"}
    finish_run(company, run_id, finished_at=company.store.now(), **kept)
    return run_id


def test_a_sound_instance_passes_and_tells_what_was_looked_at(
    base_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = store.settings.model_copy(update={"metrics_token": SecretStr(METRICS_TOKEN)})
    monkeypatch.setattr(store, "settings", settings)
    monkeypatch.setattr(api.metrics, "app_store", lambda: store)
    company = store.tenant_store(tenant_by_key(store, "first"))
    run_id = finished_run(company)
    token = create_token(company, SYSTEM, "smoke", Role.VIEWER).secret
    done = smoke(base_url, TOKEN=token, METRICS_TOKEN=METRICS_TOKEN)
    assert done.returncode == 0, done.stderr
    for seen in ("/health", "/docs", f"/export/runs/{run_id}/reco_output.csv", "/metrics"):
        assert f"200 {seen}" in done.stderr
    assert token not in done.stdout + done.stderr


def test_a_file_of_any_length_is_looked_at_whole_and_a_run_under_way_is_passed_over(
    base_url: str, store: Store
) -> None:
    company = store.tenant_store(tenant_by_key(store, "second"))
    run_id = finished_run(company)
    with company.begin() as tx:  # longer than a pipe holds
        tx.execute(
            "UPDATE reco_output SET reasons_json = :long WHERE tenant_id = :tenant",
            long="x" * 300_000,
        )
    create_run(company, SYSTEM)
    token = create_token(company, SYSTEM, "smoke", Role.VIEWER).secret
    done = smoke(base_url, TOKEN=token, METRICS_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert f"200 /export/runs/{run_id}/reco_output.csv" in done.stderr


def test_what_is_not_looked_at_is_said(base_url: str) -> None:
    done = smoke(base_url, TOKEN="", METRICS_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert "no TOKEN" in done.stderr
    assert "no METRICS_TOKEN" in done.stderr


def test_an_instance_that_is_not_well_fails() -> None:
    class Unwell(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_live = self.path == "/health/live"
            self.send_response(200 if is_live else 503)
            self.end_headers()
            self.wfile.write(b'{"status":"ok"}' if is_live else b'{"db":false}')

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Unwell)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = smoke(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    assert done.returncode == 1
    assert "FAILED: /health answered 503" in done.stderr
