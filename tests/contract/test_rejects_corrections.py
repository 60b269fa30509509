"""Corrected rows stand where their rejected ones stood, as if the file had been right."""

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from core.errors import Refused
from core.services.accounts import SYSTEM
from core.services.import_files import load, plan, receive
from core.services.import_issues import issues_csv
from core.services.import_ledger import entry_of, list_imports, report_of
from core.services.import_paths import import_paths
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo
from core.store.imports import Origin
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.copies import begin_with
from tests.contract.test_import_files import FILES, bring, rows, state, write

AS_OF = date(2026, 10, 31)
HEADER = "document_id,line_no,product_key,client_code,quantity,amount,sale_date,channel"
CLIENTS = {name: text for name, text in FILES.items() if name.startswith("clients")}
PRODUCTS = {name: text for name, text in FILES.items() if name.startswith("products")}

Mend = Callable[[list[str]], list[str]]


def bring_all(tenant: TenantStore, sales: list[str]) -> str:
    text = "\n".join([HEADER, *sales, ""])
    begin_with(tenant, {**CLIENTS, **PRODUCTS, "sales_20260301.csv": text})
    return list_imports(tenant)[0].import_id


def download(tenant: TenantStore, import_id: str, file_no: int = 3) -> list[list[str]]:
    content = b"".join(rejects_file(tenant, import_id, file_no, "en").content)
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def submit(tenant: TenantStore, folder: Path, rows: list[list[str]], delimiter: str = ",") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "corrected.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return receive(tenant, SYSTEM, [(path.name, path)])


def corrected(rows: list[list[str]], mend: Mend) -> list[list[str]]:
    return [rows[0], *(mend(row) for row in rows[1:])]


def counts(report: dict[str, object], file_no: int = 3) -> dict[str, int]:
    files: list[dict[str, int]] = report["files"]  # type: ignore[assignment]
    file = next(f for f in files if f["file_no"] == file_no)
    names = ("rows_in", "loaded", "unchanged", "merged", "duplicate", "held", "rejected")
    return {name: file[name] for name in names}


def conserved(report: dict[str, object]) -> bool:
    totals: dict[str, int] = report["totals"]  # type: ignore[assignment]
    names = ("loaded", "unchanged", "merged", "duplicate", "held", "rejected")
    return totals["rows_in"] == sum(totals[name] for name in names)


BAD = [
    "D1,1,P1,C1,6,57.00,2025-12-01,shop",
    "D2,1,P2,C2,x,7.00,2025-12-02,",
    "D3,1,P2,C2,1,7.00,2025-13-02,",
]
RIGHT = [BAD[0], "D2,1,P2,C2,1,7.00,2025-12-02,", "D3,1,P2,C2,1,7.00,2025-12-02,"]


def mend_all(row: list[str]) -> list[str]:
    return ["1" if cell == "x" else cell.replace("-13-", "-12-") for cell in row]


@pytest.fixture
def twin(store: Store) -> Callable[[list[str]], str]:
    def right_at_once(sales: list[str]) -> str:
        other = new_tenant(store)
        bring_all(other, sales)
        return state(other)

    return right_at_once


def test_corrected_rows_move_the_counts_and_give_the_state_of_the_right_file(
    tenant: TenantStore, tmp_path: Path, twin: Callable[[list[str]], str]
) -> None:
    import_id = bring_all(tenant, BAD)
    assert counts(report_of(tenant, import_id))["rejected"] == 2
    correction = submit(tenant, tmp_path / "c", corrected(download(tenant, import_id), mend_all))
    entry = entry_of(tenant, correction)
    assert (entry.origin, entry.parent_id) == (Origin.CORRECTION, import_id)
    assert [f.file_no for f in entry.files] == [3]
    planned = plan(tenant, correction)
    assert planned["files"][0]["unknown_columns"] == []
    assert counts(report_of(tenant, import_id))["rejected"] == 2
    own = load(tenant, correction)
    assert own["totals"]["loaded"] == 2
    report = report_of(tenant, import_id)
    assert counts(report) == {
        "rows_in": 3, "loaded": 3, "unchanged": 0, "merged": 0, "duplicate": 0, "held": 0,
        "rejected": 0,
    }  # fmt: skip
    assert conserved(report)
    assert conserved(own)
    assert state(tenant) == twin(RIGHT)
    assert len(download(tenant, import_id)) == 1
    assert list(issues_csv(tenant, import_id, "en"))[1:] == []


