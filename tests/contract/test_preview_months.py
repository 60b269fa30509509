"""The stored totals of each month are what counting the visible rows gives, whatever happened."""

from datetime import date
from pathlib import Path

import pytest

from core.services.accounts import SYSTEM
from core.services.import_files import load
from core.services.import_paths import import_paths
from core.services.import_undo import undo
from core.store.dataset import head_of
from core.store.month_totals import aggregate_month_totals, load_month_totals
from core.store.tenant import TenantStore
from tests.contract.copies import begin_with
from tests.contract.test_rejects_corrections import corrected, download, submit

AS_OF = date(2026, 10, 31)
SALES = "document_id,line_no,product_key,client_code,quantity,amount,sale_date,document_status\n"
CONTACTS = "client_code,email,contact_date,status\n"
FIRST = {
    "clients_20260101.csv": "client_code,email\nC1,a@example.com\nC2,b@example.com\n",
    "products_20260101.csv": "product_key,name\nP1,Riesling\n",
    "sales_20260101.csv": SALES
    + "D1,1,P1,C1,6,60.00,2025-11-05,\nD2,1,P1,C2,1,10.00,2025-12-02,\n"
    + "D3,1,P1,,2,20.00,2025-12-03,cancelled\nD4,1,P9,C1,1,7.00,2025-12-04,\n"
    + "D5,1,P1,C2,-1,-10.00,2025-12-05,\n",
    "contacts_20260101.csv": CONTACTS + "C1,,2025-12-01,sent\n,x@example.com,2025-12-01,sent\n",
}
# A corrected date, amount and status, then the product that a held line waits for.
CORRECTED = {
    "sales_20260201.csv": SALES
    + "D1,1,P1,C1,6,66.00,2025-10-05,\nD2,1,P1,C2,1,10.00,2025-12-02,cancelled\n"
    + "D3,1,P1,,2,20.00,2025-12-03,valid\nD6,1,P1,C1,1,10.00,2026-01-03,\n",
    "contacts_20260201.csv": CONTACTS + "C1,,2025-12-01,sent\nC1,,2026-01-04,open\n",
}
RELEASING = {"products_20260301.csv": "product_key,name\nP9,Sylvaner\n"}
LATE = {
    "sales_20250101.csv": SALES + "D1,1,P1,C1,6,60.00,2025-11-05,\nD7,1,P1,C1,1,9.00,2024-12-03,\n"
}


def bring(tenant: TenantStore, folder: Path, files: dict[str, str]) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(import_paths(tenant, SYSTEM, [folder], as_of=AS_OF)["import_id"])


def totals(tenant: TenantStore) -> dict[tuple[str, str], tuple[int, int | None]]:
    """Return the stored totals, once they are known to be those of the rows."""
    with tenant.read() as tx:
        head = head_of(tx)
        stored = load_month_totals(tx, head)
        assert stored == aggregate_month_totals(tx, head)
        kept = tx.scalar(
            "SELECT count(*) FROM month_total WHERE tenant_id = :tenant AND seq = :head", head=head
        )
    assert kept == len(stored)
    return {(t.kind, t.month): (t.row_count, t.amount_cents) for t in stored}


def test_totals_follow_every_import_and_every_undo(tenant: TenantStore, tmp_path: Path) -> None:
    begin_with(tenant, FIRST)
    first = totals(tenant)
    assert first == {
        ("sales", "2025-11"): (1, 6_000),
        ("sales", "2025-12"): (2, 0),
        ("contacts", "2025-12"): (2, None),
    }
    second = bring(tenant, tmp_path / "second", CORRECTED)
    corrected = totals(tenant)
    assert corrected == {
        ("sales", "2025-10"): (1, 6_600),
        ("sales", "2025-12"): (2, 1_000),
        ("sales", "2026-01"): (1, 1_000),
        ("contacts", "2025-12"): (2, None),
        ("contacts", "2026-01"): (1, None),
    }
    undo(tenant, SYSTEM, second)
    assert totals(tenant) == first
    bring(tenant, tmp_path / "again", CORRECTED)
    assert totals(tenant) == corrected


@pytest.mark.parametrize(
    ("files", "month", "expected"),
    [
        pytest.param(RELEASING, "2025-12", (3, 700), id="a held line is released"),
        pytest.param(LATE, "2024-12", (1, 900), id="an older file arrives late"),
    ],
)
def test_totals_know_rows_that_come_round_about(
    tenant: TenantStore,
    tmp_path: Path,
    files: dict[str, str],
    month: str,
    expected: tuple[int, int],
) -> None:
    begin_with(tenant, FIRST)
    bring(tenant, tmp_path / "second", files)
    assert totals(tenant)[("sales", month)] == expected


def test_totals_are_counted_once_where_an_older_version_kept_none(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, FIRST)
    with tenant.begin() as tx:
        tx.execute("DELETE FROM month_total WHERE tenant_id = :tenant")
    bring(tenant, tmp_path / "second", CORRECTED)
    assert totals(tenant)[("sales", "2025-10")] == (1, 6_600)


def test_corrected_rows_move_the_totals_of_their_file(tenant: TenantStore, tmp_path: Path) -> None:
    """The corrected scan is added to the one that stands in the original."""
    header = "document_id,product_key,client_code,quantity,amount,sale_date\n"
    scans = "D1,P1,C1,6,60.00,2025-11-05\nD1,P1,C1,x,12.00,2025-11-05\nD2,P1,C1,1,x,2025-12-01\n"
    import_id = bring(tenant, tmp_path / "first", FIRST | {"sales_20260101.csv": header + scans})
    assert totals(tenant)[("sales", "2025-11")] == (1, 6_000)
    number = sorted(FIRST).index("sales_20260101.csv") + 1
    rejected = download(tenant, import_id, number)
    mended = corrected(rejected, lambda row: ["1" if cell == "x" else cell for cell in row])
    load(tenant, submit(tenant, tmp_path / "mended", mended))
    after = totals(tenant)
    assert (after[("sales", "2025-11")], after[("sales", "2025-12")]) == ((1, 7_200), (1, 100))
