"""Records read again from their original are, letter by letter, what the reader read."""

import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ingest import received
from core.ingest.dialect import Dialect
from core.ingest.reader import ReadLimits, read_dialect, read_table
from core.ingest.received import WantedLine, cell_text, read_received, split_cells, write_cell

LIMITS = ReadLimits()


def dialect(**told: object) -> Dialect:
    base = {"encoding": "utf-8", "delimiter": ";", "header_line": 1, "data_line": 2}
    return Dialect(**{**base, "headers": ("a", "b"), **told})  # type: ignore[arg-type]


def texts(path: Path, wanted: list[WantedLine], **told: object) -> list[tuple[int, bytes]]:
    found = read_received(path, dialect(**told), wanted, LIMITS)
    return [(record.line, record.text) for record in found]


def test_records_with_line_breaks_are_whole_and_counted_by_physical_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a;b\r\n1;"x\r\ny;""z"""\r\n2;b\r\n3;"last"')
    wanted = [WantedLine(line=2), WantedLine(line=4), WantedLine(line=5)]
    found = list(read_received(path, dialect(), wanted, LIMITS))
    assert [r.text for r in found] == [b'1;"x\r\ny;""z"""', b"2;b", b'3;"last"']
    assert [r.ends_with_cr for r in found] == [True, True, False]
    assert [cell_text(c) for c in found[0].cells] == ["1", 'x\r\ny;"z"']


def test_an_open_quote_costs_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a;b\n1;"open\n2;"good"\n')
    wanted = [WantedLine(line=2, is_open=True), WantedLine(line=3)]
    assert texts(path, wanted) == [(2, b'1;"open'), (3, b'2;"good"')]


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 23])
def test_where_the_chunks_end_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    text = 'a;b\n1;"x\ny"\n\n2;é\n3;"""q"""\n4;end'.encode("utf-16")

    def chunks(*_arguments: object) -> list[bytes]:
        data = text.decode("utf-16").encode()
        return [data[k : k + size] for k in range(0, len(data), size)]

    monkeypatch.setattr(received, "read_utf8", lambda *a: iter(chunks(*a)))
    wanted = [WantedLine(line=n) for n in (1, 2, 5, 6, 7)]
    assert [t for _, t in texts(tmp_path, wanted)] == [
        b"a;b", b'1;"x\ny"', "2;é".encode(), b'3;"""q"""', b"4;end",
    ]  # fmt: skip


def test_a_large_cell_and_a_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    large = b'"' + b"x\n" * 5_000_000 + b'"'
    path.write_bytes(gzip.compress(b"a;b\n1;" + large + b"\n2;z\n", compresslevel=1))
    wanted = [WantedLine(line=2), WantedLine(line=5_000_003)]
    found = list(read_received(path, dialect(container="gzip"), wanted, LIMITS))
    assert [len(r.text) for r in found] == [len(large) + 2, 3]


def test_lines_past_the_end_give_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a;b\r1;2\r")
    wanted = [WantedLine(line=2), WantedLine(line=9)]
    assert texts(path, wanted, line_end="\r") == [(2, b"1;2")]


CELLS = st.lists(st.text(alphabet='ab;"\n é=', max_size=6), min_size=2, max_size=2)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_every_row_the_reader_reads_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], end: str
) -> None:
    folder = tmp_path_factory.mktemp("again")
    path = folder / "sales.csv"
    lines = [";".join(write_cell(c, ";") for c in row) for row in [["client_code", "name"], *rows]]
    path.write_bytes(end.join([*lines, ""]).encode())
    with duckdb.connect() as con:
        found = read_dialect(path, LIMITS)
        if found.delimiter != ";" or found.headers != ("client_code", "name"):
            return
        read_table(con, path, found, "raw", folder, LIMITS)
        known = con.execute("SELECT line, c0, c1 FROM raw ORDER BY record").fetchall()
    records = read_received(path, found, [WantedLine(line=row[0]) for row in known], LIMITS)
    again = [(r.line, *(cell_text(c) or None for c in r.cells)) for r in records]
    assert again == known


def test_a_record_without_an_end_is_not_split() -> None:
    assert split_cells(b'1;"x', 0, b";", b"\n") is None
    assert split_cells(b'1;"x"tail;2\n', 0, b";", b"\n") == ([b"1", b'"x"tail', b"2"], 11)