def test_rows_still_bad_stay_rejected_with_their_new_reason(
    tenant: TenantStore, tmp_path: Path, twin: Callable[[list[str]], str]
) -> None:
    import_id = bring_all(tenant, BAD)
    rows = download(tenant, import_id)
    half = [
        rows[0],
        mend_all(rows[1]),
        [c.replace("-13-", "-02-").replace("-02-02", "-02-30") for c in rows[2]],
    ]
    half[2][3] = "C2"
    load(tenant, submit(tenant, tmp_path / "c", half))
    report = report_of(tenant, import_id)
    assert (counts(report)["rejected"], counts(report)["loaded"]) == (1, 2)
    (_, row) = download(tenant, import_id)
    assert (row[6], row[8], row[10]) == ("2025-02-30", "4", "BAD_DATE")
    row[6] = "2025-12-02"
    load(tenant, submit(tenant, tmp_path / "d", [rows[0], row]))
    assert counts(report_of(tenant, import_id))["rejected"] == 0
    assert state(tenant) == twin(RIGHT)


def test_nothing_corrected_changes_no_verdict(tenant: TenantStore, tmp_path: Path) -> None:
    import_id = bring_all(tenant, [*BAD, "D4,1,P1", 'D5,"1,P1,C1,1,1.00,2025-01-01,'])
    before, there = state(tenant), report_of(tenant, import_id)
    rows = download(tenant, import_id)
    own = load(tenant, submit(tenant, tmp_path / "c", rows))
    after = report_of(tenant, import_id)
    assert counts(own) == {**dict.fromkeys(counts(own), 0), "rows_in": 4, "rejected": 4}
    assert counts(after) == counts(there)
    assert download(tenant, import_id) == rows
    assert state(tenant) == before


def test_the_same_corrected_file_again_is_idle(tenant: TenantStore, tmp_path: Path) -> None:
    import_id = bring_all(tenant, BAD)
    rows = corrected(download(tenant, import_id), mend_all)
    first = load(tenant, submit(tenant, tmp_path / "c", rows))
    again = submit(tenant, tmp_path / "c", rows)
    assert load(tenant, again)["import_id"] == first["import_id"]
    assert entry_of(tenant, again).status == "discarded"


def test_a_row_put_right_before_is_unchanged_and_an_unknown_line_rejected(
    tenant: TenantStore, tmp_path: Path
) -> None:
    import_id = bring_all(tenant, BAD)
    rows = corrected(download(tenant, import_id), mend_all)
    load(tenant, submit(tenant, tmp_path / "c", rows[:2]))
    stray = [*rows[2][:8], "99", "", "", ""]
    own = load(tenant, submit(tenant, tmp_path / "d", [*rows, stray, rows[2]]))
    assert counts(own) == {
        "rows_in": 4, "loaded": 1, "unchanged": 1, "merged": 0, "duplicate": 0, "held": 0,
        "rejected": 2,
    }  # fmt: skip
    assert {i["code"] for i in own["files"][0]["issues"]} == {"UNKNOWN_LINE"}
    assert counts(report_of(tenant, import_id))["rejected"] == 0


def test_other_values_for_a_row_put_right_before_are_not_passed_over(
    tenant: TenantStore, tmp_path: Path
) -> None:
    rows = corrected(download(tenant, bring_all(tenant, BAD)), mend_all)
    load(tenant, submit(tenant, tmp_path / "c", rows))
    other = [rows[0], [cell.replace("7.00", "8.00") for cell in rows[1]], rows[2]]
    own = load(tenant, submit(tenant, tmp_path / "d", other))
    assert (counts(own)["unchanged"], counts(own)["rejected"]) == (1, 1)
    (issue,) = own["files"][0]["issues"]
    assert (issue["code"], issue["examples"][0]["line"]) == ("UNKNOWN_LINE", 2)


