import gzip

import pytest

from core.errors import FileRefused
from core.ingest.reader import ReadLimits, open_table, read_dialect, read_table
from core.ingest.received import WantedLine, judge_record, read_received
from core.ingest.source import read_container
from core.ingest.workbook import NUMBER_MARK
from tests.unit.ingest.pipeline import Bench

RAGGED = (
    b"a,b,c\r\n"
    b"1,2,3\n"
    b"4,5\n"
    b"6,7,8,9\n"
    b'"x\ny",2,3\r\n'
    b"\n"
    b'10,"11"q,12\n'
    b'13,5" pi,15\r\n'
    b"1,\x00,3\n"
    b'1,"open,2\n'
    b"7,8,9\n"
    b'1,"z\rz",3\r\n'
)


def test_each_bad_record_costs_itself_only_and_keeps_its_physical_line(bench: Bench) -> None:
    _, raw = bench.read(bench.write(RAGGED))
    assert (raw.rows_in, raw.bad_rows) == (10, 5)
    assert bench.rows("SELECT record, line, c0, c1, c2 FROM raw ORDER BY record") == [
        (1, 2, "1", "2", "3"),
        (4, 5, "x\ny", "2", "3"),
        (6, 9, "13", '5" pi', "15"),
        (9, 12, "7", "8", "9"),
        (10, 13, "1", "z\rz", "3"),
    ]
    assert bench.rows("SELECT record, line, code FROM raw_bad ORDER BY record") == [
        (2, 3, "MISSING_CELLS"),
        (3, 4, "EXTRA_CELLS"),
        (5, 8, "BAD_QUOTE"),
        (7, 10, "NUL_BYTE"),
        (8, 11, "UNTERMINATED_QUOTE"),
    ]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a;b\n1;2", [("1", "2")]),
        (b"a;b\n1;2\n\n\n3;4\n", [("1", "2"), ("3", "4")]),
        (b"a;b;\n1;2;\n3;4;\n", [("1", "2"), ("3", "4")]),
        (b"a;b\n1;2;\n3;4;\n", [("1", "2"), ("3", "4")]),
        (b"a;b;\n1;2\n3;4\n", [("1", "2"), ("3", "4")]),
        (b"a\rb\r\xe9\r", [("b",), ("é",)]),
        (b"a\tb\r\n1\t\r\n", [("1", None)]),
        (b'a|b\n"1|2"|""\n', [("1|2", None)]),
        (b'a,b\n"say ""no""",2\n', [('say "no"', "2")]),
        (b'a,b\n"line\r\nbreak",2\n3,4\n', [("line\r\nbreak", "2"), ("3", "4")]),
        (b"sep=|\na|b\n1|2\n", [("1", "2")]),
        ("\ufeffa,b\né,œ\n".encode(), [("é", "œ")]),
        ("a,b\né,€\n".encode("cp1252"), [("é", "€")]),
        ("a,b\né,œ\n".encode("utf-16"), [("é", "œ")]),
        ("code,name\n1,Martin\n".encode("utf-16-le"), [("1", "Martin")]),
        ("code,name\n1,Martin\n".encode("utf-16-be"), [("1", "Martin")]),
        (b"a,b\n1,2\n3,4\n5,6,\n", [("1", "2"), ("3", "4")]),
        (b"a,b\nNA,null\n007,'=x\n", [("NA", "null"), ("007", "'=x")]),
    ],
)
def test_dialects_give_their_cells(
    bench: Bench, content: bytes, rows: list[tuple[str | None, ...]]
) -> None:
    bench.read(bench.write(content))
    assert bench.rows("SELECT * EXCLUDE (record, line) FROM raw ORDER BY record") == rows


def test_preamble_is_skipped_and_lines_are_those_of_the_file(bench: Bench) -> None:
    text = "Export du 12/03/2024;;\n\nCode client;Nom;Courriel\nC1;Durand;a@b.fr\n"
    dialect, raw = bench.read(bench.write(text))
    assert (dialect.header_line, raw.headers) == (3, ("Code client", "Nom", "Courriel"))
    assert bench.rows("SELECT line, c0 FROM raw") == [(4, "C1")]


def test_one_lost_quote_does_not_swallow_the_rest(bench: Bench) -> None:
    lines = ["a,b", *(f"{k},x" for k in range(5000))]
    lines[100] = '100,"x'
    _, raw = bench.read(bench.write("\n".join(lines)))
    assert (raw.rows_in, raw.bad_rows) == (5000, 1)
    assert bench.rows("SELECT line, code FROM raw_bad") == [(101, "UNTERMINATED_QUOTE")]


