"""Contacts of erased people at Brevo: queued while dry, deleted when live, tried again, shared."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.services.accounts import SYSTEM, create_tenant
from core.services.erase_brevo import forget_contacts, pending_contacts
from core.services.erasure import ASKED, ask_erasure, erase
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_double import BrevoDouble, refusal, serve_brevo
from tests.contract.campaign_data import NOW, Person, fill_run
from tests.contract.live_data import go_live

ADDRESS = "qz@nowhere.example"


@pytest.fixture
def double() -> Iterator[BrevoDouble]:
    with serve_brevo(lambda: NOW) as served:
        yield served


def company_with_her(store: Store) -> TenantStore:
    company = store.tenant_store(create_tenant(store, f"b{uuid.uuid4().hex[:8]}", "Cave"))
    fill_run(company, [Person(code="C1", email=ADDRESS)])
    return company


def erase_her(company: TenantStore) -> None:
    erase(company, ask_erasure(company, SYSTEM, "C1", reason=ASKED, confirmation="C1"))


def sealed(company: TenantStore) -> list[str | None]:
    with company.read() as tx:
        rows = tx.rows("SELECT sealed FROM brevo_erasure WHERE tenant_id = :tenant")
    return [row["sealed"] for row in rows]


def test_a_contact_is_deleted_once_brevo_may_be_asked_and_answers(
    store: Store, double: BrevoDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_with_her(store)
    double.account.add_contact(ADDRESS)
    erase_her(company)
    assert pending_contacts(company) == 1
    assert all(text and ADDRESS not in text for text in sealed(company))
    go_live(store, monkeypatch, brevo_base_url=double.base_url)
    double.behave(refusal(500, "internal_error"), operation="deleteContact")
    assert forget_contacts(company).failed == 1
    assert forget_contacts(company).deleted == 0  # not before ten minutes have passed
    monkeypatch.setattr(store, "now", lambda: NOW + timedelta(minutes=11))
    assert forget_contacts(company).deleted == 1
    assert ADDRESS not in double.account.contacts
    assert (pending_contacts(company), sealed(company)) == (0, [None])


def test_a_contact_that_another_company_has_keeps_what_is_hers(
    store: Store, double: BrevoDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, other = company_with_her(store), company_with_her(store)
    double.account.add_contact(ADDRESS)
    go_live(store, monkeypatch, brevo_base_url=double.base_url)
    erase_her(company)
    assert (pending_contacts(company), ADDRESS in double.account.contacts) == (0, True)
    erase_her(other)
    assert ADDRESS not in double.account.contacts
