"""Erasure of a person who stands in every table and every file: nothing of her is left."""

import uuid
from pathlib import Path

import pytest

from core.services.accounts import SYSTEM, create_tenant
from core.services.erasure import ASKED, ask_erasure, erase, find_people, request_of
from core.store.tenant import Store, TenantStore
from tests.contract import canary
from tests.contract.canary import ADDRESS, CODE


@pytest.fixture
def company(store: Store) -> TenantStore:

    return store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))


def scan(store: Store) -> list[str]:
    """Return where a needle is found: database files or tables, and data files."""
    url = store.settings.database_url
    if not url.startswith("sqlite"):
        return [*canary.found_in_tables(store), *canary.found_in_files(store.settings.data_dir)]
    return canary.found_in_files(Path(url.removeprefix("sqlite:///")).parent)


def fill(company: TenantStore, folder: Path) -> None:
    canary.import_all(company, canary.write_files(folder))
    canary.import_all(company, [canary.write_workbook(folder / "clients.xlsx")])
    canary.fill_every_table(company)
    plant_files(company)


def plant_files(company: TenantStore) -> None:
    for name, text in (
        ("raw/clients.csv", f"client_code,email\n{CODE},{ADDRESS}\nC8,c8@x.example\n"),
        ("exports/reco_output.csv", f"run_id,customer_code\nr,{CODE}\nr,C2\n"),
        ("uploads/abc.bytes", f"client_code,email\n{CODE},{ADDRESS}\n"),
    ):
        path = company.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    logs = company.store.settings.data_dir / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "app.log").write_text(f"something about {ADDRESS} and {CODE}\n")


def ask(company: TenantStore, term: str = CODE) -> str:
    return ask_erasure(company, SYSTEM, term, reason=ASKED, confirmation=term)


def test_nothing_of_an_erased_person_is_left(company: TenantStore, tmp_path: Path) -> None:
    fill(company, tmp_path)
    assert scan(company.store)
    request_id = ask(company)
    counts = erase(company, request_id)
    assert scan(company.store) == []
    assert find_people(company, SYSTEM, CODE) is None
    request = request_of(company, request_id)
    assert (request.state, request.people, request.salt) == ("done", 1, None)
    assert counts["originals"] == 4
    assert counts["sale_line"] == 3