def test_records_across_chunks_are_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ingest.source.CHUNK_BYTES", 7)
    content = 'a,b\r\n"é""é",2\r\n\r\n"x\r\ny",4\r\nlast,6'
    bench.read(bench.write(content))
    assert bench.rows("SELECT line, c0, c1 FROM raw ORDER BY record") == [
        (2, 'é"é', "2"),
        (4, "x\r\ny", "4"),
        (6, "last", "6"),
    ]


@pytest.mark.parametrize(
    ("body", "bad"),
    [("x" * 500, None), ('"x\n' + "1,2\n" * 50, [(2, "UNTERMINATED_QUOTE")])],
)
def test_a_record_without_end_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, body: str, bad: list[object] | None
) -> None:
    monkeypatch.setattr("core.ingest.source.CHUNK_BYTES", 20)
    limits = ReadLimits(max_record_bytes=100)
    path = bench.write("client_code,email\n" + body)
    dialect = read_dialect(path, limits)
    if bad is None:
        with pytest.raises(FileRefused, match="line 2 has no end"):
            read_table(bench.con, path, dialect, "raw", bench.folder, limits)
        return
    raw = read_table(bench.con, path, dialect, "raw", bench.folder, limits)
    assert (raw.rows_in, bench.rows("SELECT line, code FROM raw_bad")) == (51, bad)


def test_too_many_lost_quotes_are_refused_with_the_line(bench: Bench) -> None:
    limits = ReadLimits(max_quote_recoveries=0)
    path = bench.write('client_code,email\n1,2\n3,"x\n')
    with pytest.raises(FileRefused, match="before line 4"):
        read_table(bench.con, path, read_dialect(path, limits), "raw", bench.folder, limits)


def test_a_long_cell_is_rejected_alone(bench: Bench) -> None:
    limits = ReadLimits(max_cell_bytes=10, max_record_bytes=100)
    path = bench.write("a,b\n" + "x" * 11 + ",2\n3,4\n")
    dialect = read_dialect(path, limits)
    raw = read_table(bench.con, path, dialect, "raw", bench.folder, limits)
    assert (raw.rows_in, raw.bad_rows) == (2, 1)
    assert bench.rows("SELECT code FROM raw_bad") == [("TOO_LONG",)]


WIDE = "client_code,name\r\n" + "".join(f"C{n},Eloïse 😁\r\n" for n in range(9))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("chunk_bytes", [1 << 23, 3])
def test_broken_utf16_is_refused_with_the_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, encoding: str, marked: bool, chunk_bytes: int
) -> None:
    monkeypatch.setattr("core.ingest.source.CHUNK_BYTES", chunk_bytes)
    text = ("\ufeff" if marked else "") + WIDE
    whole = text.encode(encoding)
    lone = text.replace("C3,E", "C3,\ud83d").encode(encoding, "surrogatepass")
    assert bench.read(bench.write(whole))[1].rows_in == 9
    for content, line in ((lone, "line 5 is"), (whole[:-1], "line 10"), (whole + b"\n", "line 11")):
        path = bench.write(content)
        with pytest.raises(FileRefused, match=f"UTF-16.*{line}|{line}.*UTF-16"):
            read_dialect(path, ReadLimits())


TABLE = "client_code;name\n" + "".join(f"C{n};Name {n}\n" for n in range(9))
FOREIGN = [b"C3;Cleo\nC4;Daniels\n", b"C30;Cleo\nC41;Dani\n", b"C30;Cleo\r\nC4;Dan\r\n"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("foreign", FOREIGN)
def test_rows_of_another_encoding_in_utf16_are_refused_with_the_line(
    bench: Bench, encoding: str, foreign: bytes
) -> None:
    path = bench.write(("\ufeff" + TABLE).encode(encoding) + foreign)
    with pytest.raises(FileRefused, match=r"mixes two encodings.*UTF-16 up to line 11"):
        read_dialect(path, ReadLimits())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("chunk_bytes", [1 << 23, 3])
def test_utf16_whose_bytes_have_moved_is_refused_with_the_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, encoding: str, chunk_bytes: int
) -> None:
    monkeypatch.setattr("core.ingest.source.CHUNK_BYTES", chunk_bytes)
    whole = ("\ufeff" + TABLE).encode(encoding)
    first, second = (whole.index(f"Name {n}".encode(encoding)) + 1 for n in (3, 6))
    lost = whole[:first] + whole[first + 1 : second] + whole[second + 1 :]
    added = whole[:first] + b"x" + whole[first:] + b"x"
    for content in (lost, added):
        with pytest.raises(FileRefused, match=r"line 5 .*UTF-16"):
            read_dialect(bench.write(content), ReadLimits())


