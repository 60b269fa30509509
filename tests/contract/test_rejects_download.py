"""Rejected rows come back in the dialect of their file, safe in a spreadsheet, letter by letter."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from core.errors import NotFound
from core.services.accounts import SYSTEM
from core.services.csv_cells import unescape
from core.services.import_files import load, plan, receive
from core.services.import_rejects import rejects_file
from core.store.tenant import TenantStore

AS_OF = date(2026, 10, 31)
HEADERS = ["document_id", "product_key", "client_code", "quantity", "amount", "sale_date"]


def planned(tenant: TenantStore, path: Path) -> str:
    import_id = receive(tenant, SYSTEM, [(path.name, path)], as_of=AS_OF)
    report = plan(tenant, import_id)
    assert report["status"] == "planned", report["files"][0]["recognition"]["waits_for"]
    return import_id


def rejects(tenant: TenantStore, import_id: str, language: str = "en") -> tuple[str, bytes]:
    found = rejects_file(tenant, import_id, 1, language)
    return found.name, b"".join(found.content)


def test_a_french_file_of_an_erp_comes_back_as_it_was(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "ventes été.csv"
    lines = [
        "Export du 31/10/2026;;;;;",
        ";".join(HEADERS),
        'D1;P1;C1;6;"57,00";01/12/2025',
        'D2;"P ""2"" œ";=C1;six;"7,00";32/12/2025',
        'D3;P1;"C\r\n3";1;x;01/12/2025',
        "D4;P1",
        'D5;"P1;C1;1;2,00;01/12/2025',
        "D6;P1;C1;1;2,00;01/12/2025;more;=cells",
        "D7;P1;C1;1;3,00;01/12/2025",
    ]
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    import_id = planned(tenant, path)
    name, content = rejects(tenant, import_id, "fr")
    assert name == "ventes été_rejets.csv"
    text = content.decode("cp1252")
    assert text.split("\r\n")[0] == ";".join(
        [
            *HEADERS,
            *(
                f"{word} (import {import_id[:8]}.1)"
                for word in ("ligne", "colonne", "code", "phrase")
            ),
        ]
    )
    _, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert [(row[6], row[8]) for row in rows] == [
        ("4", "BAD_DATE, BAD_NUMBER"),
        ("5", "BAD_NUMBER"),
        ("7", "MISSING_CELLS"),
        ("8", "UNTERMINATED_QUOTE"),
        ("9", "EXTRA_CELLS"),
    ]
    assert rows[0][:6] == ["D2", 'P "2" œ', "'=C1", "six", "7,00", "32/12/2025"]
    assert """D2;"P ""2"" œ";'=C1;six;"7,00";32/12/2025;4;quantity, sale_date;""" in text
    assert rows[1][2] == "C\r\n3"
    assert [unescape(row[0]) for row in rows[2:]] == [
        "D4;P1",
        'D5;"P1;C1;1;2,00;01/12/2025',
        "D6;P1;C1;1;2,00;01/12/2025;more;=cells",
    ]
    assert all(row[1:6] == [""] * 5 for row in rows[2:])


def test_single_quotes_become_double_ones(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    lines = [
        ";".join(f"'{header}'" for header in HEADERS),
        "'D1';'P1';'l''été; \"1\"';'x';'1,50';'2026-01-01'",
        "'D2';'P1';'C1';'1';'1,50'",
        "'D3';'P1';'C1';'1';'1,50';'2026-01-01'",
    ]
    path.write_text("\n".join([*lines, ""]))
    import_id = planned(tenant, path)
    _, content = rejects(tenant, import_id)
    _, row, ragged = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert row[:6] == ["D1", "P1", 'l\'été; "1"', "x", "1,50", "2026-01-01"]
    assert (row[6], row[8]) == ("2", "BAD_NUMBER")
    assert (unescape(ragged[0]), ragged[8]) == (lines[2], "MISSING_CELLS")
    load(tenant, import_id)
    corrected = tmp_path / "corrected.csv"
    text = content.decode("utf-8-sig")
    corrected.write_text(text.replace("x;", "2;").replace("'1,50'", "'1,50';'2026-01-01'"))
    report = load(tenant, receive(tenant, SYSTEM, [(corrected.name, corrected)], as_of=AS_OF))
    assert report["totals"]["rejected"] == 0


def test_utf_16_with_tabs_and_a_trailing_delimiter(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "sales.txt"
    lines = [
        "\t".join([*HEADERS, ""]),
        "D1\tP1\tC1\t1\t1.00\t2026-01-01\t",
        "D2\tP1\tC1\té\t1.00\t2026-01-01\t",
    ]
    path.write_bytes("\n".join([*lines, ""]).encode("utf-16"))
    _, content = rejects(tenant, planned(tenant, path))
    assert content[:2] == path.read_bytes()[:2]
    header, row, end = content.decode("utf-16").split("\n")
    assert (row.split("\t")[:7], end) == (["D2", "P1", "C1", "é", "1.00", "2026-01-01", "3"], "")
    assert len(header.split("\t")) == 10


def test_a_workbook_comes_back_as_a_workbook(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "sales.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate([HEADERS, ["D1", "P1", "C1", "x", 2, "2026-01-01"]]):
            sheet.write_row(line, 0, row)
    name, content = rejects(tenant, planned(tenant, path))
    assert name == "sales_rejects.xlsx"
    assert content.startswith(b"PK")


def test_a_file_without_rejected_rows_gives_its_header(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    path.write_text("sep=;\nclient_code;name\nC1;Anne\n")
    _, content = rejects(tenant, planned(tenant, path))
    assert content.decode("utf-8-sig").splitlines()[0] == "sep=;"
    assert len(content.decode("utf-8-sig").splitlines()) == 2


def test_a_file_that_is_not_there_is_not_found(tenant: TenantStore, tmp_path: Path) -> None:
    path = tmp_path / "clients.csv"
    path.write_text("client_code,name\nC1,Anne\n")
    import_id = planned(tenant, path)
    for file_no in (0, 2):
        with pytest.raises(NotFound):
            rejects_file(tenant, import_id, file_no, "en")
