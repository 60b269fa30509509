"""Corrected rows that have the last word on lines which their file had brought otherwise."""

from pathlib import Path

import pytest

from core.services.accounts import SYSTEM
from core.services.import_files import load
from core.services.import_ledger import report_of
from core.services.import_undo import undo
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.test_import_files import bring, state
from tests.contract.test_rejects_corrections import (
    HEADER,
    bring_all,
    corrected,
    counts,
    download,
    submit,
)

# The rows of a file; x is what was wrong, and is 2 in the corrected one.
FILES = {
    "the line is of a product that it waits for": [
        "D1,1,P1,C1,6,57.00,2025-12-01,shop",
        "D1,1,P9,C1,x,19.00,2025-12-01,",
    ],
    "the line is of a customer that it waits for": [
        "D1,1,P1,C1,6,57.00,2025-12-01,shop",
        "D1,1,P1,C99,x,19.00,2025-12-01,",
    ],
    "the line is no sale to her who took it back": [
        "D1,1,P1,C1,6,57.00,2025-12-01,shop",
        "D1,1,P1,C2,x,19.00,2025-12-01,",
        "D2,1,P1,C1,-1,-9.50,2025-12-02,",
    ],
    "the line was a return that waits, and its sale comes": [
        "D1,1,P2,C1,-1,-7.00,2025-12-02,",
        "D1,1,P9,C1,x,19.00,2025-12-01,",
        "D1,2,P2,C1,x,14.00,2025-12-02,",
    ],
    "the line has another day, and no channel": [
        "D1,1,P1,C1,6,57.00,2025-12-01,shop",
        "D1,1,P1,C1,x,19.00,2025-12-02,",
    ],
}
OTHERS = {"older": "sales_20260201.csv", "newer": "sales_20260401.csv"}
OTHER = f"{HEADER}\nD1,1,P2,C1,5,35.00,2025-11-30,\n"
MUSCAT = {"products_20260501.csv": "product_key,name\nP9,Muscat\n"}


def mended(row: list[str]) -> list[str]:
    return ["2" if cell == "x" else cell for cell in row]


def right(rows: list[str]) -> list[str]:
    return [",".join(mended(row.split(","))) for row in rows]


@pytest.mark.sampled(one_in=8)
@pytest.mark.parametrize("others", [None, *OTHERS])
@pytest.mark.parametrize("name", FILES)
def test_a_correction_leads_where_the_right_file_leads(
    tenant: TenantStore, tmp_path: Path, name: str, others: str | None
) -> None:
    clean = new_tenant(tenant.store)
    import_id, clean_id = bring_all(tenant, FILES[name]), bring_all(clean, right(FILES[name]))
    if others is not None:
        for each in (tenant, clean):
            bring(each, tmp_path / each.tenant.key, {OTHERS[others]: OTHER})
    before = state(tenant)
    rows = corrected(download(tenant, import_id), mended)
    correction = submit(tenant, tmp_path / "c", rows)
    own = load(tenant, correction)
    assert state(tenant) == state(clean)
    if not own["released"]:
        assert counts(report_of(tenant, import_id)) == counts(report_of(clean, clean_id))
    undo(tenant, SYSTEM, correction)
    assert state(tenant) == before
    load(tenant, submit(tenant, tmp_path / "again", rows))
    for each in (tenant, clean):
        bring(each, tmp_path / each.tenant.key, MUSCAT)
    assert state(tenant) == state(clean)
