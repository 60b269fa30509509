"""The page of an unsubscribe link: a look changes nothing, one click leaves, nothing leaks."""

from collections.abc import Callable

import pytest

from core.outreach.unsubscribe import make_token, token_secret
from core.services.accounts import tenant_by_key
from core.store.tenant import Store, TenantStore
from tests.unit.api.conftest import Client

ADDRESS = "marie.curie@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def company(store: Store) -> TenantStore:
    company = store.tenant_store(tenant_by_key(store, "first"))
    with company.begin() as tx:
        for table in ("suppression", "contact_history", "customer"):
            tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")
    return company


@pytest.fixture
def link(store: Store, company: TenantStore) -> str:
    return f"/u/{make_token(token_secret(store.settings), company.tenant_id, ADDRESS)}"


def written(company: TenantStore) -> tuple[int, int]:
    with company.read() as tx:
        return tuple(
            tx.scalar(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant")
            for table in ("suppression", "contact_history")
        )


def test_a_look_shows_one_button_and_writes_nothing(
    client: Client, company: TenantStore, link: str
) -> None:
    for method in ("GET", "HEAD", "GET"):
        response = client.request(method, link, headers={"Accept-Language": "en"})
        assert response.status_code == 200
    page = response.text
    assert (page.count("<button"), page.count("<form"), "<script" in page) == (1, 1, False)
    assert ADDRESS not in page
    assert "m***@e***.com" in page
    assert "first" in page
    assert written(company) == (0, 0)


def test_the_page_is_kept_by_nobody_and_runs_nothing(client: Client, link: str) -> None:
    for response in (client.get(link), client.post(link)):
        headers = response.headers
        assert "set-cookie" not in headers
        assert headers["cache-control"] == "no-store"
        assert "noindex" in headers["x-robots-tag"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "noindex" in response.text


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {name: (None, value) for name, value in ONE_CLICK.items()}},
        {"data": ONE_CLICK, "headers": {"Origin": "null", "Sec-Fetch-Site": "cross-site"}},
        {},
    ],
    ids=["form", "multipart", "sent by a page of the mail program", "empty"],
)
def test_one_click_unsubscribes_without_a_session(
    client: Client, company: TenantStore, link: str, body: dict[str, object]
) -> None:
    first, second = client.post(link, **body), client.post(link, **body)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text
    assert "<button" not in first.text
    assert written(company) == (1, 1)


@pytest.mark.parametrize(
    ("stated", "header", "language"),
    [("EN-gb", "fr", "en"), (None, "fr-CA,fr;q=0.9", "fr"), (None, "de", "en"), (None, None, "fr")],
)
def test_the_page_speaks_the_language_of_who_reads_it(
    client: Client,
    company: TenantStore,
    link: str,
    stated: str | None,
    header: str | None,
    language: str,
) -> None:
    with company.begin() as tx:
        tx.execute(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id, email_norm, language)"
            " VALUES (:tenant, 'C1', 0, 0, :email, :language)",
            email=ADDRESS,
            language=stated,
        )
    response = client.get(link, headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in response.text


@pytest.mark.parametrize(
    "forge",
    [
        lambda link: "/u/",
        lambda link: "/u/x",
        lambda link: link[:20],
        lambda link: f"{link}/more",
        lambda link: f"/u/{'A' * 5_000}",
        lambda link: link[:9] + ("A" if link[9] != "A" else "Q") + link[10:],
    ],
    ids=["none", "short", "cut", "longer", "long", "changed"],
)
def test_every_link_that_is_not_ours_has_one_answer(
    client: Client, company: TenantStore, link: str, forge: Callable[[str], str]
) -> None:
    answers = [client.request(method, forge(link)) for method in ("GET", "POST")]
    wrong = client.get("/u/wrong")
    for answer in answers:
        assert (answer.status_code, answer.text) == (404, wrong.text)
        assert ("first" in answer.text, "<button" in answer.text) == (False, False)
    assert written(company) == (0, 0)


def test_a_body_without_end_is_refused(client: Client, company: TenantStore, link: str) -> None:
    response = client.post(link, data={"List-Unsubscribe": "x" * 100_000})
    assert response.status_code == 413
    assert written(company) == (0, 0)
