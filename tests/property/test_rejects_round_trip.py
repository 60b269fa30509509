"""Whatever a table holds: its rejected rows come back as they went, and mended they all load."""

import codecs
import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.services.accounts import SYSTEM, create_tenant
from core.services.csv_cells import escape
from core.services.import_files import load, plan, receive
from core.services.import_ledger import report_of
from core.services.import_rejects import rejects_file
from core.services.import_report import BUCKETS
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.contract.copies import begin_with
from tests.contract.test_import_files import FILES, state
from tests.sampling import examples

AS_OF = date(2026, 10, 31)
HEADERS = (
    "document_id",
    "line_no",
    "product_key",
    "client_code",
    "quantity",
    "amount",
    "sale_date",
    "channel",
)
BAD = {
    "quantity": ("x", "=1+1", "'=2", '-"1"'),
    "amount": ("9.5€€", "@"),
    "sale_date": ("2025-13-01", "+x"),
}
TEXTS = st.text(alphabet="aé;,|\t\"'=+-@ \nŒ€", max_size=5)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "document_id": st.sampled_from(["A", "B", "C"]),
            "line_no": st.sampled_from(["", "", "1", "2"]),
            "product_key": st.sampled_from(["P1", "P2", "P9"]),
            "client_code": st.sampled_from(["", "C1", "C2"]),
            "quantity": st.sampled_from(["1", "2", "-1"]),
            "amount": st.sampled_from(["9.50", "19.00"]),
            "sale_date": st.sampled_from(["2025-12-01", "2025-12-02"]),
            "channel": TEXTS,
        }
    ),
    min_size=2,
    max_size=8,
)
FORMATS = st.sampled_from(
    [
        (";", "cp1252", "\r\n"),
        (",", "utf-8-sig", "\n"),
        ("\t", "utf-16", "\n"),
        ("|", "utf-8", "\r\n"),
    ]
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("round")
    chosen = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
    migrate(chosen)
    opened = Store(chosen, utc_now)
    yield opened
    opened.dispose()


def company(store: Store, key: str) -> TenantStore:
    tenant = store.tenant_store(create_tenant(store, key, key))
    known = {name: text for name, text in FILES.items() if not name.startswith("sales")}
    return begin_with(tenant, known)


def written(path: Path, rows: list[list[str]], form: tuple[str, str, str]) -> Path:
    delimiter, encoding, end = form
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def bring(tenant: TenantStore, path: Path) -> str:
    import_id = receive(tenant, SYSTEM, [(path.name, path)], as_of=AS_OF)
    report = plan(tenant, import_id)
    assert report["status"] == "planned", report["files"][0]["recognition"]["waits_for"]
    load(tenant, import_id)
    return import_id


def verdicts(tenant: TenantStore, import_id: str) -> dict[str, Any]:
    (file,) = report_of(tenant, import_id)["files"]
    counts = {bucket: file[bucket] for bucket in BUCKETS}
    assert sum(counts.values()) == file["rows_in"]
    return counts | {issue["code"]: issue["rows"] for issue in file["issues"]}


@settings(
    max_examples=examples(6, short=3),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, form=FORMATS, spoiled=st.data())
def test_rejected_rows_go_and_come_back(
    store: Store, tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]],
    form: tuple[str, str, str], spoiled: Any,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("files")
    right = [[row[name] for name in HEADERS] for row in rows]
    bad = [list(row) for row in right]
    for row in bad:
        name = spoiled.draw(st.sampled_from([None, *BAD]))
        if name:
            row[HEADERS.index(name)] = spoiled.draw(st.sampled_from(BAD[name]))
    key = f"c{folder.name}".replace("_", "-").lower()
    tenant = company(store, key)
    import_id = bring(tenant, written(folder / "sales_20260301.csv", [list(HEADERS), *bad], form))
    before, there = verdicts(tenant, import_id), state(tenant)
    content = b"".join(rejects_file(tenant, import_id, 1, "fr").content)
    (folder / "back.csv").write_bytes(content)
    bring(tenant, folder / "back.csv")
    assert (verdicts(tenant, import_id), state(tenant)) == (before, there)
    # A file of plain letters says nothing of its encoding, and goes back as UTF-8.
    encoding = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else form[1]
    text = content.decode(encoding)
    sent = list(csv.reader(io.StringIO(text, newline=""), delimiter=form[0]))
    lines = dict(zip(_lines(right, form), right, strict=True))
    mended = [[*map(escape, lines[int(row[8])]), *row[8:]] for row in sent[1:]]
    mending = bring(
        tenant, written(folder / "mended.csv", [sent[0], *mended], (",", "utf-8", "\n"))
    )
    clean = company(store, f"{key}-clean")
    clean_id = bring(clean, written(folder / "sales_20260301.csv", [list(HEADERS), *right], form))
    assert state(tenant) == state(clean)
    if not report_of(tenant, mending)["released"]:  # what waited is counted where it waited
        assert verdicts(tenant, import_id) == verdicts(clean, clean_id)


def _lines(rows: list[list[str]], form: tuple[str, str, str]) -> list[int]:
    """Return the physical line at which each row begins."""
    line, found = 2, []
    for row in rows:
        found.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    return found
