"""The doors of a session and the export route, over HTTP without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import api.recommendations
from api.auth import local_target
from api.middleware import allowed_hosts
from api.routes import ROUTES
from core.contracts import RunVersion
from core.errors import NotFound
from core.services.accounts import Actor
from core.services.sign_in import SESSION_COOKIE, session_of, sign_in
from core.settings import Settings
from core.store.tenant import Store, TenantStore
from tests.unit.api.conftest import PASSWORD, Client
from ui.navigation import PAGES

RUN_ID = "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"
REPORT = f"/export/runs/{RUN_ID}/qc_report.html"
RUN_FILE = f"/export/runs/{RUN_ID}/reco_output.csv"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/runs?run=1", "/runs?run=1"),
        ("/", "/"),
        ("", "/"),
        ("runs", "/"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/\n/evil.test", "/"),
        ("https://evil.test", "/"),
        ("javascript:alert(1)", "/"),
        (" /runs", "/"),
        ("/auth/enter?ticket=x", "/"),
    ],
)
def test_a_redirect_stays_on_this_server(target: str, expected: str) -> None:
    assert local_target(target) == expected


def test_a_ticket_sets_a_cookie_that_scripts_cannot_read(client: Client, store: Store) -> None:
    ticket = sign_in(store, "first-user", PASSWORD, "127.0.0.1")
    response = client.get("/auth/enter", params={"ticket": ticket, "next": "/runs?run=1"})
    assert (response.status_code, response.headers["location"]) == (303, "/runs?run=1")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    assert session_of(store, response.cookies[SESSION_COOKIE]) is not None


def test_behind_https_the_cookie_is_secure_and_of_this_host_alone(
    client: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = store.settings.model_copy(update={"secure_cookies": True})
    monkeypatch.setattr(store, "settings", secure)
    ticket = sign_in(store, "first-user", PASSWORD, "127.0.0.1")
    response = client.get("/auth/enter", params={"ticket": ticket})
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith(f"__host-{SESSION_COOKIE}=")
    assert "; secure" in cookie
    assert "; path=/;" in cookie
    assert "domain" not in cookie
    token = cookie_of(response.headers["set-cookie"])
    monkeypatch.setattr(api.recommendations, "download", lambda *_: iter([b"run_id\n"]))
    sent = {name: client.get(RUN_FILE, headers={"Cookie": f"{name}={token}"}) for name in NAMES}
    assert [sent[name].status_code for name in NAMES] == [200, 401]


NAMES = (f"__Host-{SESSION_COOKIE}", SESSION_COOKIE)


def cookie_of(header: str) -> str:
    return header.partition("=")[2].partition(";")[0]


def test_a_used_ticket_leads_to_the_form_without_a_cookie(client: Client, store: Store) -> None:
    ticket = sign_in(store, "first-user", PASSWORD, "127.0.0.1")
    client.get("/auth/enter", params={"ticket": ticket})
    again = client.get("/auth/enter", params={"ticket": ticket, "next": "//evil.test"})
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_cannot_sign_a_browser_in_or_out(
    signed_in: Client, store: Store, site: str
) -> None:
    before = signed_in.cookies[SESSION_COOKIE]
    ticket = sign_in(store, "second-user", PASSWORD, "127.0.0.1")
    headers = {"Sec-Fetch-Site": site}
    entered = signed_in.get("/auth/enter", params={"ticket": ticket}, headers=headers)
    left = signed_in.post("/auth/leave", headers=headers)
    assert (entered.status_code, left.status_code) == (403, 403)
    assert signed_in.cookies[SESSION_COOKIE] == before
    assert session_of(store, before) is not None


def test_entering_again_ends_the_session_before(signed_in: Client, store: Store) -> None:
    before = signed_in.cookies[SESSION_COOKIE]
    ticket = sign_in(store, "second-user", PASSWORD, "127.0.0.1")
    signed_in.get("/auth/enter", params={"ticket": ticket})
    assert session_of(store, before) is None
    after = session_of(store, signed_in.cookies[SESSION_COOKIE])
    assert after is not None
    assert after.actor.username == "second-user"


def test_leaving_revokes_what_was_copied_before(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.recommendations, "download", lambda *_: iter([b"run_id\n"]))
    copied = {"Cookie": f"{SESSION_COOKIE}={signed_in.cookies[SESSION_COOKIE]}"}
    assert signed_in.get(RUN_FILE).status_code == 200
    assert signed_in.post("/auth/leave").status_code == 303
    assert SESSION_COOKIE not in signed_in.cookies
    assert signed_in.get(RUN_FILE, headers=copied).status_code == 401


def test_leaving_is_not_a_link(signed_in: Client) -> None:
    assert signed_in.get("/auth/leave").status_code == 405


@pytest.mark.parametrize(
    ("query", "version", "name"),
    [
        ("", "reviewed", "reco_output.csv"),
        ("?version=reviewed", "reviewed", "reco_output_reviewed.csv"),
        ("?version=original", "original", "reco_output_original.csv"),
    ],
)
def test_an_export_streams_the_file_of_the_callers_tenant(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, query: str, version: str, name: str
) -> None:
    asked = []

    def download(
        tenant: TenantStore, actor: Actor, run_id: str, name: str, version: RunVersion, _lang: None
    ) -> Iterator[bytes]:
        asked.append((tenant.tenant.key, actor.username, run_id, name, version))
        return iter([b"run_id\n", b"1\n"])

    monkeypatch.setattr(api.recommendations, "download", download)
    response = signed_in.get(RUN_FILE + query)
    assert response.content == b"run_id\n1\n"
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "no-store" in response.headers["cache-control"]
    assert asked == [("first", "first-user", RUN_ID, "reco_output.csv", version)]


@pytest.mark.parametrize("version", ["", "Original", "2", "original&version=latest"])
def test_another_version_is_refused_by_its_place(signed_in: Client, version: str) -> None:
    response = signed_in.get(f"{RUN_FILE}?version={version}", headers={"Accept-Language": "fr"})
    assert response.status_code == 422
    assert "query.version" in response.json()["title"]


@pytest.mark.parametrize(
    ("query", "version", "language"),
    [
        ("", RunVersion.REVIEWED, None),
        ("?lang=fr", RunVersion.REVIEWED, "fr"),
        ("?lang=de&version=original", RunVersion.ORIGINAL, None),
    ],
)
def test_the_report_is_shown_and_may_run_nothing(
    signed_in: Client,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    version: RunVersion,
    language: str | None,
) -> None:
    asked = []

    def download(tenant: TenantStore, _actor: Actor, *choices: object) -> Iterator[bytes]:
        asked.append((tenant.tenant.key, *choices))
        return iter([b"<!DOCTYPE html>"])

    monkeypatch.setattr(api.recommendations, "download", download)
    response = signed_in.get(REPORT + query)
    assert asked == [("first", RUN_ID, "qc_report.html", version, language)]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-disposition"] == 'inline; filename="qc_report.html"'
    assert "no-store" in response.headers["cache-control"]
    assert signed_in.get(f"{REPORT}?version=other").status_code == 422
    own, ours = response.headers["content-security-policy"].split(", ")
    assert own.startswith("default-src 'none'")
    assert "script-src" not in own
    assert "object-src 'none'" in ours


@pytest.mark.parametrize(
    "path",
    [
        RUN_FILE,
        REPORT,
        f"/export/runs/{RUN_ID}/passwords.csv",
        f"/export/runs/{RUN_ID}/..%2f..%2fapp.py",
        "/export/runs/not-an-id/reco_output.csv",
    ],
)
def test_what_is_not_the_callers_is_not_found(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def download(*_: object) -> Iterator[bytes]:
        raise NotFound("no such run")

    monkeypatch.setattr(api.recommendations, "download", download)
    assert signed_in.get(path).status_code == 404


@pytest.mark.parametrize("path", [RUN_FILE, REPORT])
@pytest.mark.parametrize("cookie", [None, "", "guessed", "é"])
def test_without_a_session_there_is_a_problem_and_no_file(
    client: Client, cookie: str | None, path: str
) -> None:
    headers = {} if cookie is None else {"Cookie": f"{SESSION_COOKIE}={cookie}".encode()}
    response = client.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 401


def test_health_names_what_is_missing(client: Client) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "db": True,
        "migrations": True,
        "worker": False,
    }


@pytest.mark.parametrize("path", ["/health", RUN_FILE])
def test_every_response_carries_the_security_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "object-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(("host", "status"), [("localhost:8501", 200), ("evil.test", 400)])
def test_a_foreign_host_name_is_not_answered(client: Client, host: str, status: int) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == status


def test_the_instance_answers_to_its_public_names() -> None:
    settings = Settings(
        public_base_url="https://crm.example.com/", allowed_origins=("https://www.example.com",)
    )
    assert allowed_hosts(settings) == [
        "127.0.0.1",
        "crm.example.com",
        "localhost",
        "www.example.com",
    ]


def test_no_route_shadows_a_page() -> None:
    pages = {f"/{entry.path}" for entry in PAGES} | {"/"}
    files = {f"/{path.stem}" for path in Path("pages").glob("*.py")} - {"/__init__"}
    taken = {
        page
        for route in ROUTES
        for page in pages | files
        if route.path_regex.match(page) or (route.path.startswith(f"{page}/") and page != "/")
    }
    assert not taken
    assert files <= pages
