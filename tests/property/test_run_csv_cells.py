"""No part of an exported cell is a formula, and every cell can be read back."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.services.csv_cells import escape, unescape

NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
cells = st.text(alphabet="'\"=+-@\t\r\n\0;1,.a é", max_size=9) | st.text(max_size=30)


@given(cells)
@example("'=1+1")
@example("+33612345678")
def test_an_escaped_cell_reads_back(text: str) -> None:
    assert unescape(escape(text)) == text


@given(cells)
def test_no_part_of_an_escaped_cell_begins_a_formula(text: str) -> None:
    parts = re.split(r"[;\t\r\n]", escape(text))
    assert not [p for p in parts if p[:1] in set("=+-@\0") and not NUMBER.fullmatch(p)]


@given(st.lists(cells, min_size=1, max_size=4))
def test_a_french_spreadsheet_finds_no_formula_in_the_line(row: list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([escape(cell) for cell in ["A1", *row]])
    text = re.sub(r"[\r\n]", "", line.getvalue())
    pieces = [piece.strip('"') for piece in re.split(r"[;\t]", text)]
    assert not [p for p in pieces if p[:1] in set("=+-@") and not re.match(r"[+-]?[0-9]", p)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=1", "''=1"),
        ('"=1"', '\'"=1"'),
        ("-12,50", "-12,50"),
        ("-12-1", "'-12-1"),
        ("a;=b", "a;'=b"),
        ("a\n-b", "a\n'-b"),
        ("\tx", "'\tx"),
        ("l'été", "l'été"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_cells_are_written_as_published(text: str, expected: str) -> None:
    assert escape(text) == expected
