"""Mappings: remembered per layout, versioned, recalled while they fit, answered by option."""

import json
from pathlib import Path

import pytest

from core.errors import NotAllowed, NotFound, QuestionOpen, Refused
from core.services.accounts import SYSTEM, Actor, Role
from core.services.file_findings import finding_lines
from core.services.import_files import choose, load, plan, receive
from core.services.import_paths import import_paths
from core.services.mappings import export_mappings, go_back, list_mappings
from core.services.waiting_rows import PRODUCTS, list_subjects
from core.store.dataset import VISIBLE, head_of
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant

HEADER = "Code client;Nom;Date création"
ROW = "C1;Durand;2020-01-31"
MAPPING = {
    "kind": "clients",
    "columns": {"client_code": "Code client", "name": "Nom", "created_at": "Date création"},
    "constants": {"country": "FR"},
}


def write(folder: Path, header: str = HEADER, row: str = ROW, name: str = "clients.csv") -> Path:
    path = folder / name
    path.write_text(f"{header}\n{row}\n")
    return path


def loaded(tenant: TenantStore, path: Path, mapping: dict[str, object]) -> str:
    import_id = receive(tenant, SYSTEM, [(path.name, path)])
    choose(tenant, SYSTEM, import_id, 1, mapping)
    load(tenant, import_id)
    return import_id


def recognised(tenant: TenantStore, path: Path) -> tuple[dict[str, object], str]:
    """Return the mapping of a file nobody chose anything for, and what is said of it."""
    report = plan(tenant, receive(tenant, SYSTEM, [(path.name, path)]))
    said = "\n".join(finding_lines(report, "en"))
    return report["files"][0]["recognition"]["mapping"], said


def test_every_version_is_kept_and_one_can_go_back(tenant: TenantStore, tmp_path: Path) -> None:
    first = {**MAPPING, "constants": {"country": "BE"}}
    loaded(tenant, write(tmp_path), first)
    loaded(tenant, write(tmp_path), MAPPING)
    loaded(tenant, write(tmp_path, row="C2;Petit;2020-01-31"), MAPPING)  # no new version
    second, earlier = list_mappings(tenant)
    assert [(m.version, m.created_by) for m in (second, earlier)] == [(2, "system"), (1, "system")]
    assert recognised(tenant, write(tmp_path, row="C3;a;2020-01-31"))[0] == MAPPING
    go_back(tenant, SYSTEM, second.fingerprint[:8], 1)
    assert [m.version for m in list_mappings(tenant)] == [3, 2, 1]
    assert recognised(tenant, write(tmp_path, row="C3;a;2020-01-31"))[0] == first
    assert export_mappings(tenant, second.fingerprint, 2) == MAPPING
    with pytest.raises(NotFound):
        go_back(tenant, SYSTEM, second.fingerprint, 9)


def test_a_file_read_in_another_way_than_reviewed_is_not_loaded(
    tenant: TenantStore, tmp_path: Path
) -> None:
    loaded(tenant, write(tmp_path), MAPPING)
    path = write(tmp_path, row="C2;Petit;2020-01-31")
    reviewed = receive(tenant, SYSTEM, [(path.name, path)])
    plan(tenant, reviewed)
    loaded(tenant, write(tmp_path, row="C3;a;2020-01-31"), {**MAPPING, "constants": {}})
    with pytest.raises(Refused, match=r"clients\.csv.*Look at it again"):
        load(tenant, reviewed)
    choose(tenant, SYSTEM, reviewed, 1, MAPPING)  # by the analyst herself
    assert load(tenant, reviewed)["status"] == "loaded"


def test_a_viewer_changes_no_mapping(tenant: TenantStore, tmp_path: Path) -> None:
    loaded(tenant, write(tmp_path), MAPPING)
    viewer = Actor(user_id="v", username="vera", role=Role.VIEWER, language="en")
    with pytest.raises(NotAllowed):
        go_back(tenant, viewer, list_mappings(tenant)[0].fingerprint, 1)


@pytest.mark.parametrize(
    ("header", "row", "fits", "said"),
    [
        (HEADER, "C2;Petit;2020-01-31", True, "version 1, by system"),
        ("Nom;Code client;Date création", "Durand;C1;2020-01-31", True, ""),
        (f"{HEADER};Courriel", f"{ROW};a@b.fr", True, "new or in another place: Courriel"),
        ("Code client;Nom;Naissance", ROW, False, "which this one lacks: Date création"),
        ("code_client;x;y", ROW, False, ""),
    ],
)
def test_a_remembered_mapping_is_used_while_it_fits(
    tenant: TenantStore, tmp_path: Path, header: str, row: str, fits: bool, said: str
) -> None:
    loaded(tenant, write(tmp_path), {**MAPPING, "date_order": "iso"})
    mapping, sentences = recognised(tenant, write(tmp_path, header, row))
    assert ("constants" in mapping) is fits
    assert said in sentences
    assert ("date_order" in mapping) is (header == HEADER)  # another program may write otherwise


def test_an_exported_mapping_is_read_back(tenant: TenantStore, tmp_path: Path) -> None:
    loaded(tenant, write(tmp_path), MAPPING)
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(export_mappings(tenant)))
    other = new_tenant(tenant.store)
    report = import_paths(other, SYSTEM, [write(tmp_path)], mapping_file=file)
    assert report["files"][0]["mapping"] == MAPPING
    assert list_mappings(other)[0].mapping_json == list_mappings(tenant)[0].mapping_json


