"""Cells of a workbook that are numbers come through, whatever signs its texts are written with."""

from pathlib import Path

import pytest
import xlsxwriter

from core.contracts import FileKind
from core.errors import QuestionOpen
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.mapping import ColumnMapping
from core.ingest.suggest import suggest_mapping
from tests.unit.ingest.pipeline import AS_OF, Bench

HEADERS = ("document_id", "product_key", "client_code", "quantity", "amount", "sale_date")
Row = tuple[str | float, str | float]


def write_book(path: Path, rows: list[Row], product: str | float = "P1") -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        for number, (quantity, amount) in enumerate(rows, 1):
            cells = (f"D{number}", product, "C1", quantity, amount, "2025-03-01")
            sheet.write_row(number, 0, cells)
    return path


def parse_book(bench: Bench, path: Path, decimal: str | None = None) -> list[tuple[object, ...]]:
    dialect, raw = bench.read(path)
    mapping = ColumnMapping(
        kind=FileKind.SALES, columns={name: name for name in HEADERS}, decimal=decimal
    )
    options = ParseOptions(as_of=AS_OF, tenant_currency="EUR")
    parse_table(bench.con, raw, mapping, dialect, options, "f")
    return bench.rows("SELECT quantity_milli, amount_cents FROM f_rows ORDER BY record")


@pytest.mark.parametrize(
    ("rows", "decimal", "stored"),
    [
        ([(1.125, "12,50")], None, [(1125, 1250)]),
        ([(-1.125, "12,50"), (2.5, "7,00")], None, [(-1125, 1250), (2500, 700)]),
        ([(1.125, "12.50")], None, [(1125, 1250)]),
        ([(1.125, 1234.567)], None, [(1125, 123457)]),
        ([(1.125, 12.5), (6, 57)], None, [(1125, 1250), (6000, 5700)]),
        ([(1.125, 12.5)], ",", [(1125, 1250)]),
        ([(1.125, "1.234,50")], None, [(1125, 123450)]),
    ],
)
def test_a_number_of_a_workbook_is_what_it_is(
    bench: Bench, rows: list[Row], decimal: str | None, stored: list[tuple[int, int]]
) -> None:
    assert parse_book(bench, write_book(bench.folder / "b.xlsx", rows), decimal) == stored
    assert bench.codes() == []


def test_a_number_in_a_column_of_codes_keeps_its_point(bench: Bench) -> None:
    path = write_book(bench.folder / "b.xlsx", [(1.125, "12,50")], product=12.5)
    parse_book(bench, path)
    assert bench.rows("SELECT product_key FROM f_rows") == [("12.5",)]


def test_numbers_of_a_workbook_are_shown_with_a_point(bench: Bench) -> None:
    _, raw = bench.read(write_book(bench.folder / "b.xlsx", [(1.125, "12,50")]))
    samples = raw.samples(bench.con)
    assert samples["quantity"] == ("1.125",)
    assert suggest_mapping(raw.headers, samples).columns["quantity"] == "quantity"


def test_texts_of_a_workbook_that_fit_both_signs_are_asked_about(bench: Bench) -> None:
    path = write_book(bench.folder / "b.xlsx", [(1.125, "1,234"), (2.5, "2,500")])
    with pytest.raises(QuestionOpen) as asked:
        parse_book(bench, path)
    assert asked.value.question == "decimal"
    assert [example.cell for example in asked.value.examples] == ["1,234", "2,500"]
