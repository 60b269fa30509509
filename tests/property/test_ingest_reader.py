"""Whatever a table holds and however it is written, reading gives its cells back."""

import tempfile
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FileRefused
from core.ingest.reader import ReadLimits, read_dialect, read_table

HEADERS = ("client_code", "email", "phone", "name")
ODD = ["007", "+33612345678", "NA", "null", "'=x", "1 234,56", '"', '""', "a;b,c\td|e", "x\ny", " "]
LIMITS = ReadLimits()

plain = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
western = st.sampled_from("abcXYZ019 ,;|\"'éèàçùÉ")
breaks = st.sampled_from(["\n", "\r\n", "\t", '"', ";", ","])


def cells(characters: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pieces = st.lists(st.one_of(characters, breaks), max_size=8).map("".join)
    return st.one_of(st.just(""), st.sampled_from(ODD), pieces)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], bytes]:
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    width = draw(st.integers(2, len(HEADERS)))
    cell = cells(western if encoding == "cp1252" else plain)
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=12))
    delimiter = draw(st.sampled_from(",;\t|"))
    ends = ["\n", "\r\n"]
    if not any("\n" in c for row in rows for c in row):
        ends.append("\r")
    end = draw(st.sampled_from(ends))
    always = draw(st.booleans())
    blank = draw(st.booleans())

    def written(cell: str) -> str:
        special = any(c in cell for c in f'{delimiter}"\r\n')
        return '"' + cell.replace('"', '""') + '"' if always or special else cell

    lines = [delimiter.join(map(written, row)) for row in [list(HEADERS[:width]), *rows]]
    text = (end + end if blank else end).join(lines) + draw(st.sampled_from(["", end]))
    return rows, text.encode(encoding)


@settings(max_examples=120, deadline=None)
@given(files())
def test_write_then_read_gives_the_same_cells(made: tuple[list[list[str]], bytes]) -> None:
    rows, content = made
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        raw = read_table(con, path, read_dialect(path, LIMITS), "raw", Path(folder), LIMITS)
        found = con.execute("SELECT * EXCLUDE (record, line) FROM raw ORDER BY record").fetchall()
    assert raw.rows_in == len(rows)
    assert [[cell or "" for cell in row] for row in found] == rows


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(["a", '"', ",", "\n", "\r", '""', "é", "1,2\n", "\0"]), max_size=40)
)
def test_no_text_loses_a_record_in_silence(pieces: list[str]) -> None:
    body = "".join(pieces)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "table.csv"
        path.write_bytes(b"client_code,email\n1,x@y.fr\n" + body.encode())
        try:
            dialect = read_dialect(path, LIMITS)
        except FileRefused:  # more lines seem to end with CR than as the header does
            assert body.count("\r") > body.count("\n") + 2
            return
        raw = read_table(con, path, dialect, "raw", Path(folder), LIMITS)
        lines = con.execute(
            "SELECT line FROM raw UNION ALL SELECT line FROM raw_bad ORDER BY line"
        ).fetchall()
        kept = con.execute("SELECT count(*) FROM raw").fetchone()
    assert len(lines) == raw.rows_in
    assert kept == (raw.rows_in - raw.bad_rows,)
    assert len(set(lines)) == len(lines)
    assert all(1 < line <= 3 + body.count("\n") for (line,) in lines)
    covered = {line for (line,) in lines}
    for number, text in enumerate(body.split("\n"), start=3):
        if text.strip("\r") and '"' not in body:
            assert number in covered
