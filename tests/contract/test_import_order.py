"""Any order of arrival gives the same state, and what was held is loaded once it can be."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.copies import begin_with
from tests.contract.test_import_files import AS_OF, bring, rows, state, write

CLIENTS = {
    "clients_20260101.csv": "client_code,name,phone,country\nC1,Anne,111,FR\nC2,Bob,,\n",
    "clients_20260201.csv": "client_code,name,phone\nC1,Anna,222\nC2,Robert,\n",
    "clients_20260301.csv": "client_code,name,phone\nC1,Anna,\nC2,Bob,999\n",
}
CATALOGUE = {
    "clients_20260101.csv": "client_code,email\nC1,a@example.com\n",
    "products_20260101.csv": "product_key,name\nP1,Riesling\nP2,Sylvaner\n",
}
HEADER = "document_id,product_key,client_code,quantity,amount,sale_date\n"
SALE = {"sales_20260201.csv": f"{HEADER}D1,P1,C1,6,60.00,2026-01-10\n"}
RETURN = {"sales_20260301.csv": f"{HEADER}D2,P1,C1,-2,-20.00,2026-02-10\n"}
LINES = "document_id, quantity_milli"


@pytest.mark.sampled(one_in=6)
@pytest.mark.parametrize("order", list(permutations(CLIENTS)))
def test_clients_files_give_the_same_state_in_any_order(
    tenant: TenantStore, tmp_path: Path, order: tuple[str, ...]
) -> None:
    for name in order:
        bring(tenant, tmp_path, {name: CLIENTS[name]})
    assert rows(tenant, "customers", "customer, name, phone, country") == [
        ("C1", "Anna", "222", "FR"),
        ("C2", "Bob", "999", None),
    ]


def test_a_late_correction_of_a_line_yields_to_the_newer_one(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, CATALOGUE)
    for month, quantity in (("03", 3), ("01", 1), ("02", 2)):
        line = f"D1,P1,C1,{quantity},{quantity}0.00,2025-12-01\n"
        bring(tenant, tmp_path, {f"sales_2026{month}01.csv": HEADER + line})
    assert rows(tenant, "sale_lines", LINES) == [("D1", 3000)]


def test_a_return_before_its_sale_is_loaded_with_the_sale(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, CATALOGUE)
    held = bring(tenant, tmp_path, RETURN)
    assert held["totals"]["held"] == 1  # type: ignore[index]
    assert rows(tenant, "sale_lines", LINES) == []
    report = bring(tenant, tmp_path, SALE)
    assert report["released"] == 1
    assert rows(tenant, "sale_lines", LINES) == [("D1", 6000), ("D2", -2000)]


def test_lines_wait_for_the_product_and_the_customer(tenant: TenantStore, tmp_path: Path) -> None:
    bring(tenant, tmp_path, SALE)
    bring(tenant, tmp_path, RETURN)
    products = {"products_20260101.csv": CATALOGUE["products_20260101.csv"]}
    assert bring(tenant, tmp_path, products)["released"] == 0
    clients = {"clients_20260101.csv": CATALOGUE["clients_20260101.csv"]}
    assert bring(tenant, tmp_path, clients)["released"] == 2
    assert rows(tenant, "sale_lines", LINES) == [("D1", 6000), ("D2", -2000)]


def test_a_label_becomes_known_with_its_product(tenant: TenantStore, tmp_path: Path) -> None:
    bring(tenant, tmp_path, {"clients_20260101.csv": CATALOGUE["clients_20260101.csv"]})
    header = HEADER.replace("product_key", "product_label")
    bring(tenant, tmp_path, {"sales_20260201.csv": f"{header}D1,riesling,C1,6,60.00,2026-01-10\n"})
    products = {"products_20260101.csv": CATALOGUE["products_20260101.csv"]}
    assert bring(tenant, tmp_path, products)["released"] == 1
    assert rows(tenant, "sale_lines", "product_key, quantity_milli") == [("P1", 6000)]


def test_undo_of_the_releasing_import_holds_the_rows_again(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, CATALOGUE)
    bring(tenant, tmp_path, RETURN)
    before = state(tenant)
    report = bring(tenant, tmp_path, SALE)
    undo(tenant, SYSTEM, str(report["import_id"]))
    assert state(tenant) == before
    assert bring(tenant, tmp_path, SALE)["released"] == 1
    assert rows(tenant, "sale_lines", LINES) == [("D1", 6000), ("D2", -2000)]


def test_rows_of_an_undone_import_are_held_no_longer(tenant: TenantStore, tmp_path: Path) -> None:
    begin_with(tenant, CATALOGUE)
    report = bring(tenant, tmp_path, RETURN)
    undo(tenant, SYSTEM, str(report["import_id"]))
    assert bring(tenant, tmp_path, SALE)["released"] == 0
    assert rows(tenant, "sale_lines", LINES) == [("D1", 6000)]


def test_a_released_row_yields_to_a_newer_version_of_itself(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, CATALOGUE)
    bring(tenant, tmp_path, RETURN)
    corrected = f"{HEADER}D1,P1,C1,6,60.00,2026-01-10\nD2,P1,C1,-1,-10.00,2026-02-10\n"
    bring(tenant, tmp_path, {"sales_20260401.csv": corrected})
    assert rows(tenant, "sale_lines", LINES) == [("D1", 6000), ("D2", -1000)]


def test_the_mapping_says_when_a_file_was_exported_and_the_next_file_forgets_it(
    tenant: TenantStore, tmp_path: Path
) -> None:
    told = {"kind": "clients", "columns": {"client_code": "client_code", "name": "name"}}
    mapping_file = tmp_path / "mapping.json"
    mapping_file.write_text(json.dumps({**told, "exported_at": "2020-01-01"}))
    bring(tenant, tmp_path, {"clients_20250101.csv": "client_code,name\nC1,Newer\n"})
    old = write(tmp_path, {"clients.csv": "client_code,name\nC1,Old\n"})
    import_paths(tenant, SYSTEM, old, mapping_file=mapping_file, as_of=AS_OF)
    assert rows(tenant, "customers", "name") == [("Newer",)]
    bring(tenant, tmp_path, {"clients_20260101.csv": "client_code,name\nC1,Newest\n"})
    assert rows(tenant, "customers", "name") == [("Newest",)]


CREATING = {
    "kind": "sales",
    "create_missing": {"products": {"name": "Designation"}, "customers": {"country": "Origin"}},
}
TOLD = "document_id,product_key,client_code,quantity,amount,sale_date,Designation,Origin\n"
CREATED = {
    "sales_20260201.csv": f"{TOLD}D1,P1,C1,6,60.00,2026-01-10,Of February,FR\n",
    "sales_20260301.csv": f"{TOLD}D2,P1,C1,6,60.00,2026-01-11,Of March,BE\n",
    "sales_20260401.csv": f"{TOLD}D3,P1,C1,6,60.00,2026-01-12,,\n",
}
SAID = {
    "clients_20260101.csv": "client_code,email,country\nC1,a@example.com,CH\n",
    "products_20260101.csv": "product_key,name\nP1,Of the catalogue\n",
    **CREATED,
}
UNSAID = {
    "clients_20260101.csv": "client_code,email\nC1,a@example.com\n",
    "sales_20260201.csv": CREATED["sales_20260201.csv"],
}


def create(tenant: TenantStore, folder: Path, files: dict[str, str]) -> None:
    """Import the files, creating what the sales name and nobody has imported."""
    mapping = folder / "mapping.json"
    mapping.write_text(json.dumps(CREATING))
    import_paths(tenant, SYSTEM, write(folder, files), mapping_file=mapping, as_of=AS_OF)


def test_what_sales_change_of_known_products_and_customers_is_told(
    tenant: TenantStore, tmp_path: Path
) -> None:
    create(tenant, tmp_path, {"sales_20260201.csv": CREATED["sales_20260201.csv"]})
    newer = write(tmp_path, {"sales_20260301.csv": CREATED["sales_20260301.csv"]})
    mapping = tmp_path / "mapping.json"
    planned = import_paths(tenant, SYSTEM, newer, mapping_file=mapping, as_of=AS_OF, only_plan=True)
    told = {
        (each["kind"], each["column"], each["rows"]): tuple(each["examples"][0].values())
        for each in planned["files"][0]["retold"]
    }
    assert told == {
        ("products", "name", 1): ("P1", 2, "Of February", "Of March"),
        ("clients", "country", 1): ("C1", 2, "FR", "BE"),
    }
    create(tenant, tmp_path, {"products_20260101.csv": SAID["products_20260101.csv"]})
    planned = import_paths(tenant, SYSTEM, newer, mapping_file=mapping, as_of=AS_OF, only_plan=True)
    assert [each["kind"] for each in planned["files"][0]["retold"]] == ["clients"]


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize(
    ("files", "country", "product_name"),
    [
        (CREATED, "BE", "Of March"),
        (UNSAID, "FR", "Of February"),
        ({name: SAID[name] for name in list(SAID)[:3]}, "CH", "Of the catalogue"),
    ],
    ids=["sales alone", "a clients file without country", "clients and catalogue"],
)
def test_what_sales_create_is_the_same_in_any_order(
    store: Store, tmp_path: Path, files: dict[str, str], country: str, product_name: str
) -> None:
    names = list(files)
    apart = [[name] for name in names]
    states = set()
    for number, way in enumerate((apart, apart[::-1], [names])):
        there = new_tenant(store, f"way {number}")
        for arriving in way:
            create(there, tmp_path, {each: files[each] for each in arriving})
        assert rows(there, "customers", "customer, country") == [("C1", country)], way
        assert rows(there, "products", "product_key, name") == [("P1", product_name)], way
        states.add(state(there))
    assert len(states) == 1
