"""A plan says everything an import would do, and leaves no trace of itself."""

import json
from datetime import date
from pathlib import Path

import pytest

from core.errors import NotAllowed
from core.services.accounts import SYSTEM, Actor, Role
from core.services.import_files import load, plan, receive
from core.services.import_ledger import list_imports
from core.services.import_paths import import_paths
from core.services.import_report import report_lines
from core.store.models import data_metadata
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with

AS_OF = date(2026, 10, 31)
SALES = "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
CLIENTS = "client_code,email,name,email_opt_out\n"
FIRST = {
    "clients_20260101.csv": CLIENTS
    + "".join(f"C{n},c{n}@example.com,Name {n},{'yes' if n < 2 else 'no'}\n" for n in range(8)),
    "products_20260101.csv": "product_key,name,price_ttc\nP1,Riesling,9.50\nP2,Sylvaner,7.00\n",
    "sales_20260101.csv": SALES + "D1,1,P1,C3,6,57.00,2025-11-01\nD2,1,P2,,1,7.00,2025-12-02\n",
    "contacts_20260101.csv": "client_code,email,contact_date,status\n"
    + "C2,c2@example.com,2025-12-20,unsubscribe\n",
}
# Three people would be written to again: C0 by her own row, C9 by the address of C1, C2 by flag.
SECOND = {
    "clients_20260201.csv": CLIENTS
    + "C0,c0@example.com,Name 0,no\nC2,c2@example.com,Name 2,no\nC9,C1@example.com,New,no\n"
    + "C3,c3@example.com,Anna,no\n",
    "sales_20260201.csv": SALES
    + "D1,1,P1,C3,12,114.00,2025-11-01\nD3,1,P9,C3,1,9.00,2026-02-02\n"
    + "D4,1,P9,C77,2,18.00,2026-02-03\nD5,1,P1,C3,1,9.50,2026-02-03\n"
    + "D6,1,P1,C3,x,9.50,2026-02-03\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def loaded(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, FIRST)


def everything(tenant: TenantStore) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Return every file of the data folder and of SQLite, and every row of every table."""
    engine = tenant.store.data_engine
    folder = tenant.store.settings.data_dir
    paths = [path for path in folder.rglob("*") if path.is_file()]
    if engine.dialect.name == "sqlite":
        database = Path(str(engine.url.database))
        paths += [database, database.with_name(f"{database.name}-wal")]
    with tenant.read() as tx:
        rows = {
            table: sorted(map(str, tx.rows(f"SELECT * FROM {table} WHERE tenant_id = :tenant")))
            for table in data_metadata.tables
        }
    return {str(path): path.read_bytes() for path in paths}, rows


def test_a_plan_writes_nothing(loaded: TenantStore, tmp_path: Path) -> None:
    folder = write(tmp_path / "second", SECOND)
    before = everything(loaded)
    report = import_paths(loaded, SYSTEM, [folder], as_of=AS_OF, only_plan=True)
    assert report["status"] == "planned"
    assert everything(loaded) == before
    assert len(list_imports(loaded)) == 1


def test_a_plan_is_the_same_twice_and_the_same_as_the_pages(
    loaded: TenantStore, tmp_path: Path
) -> None:
    folder = write(tmp_path / "second", SECOND)
    reports = [
        import_paths(loaded, SYSTEM, [folder], as_of=AS_OF, only_plan=True) for _ in range(2)
    ]
    assert json.dumps(reports[0]) == json.dumps(reports[1])
    files = [(path.name, path) for path in sorted(folder.iterdir())]
    received = plan(loaded, receive(loaded, SYSTEM, files, as_of=AS_OF))
    for key in ("import_id", "run_id", "report"):
        assert reports[0][key] is None
        del reports[0][key], received[key]
    assert reports[0] == received


def test_a_plan_asks_and_takes_answers(tenant: TenantStore, tmp_path: Path) -> None:
    folder = write(tmp_path / "asking", {"sales.csv": SALES + "D1,1,P1,C1,1,9.50,03/04/2026\n"})
    asked = import_paths(tenant, SYSTEM, [folder], as_of=AS_OF, only_plan=True)
    assert asked["status"] == "asking"
    answered = import_paths(
        tenant, SYSTEM, [folder], as_of=AS_OF, only_plan=True, answers={"date_order": "dmy"}
    )
    assert answered["files"][0]["dialect"]["settled"]["date_order"] == "dmy"


def test_only_an_analyst_plans(loaded: TenantStore, tmp_path: Path) -> None:
    viewer = Actor(user_id="v", username="vera", role=Role.VIEWER, language="en")
    with pytest.raises(NotAllowed):
        import_paths(loaded, viewer, [write(tmp_path / "x", SECOND)], as_of=AS_OF, only_plan=True)


def test_three_opt_outs_are_kept_named_and_said(loaded: TenantStore, tmp_path: Path) -> None:
    folder = write(tmp_path / "second", SECOND)
    planned = import_paths(loaded, SYSTEM, [folder], as_of=AS_OF, only_plan=True)
    clients = planned["files"][0]
    assert clients["opt_outs_kept"] == 3
    assert [(kept["customer"], kept["line"]) for kept in clients["kept_opt_outs"]] == [
        ("C0", 2), ("C2", 3), ("C9", 4),
    ]  # fmt: skip
    sentences = {warning["code"]: warning["sentence"] for warning in planned["warnings"]}
    assert "Opt-outs kept: 3." in sentences["OPT_OUTS_KEPT"]
    assert any(line.startswith("Opt-outs kept: 3.") for line in report_lines(planned, "en"))
    suppressed = suppressions(loaded)
    load(loaded, receive(loaded, SYSTEM, [(p.name, p) for p in sorted(folder.iterdir())]))
    assert suppressions(loaded) >= suppressed


def suppressions(tenant: TenantStore) -> set[tuple[object, ...]]:
    with tenant.read() as tx:
        rows = tx.rows(
            "SELECT customer, email_norm, reason FROM suppression"
            " WHERE tenant_id = :tenant AND lifted_at IS NULL"
        )
    return {tuple(row.values()) for row in rows}


def test_the_change_set_shows_fields_unknowns_and_months(
    loaded: TenantStore, tmp_path: Path
) -> None:
    folder = write(tmp_path / "second", SECOND)
    report = import_paths(loaded, SYSTEM, [folder], as_of=AS_OF, only_plan=True)
    clients, sales = report["files"]
    assert clients["changes"] == [
        {
            "field": "name",
            "column": "name",
            "rows": 1,
            "examples": [{"identity": "C3", "line": 5, "before": "Name 3", "after": "Anna"}],
        }
    ]
    assert [(change["column"], change["rows"]) for change in sales["changes"]] == [
        ("quantity", 1), ("amount", 1),
    ]  # fmt: skip
    assert sales["changes"][1]["examples"] == [
        {"identity": "D1 #1", "line": 2, "before": "5700", "after": "11400"}
    ]
    assert sales["unknown"] == [
        {
            "code": "UNKNOWN_PRODUCT",
            "keys": 1,
            "lines": 2,
            "top": [{"key": "P9", "lines": 2, "amount_cents": 2700}],
        }
    ]
    months = {m["month"]: (m["rows_before"], m["rows_after"]) for m in report["months"]["sales"]}
    assert months == {
        "2025-11": (1, 1), "2025-12": (1, 1), "2026-01": (0, 0), "2026-02": (0, 1),
    }  # fmt: skip
    amounts = report["months"]["sales"][0]
    assert (amounts["amount_before"], amounts["amount_after"]) == (5_700, 11_400)
    assert {warning["code"] for warning in report["warnings"]} == {
        "MISSING_MONTH", "MANY_REJECTED", "MANY_HELD", "OPT_OUTS_KEPT",
    }  # fmt: skip


def test_contacts_that_are_there_are_unchanged(loaded: TenantStore, tmp_path: Path) -> None:
    """An address is kept in its comparison form: another case of letters is no change."""
    again = "client_code,email,contact_date,status\nC2,C2@example.com,2025-12-20,unsubscribe\n"
    more = "C3,c3@example.com,2026-01-10,sent\n"
    folder = write(tmp_path / "again", {"contacts_20260201.csv": again + more})
    file = import_paths(loaded, SYSTEM, [folder], as_of=AS_OF, only_plan=True)["files"][0]
    assert (file["unchanged"], file["loaded"], file["changes"]) == (1, 1, [])