@pytest.mark.parametrize(
    "name",
    [
        "在上海湖",
        "《あいうえおのはなし》。一二三",
        "上海上海上海上海 ❤❤❤",
        "㐊上海在",
        "ਗੁਰਮੁਖੀ ੯",
        "മലയാളം",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_real_text_in_utf16_is_not_taken_for_damage(bench: Bench, name: str, encoding: str) -> None:
    path = bench.write((f"\ufeff{TABLE}C99;{name}\nC100;{name}\n").encode(encoding))
    assert bench.read(path)[1].rows_in == 11


def test_utf16_that_breaks_after_it_was_recognised_is_refused(bench: Bench) -> None:
    dialect, _ = bench.read(bench.write(WIDE.encode("utf-16")))
    path = bench.write(WIDE.encode("utf-16")[:-1])
    with pytest.raises(FileRefused, match="line 10"):
        read_table(bench.con, path, dialect, "again", bench.folder, ReadLimits())


HEADER = "client_code;name;email\n"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (HEADER + "C1;'a;b';x\nC2;Durand;y\n", [("C1", "a;b", "x"), ("C2", "Durand", "y")]),
        (
            "'client_code','name','email'\r\n'C1','l''été, \"1\"','x'\r\n'C2','',\r\n",
            [("C1", 'l\'été, "1"', "x"), ("C2", None, None)],
        ),
        (
            "'client_code'\t'name'\n'C1'\t'two\nlines'\n'C2'\tb\n",
            [("C1", "two\nlines"), ("C2", "b")],
        ),
        ("sep=|\nclient_code|name\nC1|'a|b'\nC2|c\n", [("C1", "a|b"), ("C2", "c")]),
        (
            HEADER + "1;'L''Or';x\n2;'Bob';y\n3;;z\n4;'Cleo';z\n",
            [("1", "L'Or", "x"), ("2", "Bob", "y"), ("3", None, "z"), ("4", "Cleo", "z")],
        ),
    ],
)
def test_single_quotes_are_obeyed(
    bench: Bench, content: str, rows: list[tuple[str | None, ...]]
) -> None:
    dialect, raw = bench.read(bench.write(content))
    found = bench.rows("SELECT * EXCLUDE (record, line) FROM raw ORDER BY record")
    assert (dialect.quote, raw.bad_rows, found) == ("'", 0, rows)
    assert dialect.headers[0] == "client_code"
    assert "Single quotes" in dialect.evidence["quote"].message


@pytest.mark.parametrize(
    "rows",
    [
        "C1;l'été;x\nC2;L'Haÿ-les-Roses';y\n",
        "C1;'=x;y\nC2;'+33612345678;l'\n",
        "C1;'s Gravenhage;x\nC2;Jean 'Le Grand';y\n",
        "C1;'Cuvée';x\nC2;Durand;y\n",
        "C1;'a';x\nC2;'b';x\nC3;'c';x\nC4;d;x\n",
        "C1;'a';x\nC2;'b';x\nC3;'c'd';x\n",
        "C1;'a';x\nC2;'b';y\n",
        "C1;'=1+1';x\nC2;'-1;y\n",
        "C1;Cuvée 'a;b';x\nC2;Durand;y\n",
        "C1;\"a;'b'\";x\nC2;'c;d';y\n",
    ],
)
def test_apostrophes_are_no_quotes(bench: Bench, rows: str) -> None:
    dialect, _ = bench.read(bench.write(HEADER + rows))
    assert dialect.quote == '"'


def test_a_quoted_cell_that_the_sample_cuts_is_no_apostrophe(bench: Bench) -> None:
    notes = "".join(f"C{n};'a;b\n\nc';x\n" for n in range(300))
    dialect, raw = bench.read(bench.write(HEADER + notes))
    assert (dialect.quote, raw.rows_in, raw.bad_rows) == ("'", 300, 0)


