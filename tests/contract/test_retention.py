"""Retention: who is due to the day, what counts as an action, erasure in portions."""

import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.errors import NotAllowed, Refused
from core.services import retention
from core.services.accounts import SYSTEM, create_tenant
from core.services.retention import (
    ask_retention,
    due_people,
    erase_due,
    preview_retention,
    set_retention_rule,
)
from core.store.retention import RetentionRule
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import VIEWER
from tests.contract.canary import import_all

EDGE = date(2023, 3, 2)  # 36 months before the day of the test
OLD, LATER = EDGE - timedelta(days=1), EDGE + timedelta(days=1)


@pytest.fixture
def company(store: Store, tmp_path: Path) -> TenantStore:
    company = store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))
    people = {
        "due_customer": (OLD, None),
        "due_prospect": (OLD, None),
        "edge": (EDGE, None),
        "young": (LATER, None),
        "bought": (OLD, ("sale", LATER)),
        "cancelled": (OLD, ("cancelled", LATER)),
        "clicked": (OLD, ("click", LATER)),
        "opened": (OLD, ("open", LATER)),
    }
    clients = "".join(f"{who},{who}@x.example,{day}\n" for who, (day, _) in people.items())
    sales = f"1,P,due_customer,1,5,{OLD},valid\n"
    contacts = ""
    for who, (_, act) in people.items():
        if act and act[0] in ("sale", "cancelled"):
            status = "cancelled" if act[0] == "cancelled" else "valid"
            sales += f"{who},P,{who},1,5,{act[1]},{status}\n"
        elif act:
            contacts += f"{who},,{act[1]},{act[0]}\n"
    for who, day, status in (
        *(("z_clicked", OLD, "click"), ("z_clicked", LATER, "open")),
        *(("z_again", OLD, "click"), ("z_again", LATER, "click"), ("z_sent", OLD, "sent")),
        ("young", OLD, "click"),  # the address of a customer, who decides
    ):
        contacts += f",{who}@x.example,{day},{status}\n"
    import_all(
        company,
        [
            _written(tmp_path / "clients.csv", "client_code,email,created_at\n" + clients),
            _written(
                tmp_path / "contacts.csv", "client_code,email,contact_date,status\n" + contacts
            ),
            _written(tmp_path / "products.csv", "product_key,name\nP,Vin\n"),
            _written(
                tmp_path / "sales.csv",
                "document_id,product_key,client_code,quantity,amount,sale_date,document_status\n"
                + sales,
            ),
        ],
    )
    return company


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def due(company: TenantStore) -> list[str]:
    return [person.customer for person in due_people(company, SYSTEM, limit=50)]


def test_who_did_nothing_for_three_years_goes_in_portions(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = due_people(company, SYSTEM, limit=50)
    kinds = {person.customer: person.is_prospect for person in found}
    assert kinds == {
        "cancelled": True,
        "due_customer": False,
        "due_prospect": True,
        "edge": True,
        "opened": True,
        "z_clicked@x.example": True,  # of whom no client is known
    }
    assert [p.customer for p in due_people(company, SYSTEM, limit=2, offset=4)] == [*kinds][4:]
    assert {p.customer: p.last_action for p in found}["edge"] == EDGE
    with pytest.raises(NotAllowed):
        ask_retention(company, VIEWER, people=6)
    with pytest.raises(Refused):
        ask_retention(company, SYSTEM, people=5)
    monkeypatch.setattr(retention, "PEOPLE_AT_ONCE", 2)
    assert ask_retention(company, SYSTEM, people=6)
    assert len(due(company)) == 4  # of the first portion, which is entered, nobody is due again
    erase_due(company, SYSTEM)
    assert due(company) == []
    with company.read() as tx:
        rows = tx.rows("SELECT customer FROM customer WHERE tenant_id = :tenant ORDER BY customer")
        requests = tx.scalar("SELECT count(*) FROM erasure_request WHERE tenant_id = :tenant")
    assert [row["customer"] for row in rows] == ["bought", "clicked", "young"]
    assert requests == 3
    with company.read() as tx:
        sql = "SELECT DISTINCT email_norm FROM contact_history WHERE tenant_id = :tenant"
        left = {row["email_norm"] for row in tx.rows(f"{sql} AND customer IS NULL")}
    assert left == {"z_again@x.example", "z_sent@x.example", "young@x.example"}


def test_each_company_says_how_long_it_keeps_people(company: TenantStore) -> None:
    with pytest.raises(Refused):
        set_retention_rule(company, SYSTEM, RetentionRule(prospect_months=0))
    set_retention_rule(company, SYSTEM, RetentionRule(prospect_months=60, customer_months=12))
    assert due(company) == ["bought", "due_customer"]
    assert due_people(company, SYSTEM, limit=5, offset=2) == []
    assert preview_retention(company, SYSTEM).people == 2