# Each document shows one way in which a corrected row folds with rows of its file.
FOLDING = [
    # it is summed with a row loaded before
    ("A,,P1,C1,6,57.00,2025-12-01,", None),
    ("A,,P1,C1,x,9.50,2025-12-01,", "A,,P1,C1,1,9.50,2025-12-01,"),
    # it rejects a row loaded before, whose channel goes with it
    ("B,,P1,C1,6,57.00,2025-12-01,shop", None),
    ("B,,P1,C1,x,9.50,2025-12-03,", "B,,P1,C1,1,9.50,2025-12-03,"),
    # it waits with a row that waited
    ("C,,P9,C1,1,57.00,2025-12-01,", None),
    ("C,,P9,C1,x,9.50,2025-12-01,", "C,,P9,C1,1,9.50,2025-12-01,"),
    # it is a copy of a row loaded before
    ("D,,P1,C1,1,57.00,2025-12-01,", None),
    ("D,,P1,C1,x,57.00,2025-12-01,", "D,,P1,C1,1,57.00,2025-12-01,"),
    # it is another product on the same line
    ("E,1,P1,C1,1,57.00,2025-12-01,shop", None),
    ("E,1,P2,C1,x,57.00,2025-12-01,", "E,1,P2,C1,1,57.00,2025-12-01,"),
    # it was no row of the table
    ("F,1,P1,C1,1,57.00", "F,1,P1,C1,1,57.00,2025-12-01,"),
    ("F,2,P1,C1,1,1.00,2025-12-01,a,b", "F,2,P1,C1,1,1.00,2025-12-01,a"),
    ('F,3,P1,"C1,1,1.00,2025-12-01,', "F,3,P1,C1,1,1.00,2025-12-01,"),
    # it is nobody's
    ("G,1,P1,,x,1.00,2025-12-01,", "G,1,P1,,1,1.00,2025-12-01,"),
]
# Rows of an import that waited are counted where they were, and as released by the correction.
WAITING = [
    ("H,,P2,C2,x,57.00,2025-12-01,", "H,,P2,C2,1,57.00,2025-12-01,"),
    ("I,,P2,C2,-1,-9.50,2025-12-03,", None),
]


@pytest.mark.parametrize("cases", [FOLDING, WAITING], ids=["folded", "waiting"])
def test_a_corrected_row_is_folded_with_its_file(
    tenant: TenantStore, tmp_path: Path, cases: list[tuple[str, str | None]]
) -> None:
    right = [mended or sent for sent, mended in cases]
    import_id = bring_all(tenant, [sent for sent, _ in cases])
    rows = download(tenant, import_id)
    width = len(rows[0]) - 4
    mended = [[*right[int(row[width]) - 2].split(","), *row[width:]] for row in rows[1:]]
    own = load(tenant, submit(tenant, tmp_path / "c", [rows[0], *mended]))
    report = report_of(tenant, import_id)
    clean = new_tenant(tenant.store)
    expected = counts(report_of(clean, bring_all(clean, right)))
    if cases is WAITING:
        expected |= {"loaded": expected["loaded"] - 1, "held": 1}
        assert own["released"] == 1
    assert counts(report) == expected
    assert conserved(report)
    assert state(tenant) == state(clean)
    late = "B,,P1,C1,2,19.00,2025-11-30,,valid"
    more = {
        "products_20260401.csv": "product_key,name\nP9,Muscat\n",
        "sales_20250101.csv": f"{HEADER},document_status\n{late}\n",
    }
    for each, folder in ((tenant, "x"), (clean, "y")):
        bring(each, tmp_path / folder, more)
    assert state(tenant) == state(clean)


def test_a_record_repaired_in_its_first_cell_is_split_as_the_file_is(
    tenant: TenantStore, tmp_path: Path, twin: Callable[[list[str]], str]
) -> None:
    import_id = bring_all(tenant, [BAD[0], 'D2,1,P2,C2,1,7.00,"2025-12-02,'])
    rows = download(tenant, import_id)
    rows[1][0] = rows[1][0].replace('"', "")
    load(tenant, submit(tenant, tmp_path / "c", rows, delimiter=";"))
    assert state(tenant) == twin([BAD[0], "D2,1,P2,C2,1,7.00,2025-12-02,"])


