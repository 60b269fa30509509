"""A file that is escaped block by block is the file whose cells were escaped one by one."""

import csv
import io
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from core.services.csv_blocks import escaped_blocks
from core.services.csv_cells import csv_lines, escape

cells = st.text(alphabet="'\"=+-@\t\r\n;1,.a é", max_size=9) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)
tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6)
)


@given(tables, st.lists(st.integers(0, 200), max_size=4))
@example([["a", "=1"]], [])
@example([["=1", "a"]], [1])
@example([["a", "b"], ["-x", "b"]], [2])
@example([["a", '"=1"'], ["a\n-b", ""]], [7, 9])
@example([["a;@b", "x\r=1"]], [])
def test_blocks_are_escaped_like_cells(rows: list[list[str]], cuts: list[int]) -> None:
    plain = csv_lines(rows)
    places = sorted({0, *(min(cut, len(plain)) for cut in cuts), len(plain)})
    blocks = [plain[low:high] for low, high in pairwise(places)]
    expected = csv_lines([[escape(cell) for cell in row] for row in rows])
    assert b"".join(escaped_blocks(blocks)) == expected


@given(tables)
def test_lines_read_back(rows: list[list[str]]) -> None:
    text = csv_lines(rows).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows
