"""The export of a person over HTTP: to whoever may see it, of the own company, never by a cache."""

import pytest

from core.services import accounts
from core.services.person_export import person_link
from core.services.sign_in import sign_in
from core.store.tenant import Store, TenantStore
from tests.unit.api.conftest import PASSWORD, Client


@pytest.fixture(scope="module")
def companies(store: Store) -> dict[str, TenantStore]:
    found = {}
    for key in ("first", "second"):
        company = store.tenant_store(accounts.tenant_by_key(store, key))
        with company.begin() as tx:
            tx.execute(
                "INSERT INTO customer (tenant_id, customer, from_seq, file_id, name)"
                " VALUES (:tenant, 'C1', 0, 0, :key)",
                key=key,
            )
        found[key] = company
    role = accounts.Role.ANALYST
    accounts.create_user(store, found["first"].tenant, "first-analyst", PASSWORD, role)
    return found


@pytest.fixture
def analyst(client: Client, store: Store) -> Client:
    ticket = sign_in(store, "first-analyst", PASSWORD, "127.0.0.1")
    client.get("/auth/enter", params={"ticket": ticket})
    return client


def test_an_analyst_downloads_what_is_known(
    analyst: Client, companies: dict[str, TenantStore]
) -> None:
    response = analyst.get(person_link(companies["first"], "C1"))
    assert response.headers["cache-control"] == "private, no-store"
    assert [row["name"] for row in response.json()["customer"]] == ["first"]


def test_a_viewer_a_stranger_and_another_company_get_nothing(
    client: Client, signed_in: Client, companies: dict[str, TenantStore], base_url: str
) -> None:
    path = person_link(companies["first"], "C1")
    assert signed_in.get(path).status_code == 403
    with Client(base_url) as stranger:
        assert stranger.get(path).status_code == 401


def test_a_link_of_another_company_means_nobody_here(
    analyst: Client, companies: dict[str, TenantStore]
) -> None:
    assert analyst.get(person_link(companies["second"], "C1")).status_code == 404
    assert analyst.get("/export/person/C1").status_code == 404