def test_a_correction_counts_as_old_as_its_file(tenant: TenantStore, tmp_path: Path) -> None:
    import_id = bring_all(tenant, BAD)
    newer = "\n".join([HEADER, "D2,1,P2,C2,5,35.00,2025-12-02,web", ""])
    bring(tenant, tmp_path / "newer", {"sales_20260401.csv": newer})
    before = state(tenant)
    rows = corrected(download(tenant, import_id), mend_all)
    own = load(tenant, submit(tenant, tmp_path / "c", rows[:2]))
    assert counts(own)["unchanged"] == 1
    assert state(tenant) == before


def test_undo_takes_the_corrections_of_an_import_with_it(
    tenant: TenantStore, tmp_path: Path
) -> None:
    empty = state(tenant)
    import_id = bring_all(tenant, BAD)
    before, there = state(tenant), report_of(tenant, import_id)
    rows = corrected(download(tenant, import_id), mend_all)
    correction = submit(tenant, tmp_path / "c", rows)
    load(tenant, correction)
    undo(tenant, SYSTEM, correction)
    assert (state(tenant), report_of(tenant, import_id)) == (before, there)
    assert len(download(tenant, import_id)) == 3
    load(tenant, submit(tenant, tmp_path / "d", rows))
    undo(tenant, SYSTEM, import_id)
    assert state(tenant) == empty
    assert {e.status for e in list_imports(tenant)} == {"undone"}
    with pytest.raises(Refused, match="not loaded any more"):
        submit(tenant, tmp_path / "e", rows)


def test_corrected_rows_come_alone(tenant: TenantStore, tmp_path: Path) -> None:
    import_id = bring_all(tenant, BAD)
    with (tmp_path / "corrected.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(download(tenant, import_id))
    other = write(tmp_path / "other", CLIENTS)
    paths = [tmp_path / "corrected.csv", *other]
    with pytest.raises(Refused, match="other files came with it"):
        receive(tenant, SYSTEM, [(p.name, p) for p in paths])


def test_rows_of_another_company_correct_nothing(
    store: Store, tenant: TenantStore, tmp_path: Path
) -> None:
    rows = download(tenant, bring_all(tenant, BAD))
    with pytest.raises(Refused, match="not there"):
        submit(new_tenant(store), tmp_path / "c", rows)


def test_corrected_rows_are_taken_by_command_and_planned_without_a_trace(
    tenant: TenantStore, tmp_path: Path
) -> None:
    import_id = bring_all(tenant, BAD)
    path = tmp_path / "corrected.csv"
    with path.open("w", newline="", encoding="cp1252") as stream:
        rows = corrected(download(tenant, import_id), mend_all)
        csv.writer(stream, delimiter=";").writerows(rows)
    planned = import_paths(tenant, SYSTEM, [path], only_plan=True)
    assert (planned["totals"]["loaded"], planned["parent_id"]) == (2, import_id)
    assert counts(report_of(tenant, import_id))["rejected"] == 2
    import_paths(tenant, SYSTEM, [path])
    assert counts(report_of(tenant, import_id))["rejected"] == 0


def test_a_file_left_out_is_listed_and_holds_nothing_up(
    tenant: TenantStore, tmp_path: Path
) -> None:
    write(tmp_path, {**CLIENTS, "scan.csv": "%PDF-1.4 is no table"})
    paths = [tmp_path / name for name in (*CLIENTS, "scan.csv")]
    left = frozenset({"scan.csv"})
    with pytest.raises(Refused, match="PDF"):
        import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
    for only_plan in (True, False):
        report = import_paths(
            tenant, SYSTEM, paths, as_of=AS_OF, leave_out=left, only_plan=only_plan
        )
        assert report["left_out"] == [{"file_no": 2, "name": "scan.csv"}]
        assert report["totals"]["rows_in"] == 6
    alone = [tmp_path / name for name in CLIENTS]
    again = import_paths(tenant, SYSTEM, alone, as_of=AS_OF)
    assert again["import_id"] == report["import_id"]
    with pytest.raises(Refused, match="No file is named"):
        import_paths(tenant, SYSTEM, alone, as_of=AS_OF, leave_out=left)
    with pytest.raises(Refused, match="only file left"):
        import_paths(tenant, SYSTEM, alone, as_of=AS_OF, leave_out=frozenset(CLIENTS))


def test_a_workbook_and_an_own_header_that_looks_like_a_formula_come_back(
    tenant: TenantStore, tmp_path: Path
) -> None:
    path, back = tmp_path / "clients.xlsx", tmp_path / "back.xlsx"
    sent = [["client_code", "email", "+/-", "customer_type"], ["X1", "a@b.fr", "'=1", "nobody"]]
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([*sent, ["X2", "c@d.fr", "", "trade"]]):
            sheet.write_row(number, 0, row)
    import_id = receive(tenant, SYSTEM, [(path.name, path)], as_of=AS_OF)
    load(tenant, import_id)
    back.write_bytes(b"".join(rejects_file(tenant, import_id, 1, "fr").content))
    rows = CalamineWorkbook.from_path(str(back)).get_sheet_by_index(0).to_python()
    assert [cell[:1] for cell in rows[0][2:3]] == ["'"]
    assert rows[1][:4] == ["X1", "a@b.fr", "''=1", "nobody"]
    with xlsxwriter.Workbook(str(back)) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([rows[0], [*rows[1][:3], "private", *rows[1][4:]]]):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, str(cell))
    correction = receive(tenant, SYSTEM, [(back.name, back)])
    assert load(tenant, correction)["totals"]["loaded"] == 1
    assert report_of(tenant, import_id)["totals"]["rejected"] == 0