@pytest.mark.parametrize(
    ("row", "order", "is_remembered"),
    [
        ("C2;Petit;05/06/2020", "dmy", True),
        ("C2;Petit;25/06/2020", "dmy", True),
        ("C2;Petit;06/25/2020", "mdy", False),
    ],
)
def test_a_remembered_order_of_dates_gives_way_to_cells_that_settle_another(
    tenant: TenantStore, tmp_path: Path, row: str, order: str, is_remembered: bool
) -> None:
    loaded(tenant, write(tmp_path, row="C1;Durand;03/04/2020"), {**MAPPING, "date_order": "dmy"})
    report = import_paths(tenant, SYSTEM, [write(tmp_path, row=row)])
    (file,) = report["files"]
    assert file["dialect"]["settled"]["date_order"] == order
    assert file["mapping"].get("date_order") == ("dmy" if is_remembered else None)
    assert report["totals"]["loaded"] == 1
    assert (
        "of the last file does not fit" in "".join(finding_lines(report, "en"))
    ) != is_remembered
    again = import_paths(tenant, SYSTEM, [write(tmp_path, row=row)])
    assert again["import_id"] == report["import_id"]


def test_a_cell_among_many_makes_what_is_remembered_a_question(
    tenant: TenantStore, tmp_path: Path
) -> None:
    loaded(tenant, write(tmp_path, row="C1;Durand;03/04/2020"), {**MAPPING, "date_order": "dmy"})
    rows = "\n".join([*(f"C{n};Durand;05/06/2020" for n in range(10, 50)), "C50;Petit;05/26/2020"])
    with pytest.raises(QuestionOpen, match="date-order"):
        import_paths(tenant, SYSTEM, [write(tmp_path, row=rows)])
    report = import_paths(
        tenant, SYSTEM, [write(tmp_path, row=rows)], answers={"date_order": "dmy"}
    )
    assert (report["totals"]["loaded"], report["totals"]["rejected"]) == (40, 1)


def test_the_last_reading_of_the_same_bytes_stands_for_the_earlier(
    tenant: TenantStore, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text("key;name;sold;cost\nP1;Riesling;10,00;3,50\nP2;Gamay;8,00;2,50\n")
    names = tmp_path / "names.csv"
    names.write_text("key;name\nP1;Riesling Vieilles Vignes\n")
    columns = {"product_key": "key", "name": "name"}
    for path, more, day in (
        (prices, {"price_ttc": "cost"}, "2026-01-01"),
        (names, {}, "2026-01-02"),
        (prices, {"price_ttc": "sold"}, "2026-01-01"),
    ):
        mapping = {"kind": "products", "columns": {**columns, **more}, "exported_at": day}
        loaded(tenant, path, mapping)
    with tenant.read() as tx:
        found = tx.rows(f"SELECT name, price_cents FROM product WHERE {VISIBLE}", head=head_of(tx))
    assert sorted((row["name"], row["price_cents"]) for row in found) == [
        ("Gamay", 800),
        ("Riesling Vieilles Vignes", 1000),
    ]


def test_rows_that_wait_give_way_to_the_last_reading_of_their_file(
    tenant: TenantStore, tmp_path: Path
) -> None:
    clients, products = tmp_path / "clients.csv", tmp_path / "products.csv"
    clients.write_text("client_code,email\nC1,a@example.com\n")
    products.write_text("product_key,name\nA,Riesling\n")
    import_paths(tenant, SYSTEM, [clients, products])
    sales = tmp_path / "sales.csv"
    sales.write_text("doc;row;wrong;key;who;cost;paid;day\nD1;1;SKU9;A;C1;4,00;10,00;2026-01-02\n")
    names = {"document_id": "doc", "line_no": "row", "client_code": "who", "sale_date": "day"}
    for columns in (
        {"product_key": "wrong", "amount": "cost"},
        {"product_key": "key", "amount": "paid"},
    ):
        mapping = {
            "kind": "sales",
            "columns": {**names, **columns},
            "constants": {"quantity": "1"},
            "exported_at": "2026-01-03",
        }
        loaded(tenant, sales, mapping)
    assert list_subjects(tenant, PRODUCTS, limit=10) == []
    products.write_text("product_key,name\nA,Riesling\nSKU9,Gamay\n")
    assert import_paths(tenant, SYSTEM, [products])["released"] == 0
    with tenant.read() as tx:
        found = tx.rows(
            f"SELECT product_key, amount_cents FROM sale_line WHERE {VISIBLE}", head=head_of(tx)
        )
    assert [tuple(row.values()) for row in found] == [("A", 1000)]


def test_an_answer_is_given_to_the_files_that_ask_and_to_no_other(
    tenant: TenantStore, tmp_path: Path
) -> None:
    asking = write(tmp_path, row="C1;Durand;03/04/2020", name="asking.csv")
    settled = write(tmp_path, row="C2;Petit;01/31/2020", name="settled.csv")
    with pytest.raises(QuestionOpen, match=r"--date-order dmy [|] --date-order mdy") as asked:
        import_paths(tenant, SYSTEM, [asking])
    assert [example.cell for example in asked.value.examples] == ["03/04/2020"]
    report = import_paths(tenant, SYSTEM, [asking, settled], answers={"date_order": "dmy"})
    orders = [file["dialect"]["settled"]["date_order"] for file in report["files"]]
    assert orders == ["dmy", "mdy"]
