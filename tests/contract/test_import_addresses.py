"""An opt-out follows every address a person was ever known by, whatever the order of arrival."""

from pathlib import Path

import duckdb
import pytest

from core.policy import AuditPolicy
from core.services.accounts import SYSTEM
from core.services.addressee_checks import mark_suppressed
from core.services.import_undo import undo
from core.store.addressees import fetch_addressees
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.copies import begin_with
from tests.contract.test_import_files import AS_OF, bring, rows, state

COUPLE = {"clients_20260101.csv": "client_code,email\nC1,A@example.com\nC2,a@example.com\n"}
OWN = {"clients_20260201.csv": "client_code,email\nC1,b@example.com\n"}
OTHER = {"clients_20260301.csv": "client_code,email\nC3,b@example.com\n"}
CONTACTS = "client_code,contact_date,status\n"
# Each names the person and no address.
WISHES = {
    "unsubscribe": {"contacts_20260102.csv": f"{CONTACTS}C1,2026-01-01,unsubscribe\n"},
    "complaint": {"contacts_20260102.csv": f"{CONTACTS}C1,2026-01-01,complaint\n"},
    "unsubscribe in a rejected row": {
        "contacts_20260102.csv": f"{CONTACTS}C1,2026-13-01,unsubscribe\n"
    },
    "opt-out": {"clients_20260102.csv": "client_code,email_opt_out\nC1,yes\n"},
    "opt-out in a rejected row": {
        "clients_20260102.csv": "client_code,created_at,email_opt_out\nC1,2025-13-01,yes\n"
    },
}


def suppressed(tenant: TenantStore) -> set[str]:
    """Return the customers whom a campaign leaves out."""
    with tenant.read() as tx, duckdb.connect() as con:
        fetch_addressees(tx, con)
        mark_suppressed(con, AuditPolicy(), AS_OF)
        return {code for (code,) in con.execute("FROM suppressed").fetchall()}


@pytest.mark.sampled(one_in=4)
@pytest.mark.parametrize("wish", WISHES)
def test_an_opt_out_by_code_stays_with_every_address_of_the_person(
    tenant: TenantStore, tmp_path: Path, wish: str
) -> None:
    begin_with(tenant, COUPLE)
    left = bring(tenant, tmp_path, WISHES[wish])
    assert suppressed(tenant) == {"C1", "C2"}
    moved = bring(tenant, tmp_path, OWN)
    assert suppressed(tenant) == {"C1", "C2"}
    other = bring(tenant, tmp_path, OTHER)
    assert suppressed(tenant) == {"C1", "C2", "C3"}
    for report in (other, moved, left):
        undo(tenant, SYSTEM, str(report["import_id"]))
        assert suppressed(tenant) == {"C1", "C2"}
    bring(tenant, tmp_path, {"clients_20260401.csv": "client_code,email\nC1,c@example.com\n"})
    assert suppressed(tenant) == {"C1", "C2"}


@pytest.mark.sampled(one_in=5)
@pytest.mark.parametrize("wish", WISHES)
def test_an_opt_out_by_code_leads_to_one_state_in_any_order(
    store: Store, tmp_path: Path, wish: str
) -> None:
    left = WISHES[wish]
    ways = ((COUPLE, OWN, left), (COUPLE, left, OWN), (left, OWN, COUPLE), (COUPLE | OWN | left,))
    found = set()
    for way in ways:
        tenant = new_tenant(store)
        if way[:-1]:
            begin_with(tenant, *way[:-1])
        bring(tenant, tmp_path, way[-1])
        found.add(state(tenant))
    assert len(found) == 1


def test_the_reason_and_the_day_of_the_wish_are_kept_with_each_address(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, COUPLE)
    text = f"{CONTACTS}C1,2026-01-05,unsubscribe\nC1,2026-01-03,complaint\n"
    bring(tenant, tmp_path, {"contacts_20260106.csv": text})
    assert rows(tenant, "suppressions", "customer, email_norm, reason, CAST(since AS VARCHAR)") == [
        ("C1", "a@example.com", "complaint", "2026-01-03"),
        ("C1", "a@example.com", "unsubscribe", "2026-01-05"),
        ("C1", None, "complaint", "2026-01-03"),
        ("C1", None, "unsubscribe", "2026-01-05"),
    ]


def test_an_unsubscription_that_names_its_address_speaks_of_that_one(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, COUPLE)
    text = "client_code,email,contact_date,status\nC1,z@example.com,2026-01-05,unsubscribe\n"
    bring(tenant, tmp_path, {"contacts_20260106.csv": text})
    bring(tenant, tmp_path, OWN)
    assert rows(tenant, "suppressions", "customer, email_norm") == [("C1", "z@example.com")]
    assert suppressed(tenant) == {"C1"}


FOLDED = "client_code,email,name,email_opt_out\n"
WITHIN_A_FILE = {
    "the row that opts out has the address": (
        f"{FOLDED}C1,a@example.com,A,yes\nC1,b@example.com,A,no\nC2,a@example.com,B,no\n"
    ),
    "another row has the address": (
        f"{FOLDED}C1,A@example.com,A,no\nC1,b@example.com,A,yes\nC2,a@example.com,B,no\n"
    ),
}


@pytest.mark.parametrize("way", WITHIN_A_FILE)
def test_an_opt_out_follows_the_addresses_of_rows_that_are_folded(
    tenant: TenantStore, tmp_path: Path, way: str
) -> None:
    bring(tenant, tmp_path, {"clients_20260101.csv": WITHIN_A_FILE[way]})
    assert rows(tenant, "customers", "customer, email_norm, email_opt_out") == [
        ("C1", "b@example.com", True),
        ("C2", "a@example.com", False),
    ]
    assert rows(tenant, "suppressions", "customer, email_norm") == [
        ("C1", "a@example.com"),
        ("C1", "b@example.com"),
    ]
    assert suppressed(tenant) == {"C1", "C2"}


def test_an_opt_out_of_a_later_file_follows_the_addresses_of_rows_that_were_folded(
    tenant: TenantStore, tmp_path: Path
) -> None:
    text = "client_code,email\nC1,a@example.com\nC1,b@example.com\nC2,a@example.com\n"
    begin_with(tenant, {"clients_20260101.csv": text})
    bring(tenant, tmp_path, WISHES["opt-out"])
    assert suppressed(tenant) == {"C1", "C2"}