def test_an_opt_out_stays_taken_until_its_row_is_right(tenant: TenantStore, tmp_path: Path) -> None:
    text = "client_code,created_at,email_opt_out\nC1,2025-13-01,yes\nC2,2025-14-01,yes\n"
    import_id = str(bring(tenant, tmp_path, {"clients_20260101.csv": text})["import_id"])

    def taken() -> list[tuple[int, str]]:
        report = report_of(tenant, import_id)
        found = [i for i in report["files"][0]["issues"] if i["code"] == "OPT_OUT_TAKEN"]
        return [(example["line"], example["column"]) for i in found for example in i["examples"]]

    assert taken() == [(2, "email_opt_out"), (3, "email_opt_out")]
    mended = corrected(
        download(tenant, import_id, 1), lambda row: [cell.replace("-13-", "-12-") for cell in row]
    )
    load(tenant, submit(tenant, tmp_path / "c", mended))
    assert taken() == [(3, "email_opt_out")]
    assert rows(tenant, "suppressions", "customer, reason") == [
        ("C1", "opt_out"),
        ("C2", "opt_out"),
    ]


def test_a_cell_that_reads_like_our_header_makes_no_correction(
    tenant: TenantStore, tmp_path: Path
) -> None:
    text = "client_code,name\nC1,see line (import 3f2a9c41.1)\n"
    report = bring(tenant, tmp_path, {"clients_20260101.csv": text})
    assert rows(tenant, "customers", "name") == [("see line (import 3f2a9c41.1)",)]
    assert entry_of(tenant, str(report["import_id"])).origin == Origin.FILES


def test_a_number_of_a_rejected_workbook_row_is_the_same_when_it_comes_back(
    tenant: TenantStore, tmp_path: Path
) -> None:
    begin_with(tenant, {**CLIENTS, **PRODUCTS})
    path, back = tmp_path / "sales_20260301.xlsx", tmp_path / "back.xlsx"
    day = "2025-12-01"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        for number, client in enumerate(("C1", "nobody"), 1):
            row = (f"D{number}", 1, "P1", client, 1.125, "12,50", day, "shop")
            sheet.write_row(number, 0, (*row[:6], "2025-13-01" if number == 2 else day, "shop"))
    import_id = receive(tenant, SYSTEM, [(path.name, path)], as_of=AS_OF)
    load(tenant, import_id)
    back.write_bytes(b"".join(rejects_file(tenant, import_id, 1, "fr").content))
    sent = CalamineWorkbook.from_path(str(back)).get_sheet_by_index(0).to_python()
    assert sent[1][4:6] == ["1,125", "12,50"]
    with xlsxwriter.Workbook(str(back)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, sent[0])
        sheet.write_row(1, 0, [*sent[1][:3], "C1", *sent[1][4:6], day, *sent[1][7:]])
    load(tenant, receive(tenant, SYSTEM, [(back.name, back)]))
    stored = rows(tenant, "sale_lines", "document_id, quantity_milli, amount_cents")
    assert stored == [("D1", 1125, 1250), ("D2", 1125, 1250)]
