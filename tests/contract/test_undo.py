"""Undo gives back exactly what was there, whatever the import was, and names what came later."""

import json
from pathlib import Path

import pytest

from core.contracts import DATASET_TABLES
from core.errors import NotAllowed, Refused
from core.services import alias_desk
from core.services.accounts import SYSTEM
from core.services.import_again import import_again
from core.services.import_archive import archive_of
from core.services.import_files import load
from core.services.import_ledger import entry_of, list_imports, report_of
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo, undo_outlook
from core.store.tenant import TenantStore
from core.store.versions import STORED
from tests.contract.copies import begin_with
from tests.contract.test_import_files import FILES, VIEWER, bring, rows

SALES = "document_id,line_no,product_key,product_label,client_code,quantity,amount,sale_date\n"
# What each import brings, one on top of the other.
STEPS = {
    "corrects, adds and opts out": {
        "clients_20260201.csv": "client_code,name,email_opt_out\nC1,Other,\nC9,New,\nC2,,yes\n",
        "sales_20260201.csv": (
            f"{SALES}D1,1,P1,,C1,1,9.50,2025-12-01\nD3,1,P1,,C9,1,9.50,2026-01-05\n"
        ),
    },
    "brings returns, and rows that wait": {
        "sales_20260301.csv": (
            f"{SALES}D4,1,P1,,C1,-1,-9.50,2026-01-07\nD5,1,P9,,C1,1,4.00,2026-01-08\n"
            "D6,1,,Unheard of,C1,1,4.00,2026-01-08\nD7,1,P2,,C3,-1,-7.00,2026-01-08\n"
        ),
    },
    "releases rows that waited": {
        "products_20260401.csv": "product_key,name\nP9,Muscat\nP1,Riesling vieilles vignes\n",
        "sales_20260401.csv": f"{SALES}D8,1,P2,,C3,2,14.00,2026-01-01\n",
    },
    "arrives late": {"clients_20250101.csv": "client_code,name,phone\nC1,An old name,0102030405\n"},
}


def everything(tenant: TenantStore) -> dict[str, list[tuple[object, ...]]]:
    """Return the whole visible content, and the rows that wait."""
    names = {table: ", ".join(f'"{n}"' for n in types) for table, types in DATASET_TABLES.items()}
    found = {table: rows(tenant, table, columns) for table, columns in names.items()}
    with tenant.read() as tx:
        waiting = tx.rows(
            "SELECT file_no, line, code, subject FROM held_row JOIN imports"
            " ON imports.tenant_id = held_row.tenant_id AND imports.import_id = held_row.import_id"
            " WHERE held_row.tenant_id = :tenant AND imports.status = 'loaded'"
            " AND released_seq IS NULL ORDER BY line, subject"
        )
    return {**found, "waiting": [tuple(row.values()) for row in waiting]}


def staged_rows(tenant: TenantStore) -> dict[str, int]:
    with tenant.read() as tx:
        return {
            stored.table: tx.scalar(
                f"SELECT count(*) FROM {stored.table} WHERE tenant_id = :tenant"
            )
            for stored in STORED.values()
        }


def test_every_import_is_taken_back_exactly_and_can_come_again(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, FILES)
    before, kept, ids = [], [], []
    for number, files in enumerate(STEPS.values()):
        before.append(everything(tenant))
        kept.append(staged_rows(tenant))
        report = bring(tenant, tmp_path / str(number), files)
        ids.append(str(report["import_id"]))
    after = everything(tenant)
    assert {len(waiting["waiting"]) for waiting in before} == {0, 1, 3}
    for import_id, there, stored in zip(
        reversed(ids), reversed(before), reversed(kept), strict=True
    ):
        undo(tenant, SYSTEM, import_id)
        now = everything(tenant)
        now_suppressed, there_suppressed = now.pop("suppressions"), there.pop("suppressions")
        assert set(map(str, there_suppressed)) <= set(map(str, now_suppressed))
        assert now == there
        assert staged_rows(tenant) == stored
    assert ("C2", "b@example.com", "opt_out") in rows(
        tenant, "suppressions", "customer, email_norm, reason"
    )
    for import_id in ids:
        load(tenant, import_again(tenant, SYSTEM, import_id))
    assert everything(tenant) == after