def test_a_large_file_in_single_quotes_is_read_alike(bench: Bench) -> None:
    path = bench.write(HEADER + "".join(f"C{n};'a;''{n}';x\n" for n in range(99)) + "C9;'a;b\n")
    dialect = read_dialect(path, ReadLimits())
    raw = open_table(bench.con, path, dialect, "raw", bench.folder, ReadLimits(), large=1)
    assert (raw.is_open, raw.rows_in, raw.bad_rows) == (False, 100, 1)
    assert bench.rows("SELECT c1 FROM raw WHERE c0 = 'C7'") == [("a;'7",)]
    assert bench.rows("SELECT line, code, value FROM raw_bad") == [
        (101, "UNTERMINATED_QUOTE", "C9;'a;b")
    ]
    wanted = [WantedLine(line=2), WantedLine(line=101, is_open=True)]
    first, broken = read_received(path, dialect, wanted, ReadLimits())
    assert (first.cells, first.text) == ((b"C0", b'"a;\'0"', b"x"), b"C0;'a;''0';x")
    assert broken.text == b"C9;'a;b"
    assert judge_record("C9;'a;''b';x", dialect) == ("C9", "a;'b", "x")
    assert judge_record(broken.text.decode(), dialect) == "UNTERMINATED_QUOTE"


def test_gzip_is_read_and_its_unpacked_size_bounded(bench: Bench) -> None:
    path = bench.write(gzip.compress(b"a,b\n" + b"1,2\n" * 1000), "file.csv.gz")
    assert bench.read(path)[1].rows_in == 1000
    with pytest.raises(FileRefused, match="larger than the limit"):
        read_dialect(path, ReadLimits(max_bytes=1000))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"%PDF-1.7 x", "not what its name says: it is a PDF"),
        ("a.PDF", b"%PDF-1.7 x", r"^a\.PDF is a PDF document, not a table\."),
        ("a.csv", b"<!DOCTYPE html><html><table>", "web page"),
        ("a.csv", b"\xef\xbb\xbf\n<!-- a --> <!-- b -->\n<HTML lang='fr'>", "web page"),
        ("a.csv", b"<?xml version='1.0'?>\n<!-- x -->\n<html>", "web page"),
        ("a.csv", b"<?xml version='1.0'?>\n<rows>", "XML"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 99, "workbook"),
        ("a.csv", b"PK\x03\x04 damaged", "archive"),
        ("a.csv", gzip.compress(b"a,b\n1,2\n", mtime=0), "compressed"),
        ("a.csv", b'{"a": 1}', "JSON"),
        ("a.csv", bytes(range(1, 9)) * 50, "binary"),
        ("a.xlsx", b"a,b\n1,2\n", "text file"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xef\xbb\xbf\n\n", "empty"),
        ("a.csv", "a,b\né,1\n".encode() + b"\xe9,2\n", "line 3"),
        ("a.csv", b",".join(b"c%d" % k for k in range(1001)) + b"\n", "1001 columns"),
    ],
)
def test_what_is_no_table_is_named(bench: Bench, name: str, content: bytes, kind: str) -> None:
    with pytest.raises(FileRefused, match=kind):
        read_dialect(bench.write(content, name), ReadLimits())


@pytest.mark.parametrize(
    "content",
    [
        'product_key;name;note\nP1;Brut;"<html><p>bon</p></html>"\n',
        "product_key;name;note\nP1;Brut;<html>bon</html>\n",
        "<!-- export -->\n" * 500 + "product_key;name;note\nP1;Brut;x\n",
    ],
)
def test_a_table_with_markup_in_its_cells_is_no_web_page(bench: Bench, content: str) -> None:
    assert read_container(bench.write(content)) == "text"


def test_workbook_cells_are_text_as_typed(bench: Bench) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    path = bench.folder / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Clients")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["Code client", "Nom", "Budget", "Date création"])
        sheet.write_string(1, 0, "007")
        sheet.write_row(1, 1, ["Durand", 12.5])
        sheet.write_number(1, 3, 45352, day)
        sheet.write_row(3, 0, [8, "=x"])
    dialect, raw = bench.read(path)
    assert (dialect.container, dialect.sheet, raw.rows_in) == ("workbook", "Clients", 2)
    first, second = bench.rows("SELECT line, c0, c1, c2, c3 FROM raw ORDER BY record")
    assert first[:4] == (2, "007", "Durand", f"12{NUMBER_MARK}5")
    assert raw.samples(bench.con)["Budget"] == ("12.5",)
    assert str(first[4]).startswith("2024-03-01")
    assert second[:3] == (4, "8", second[2])


def test_duplicate_and_blank_headers_get_their_place(bench: Bench) -> None:
    _, raw = bench.read(bench.write("Prix;Prix;;x\n1;2;3;4\n"))
    assert raw.headers == ("Prix", "Prix (column 2)", "(column 3)", "x")