def test_a_file_that_is_imported_again_keeps_its_date(tenant: TenantStore, tmp_path: Path) -> None:
    report = bring(tenant, tmp_path, {"clients.csv": "client_code,name\nC1,Anne\n"})
    import_id = str(report["import_id"])
    undo(tenant, SYSTEM, import_id)
    again = entry_of(tenant, import_again(tenant, SYSTEM, import_id))
    first = entry_of(tenant, import_id)
    assert [f.exported_at for f in again.files] == [f.exported_at for f in first.files]


def test_a_release_is_taken_back_before_the_import_it_released_from(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, FILES)
    text = f"{SALES}D6,1,,Unheard of,C1,1,4.00,2026-01-08\n"
    held = bring(tenant, tmp_path / "held", {"sales_20260301.csv": text})
    before = everything(tenant)
    release = alias_desk.decide(tenant, SYSTEM, {"Unheard of": "P1"})
    assert release is not None
    load(tenant, release)
    import_id = str(held["import_id"])
    outlook = undo_outlook(tenant, import_id)
    assert [(later.entry.import_id, later.rows) for later in outlook.later] == [(release, 1)]
    with pytest.raises(Refused, match=r"rows that waited, loaded on .* touches 1 of the same rows"):
        undo(tenant, SYSTEM, import_id)
    undo(tenant, SYSTEM, release)
    assert everything(tenant) == before


def test_what_stands_against_an_undo_is_named(tenant: TenantStore, tmp_path: Path) -> None:
    first = str(bring(tenant, tmp_path / "0", FILES)["import_id"])
    for number, text in enumerate(("C1,A\nC2,B\n", "C77,New\n", "C1,Z\n"), 1):
        name = f"clients_2026020{number}.csv"
        bring(tenant, tmp_path / str(number), {name: f"client_code,name\n{text}"})
    outlook = undo_outlook(tenant, first)
    assert [(later.entry.files[0].name, later.rows) for later in outlook.later] == [
        ("clients_20260203.csv", 1),
        ("clients_20260202.csv", 0),
        ("clients_20260201.csv", 2),
    ]
    assert outlook.rows == report_of(tenant, first)["totals"]["loaded"]
    with pytest.raises(Refused) as refused:
        undo(tenant, SYSTEM, first)
    sentence = refused.value.sentence("en")
    assert "clients_20260203.csv, loaded on 2026-03-02 10:30 by system" in sentence
    assert (
        "clients_20260202.csv, loaded on 2026-03-02 10:30 by system, which touches none" in sentence
    )
    assert entry_of(tenant, first).status == "loaded"


def told_in_archives(tenant: TenantStore) -> dict[str, str | None]:
    """Return what the report of each import says it is, None where there is no report."""
    reports = [archive_of(tenant, entry.import_id).report for entry in list_imports(tenant)]
    return {
        path.parent.name: json.loads(path.read_text())["status"] if path.exists() else None
        for path in reports
    }


def test_the_report_of_an_undone_import_says_so_whenever_it_is_killed(
    tenant: TenantStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "client_code,name,created_at\nC1,A,x\n"
    import_id = str(bring(tenant, tmp_path, {"clients_20260201.csv": text})["import_id"])
    rejected = b"".join(rejects_file(tenant, import_id, 1, "en").content).decode()
    mended = {"mended.csv": rejected.replace("C1,A,x", "C1,A,2025-01-01")}
    correction = str(bring(tenant, tmp_path, mended)["import_id"])

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_undo.unpublish", die)
        with pytest.raises(KeyboardInterrupt):
            undo(tenant, SYSTEM, import_id)
    assert told_in_archives(tenant) == {import_id: "loaded", correction: "loaded"}
    with monkeypatch.context() as patched:
        patched.setattr("core.services.import_archive.ImportArchive.write_report", die)
        with pytest.raises(KeyboardInterrupt):
            undo(tenant, SYSTEM, import_id)
    assert told_in_archives(tenant) == {import_id: None, correction: None}
    with pytest.raises(Refused, match="Only a loaded import"):
        undo(tenant, SYSTEM, import_id)
    assert told_in_archives(tenant) == {import_id: "undone", correction: "undone"}


def test_only_analysts_undo(tenant: TenantStore) -> None:
    begin_with(tenant, FILES)
    with pytest.raises(NotAllowed):
        undo(tenant, VIEWER, list_imports(tenant)[0].import_id)
