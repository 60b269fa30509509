"""One row per trap of a file: what it costs, under which code, at which line."""

import gzip
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from core.contracts import FileKind
from core.errors import FileRefused, QuestionOpen
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.dialect import OWN_MARK, is_own_export
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import ReadLimits, open_table, read_dialect, read_table
from core.ingest.received import judge_record
from core.ingest.settle import settle_formats
from core.ingest.suggest import suggest_mapping
from tests.unit.ingest.pipeline import AS_OF, LIMITS, Bench

HEAD = "client_code;email;name\n"
GOOD = "C9;z@example.com;Zoe\n"
Z = ("C9", "z@example.com", "Zoe")
A = ("C1", "a", "b")


@pytest.mark.parametrize(
    ("content", "rows", "bad"),
    [
        (HEAD + "C1;a\0b;x\n" + GOOD, [(3, *Z)], [(2, "NUL_BYTE")]),
        (HEAD + "C1;a;b\rC2;c;d\n" + GOOD, [(3, *Z)], [(2, "STRAY_LINE_END")]),
        (HEAD + "C1;a;b\rC2\n" + GOOD, [(3, *Z)], [(2, "STRAY_LINE_END")]),
        (HEAD + 'C1;a;"b\rc"\n' + GOOD, [(2, "C1", "a", "b\rc"), (3, *Z)], []),
        (HEAD + "C1;a;b\r\r\r\n" + GOOD, [(2, "C1", "a", "b\r\r"), (3, *Z)], []),
        (HEAD + "C1;a;b\r\r\n" + GOOD, [(2, "C1", "a", "b\r"), (3, *Z)], []),
        (HEAD.replace("\n", "\r") + "C1;a;b\nC2\r" + "C1;a;b\r", [(3, *A)],
         [(2, "STRAY_LINE_END")]),
        (HEAD.replace("\n", "\r") + "C1;a;b\r" * 2 + GOOD, [(2, *A), (3, *A), (4, *Z)], []),
        (HEAD.replace("\n", "\r") + 'C1;a;b\rC1;a;"b"\n', [(2, *A), (3, *A)], []),
        (HEAD.replace("\n", "\r") + "C1;a;b\r" * 2 + 'C1;a;b\r\n"C1";a;b\r\n',
         [(2, *A), (3, *A), (4, *A), (5, *A)], []),
        (HEAD.replace("\n", "\r") + 'C1;a;"b\nc"\rC1;a;b', [(2, "C1", "a", "b\nc"), (3, *A)], []),
        ((HEAD + GOOD).replace("\n", "\r"), [(2, *Z)], []),
        (HEAD + f"C1;a;{'x' * 10_000_000}\n" + GOOD, [(3, *Z)], [(2, "TOO_LONG")]),
        (HEAD + 'C1;a;"' + "x\n" * 600_000 + '"\n' + GOOD, [(600_003, *Z)], [(2, "TOO_LONG")]),
        (HEAD + 'C1;"a;b\n' + GOOD, [(3, *Z)], [(2, "UNTERMINATED_QUOTE")]),
        (HEAD + 'C1;"a"b;c\n' + GOOD, [(3, *Z)], [(2, "BAD_QUOTE")]),
        (HEAD + "C1;a\n" + GOOD * 2, [(3, *Z), (4, *Z)], [(2, "MISSING_CELLS")]),
        (HEAD + "C1;a;b;c\n" + GOOD * 2, [(3, *Z), (4, *Z)], [(2, "EXTRA_CELLS")]),
        ("client_code;email;name;\n" + "C1;a;b;\n" * 2, [(2, *A), (3, *A)], []),
        (HEAD + "C1;a;b;\n" * 2, [(2, *A), (3, *A)], []),
        (HEAD + 'C1;a;b;""\n' + "C1;a;b;\n" * 2, [(2, *A), (3, *A), (4, *A)], []),
        ("Export du 1/2/2026\n\n" + HEAD + GOOD, [(4, *Z)], []),
        ('"Export du 1/2/2026\n' + HEAD + GOOD, [(3, *Z)], []),
        ("Export " + "x" * 200_000 + "\n" + HEAD + GOOD, [(3, *Z)], []),
    ],
)  # fmt: skip
def test_a_trap_costs_its_own_row_and_shifts_no_column(
    bench: Bench, content: str, rows: list[tuple[object, ...]], bad: list[tuple[int, str]]
) -> None:
    dialect, raw = bench.read(bench.write(content))
    assert bench.rows("SELECT line, c0, c1, c2 FROM raw ORDER BY record") == rows
    assert bench.rows("SELECT line, code FROM raw_bad ORDER BY record") == bad
    assert (len(dialect.headers), raw.rows_in) == (3, len(rows) + len(bad))


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        ('C1;"a;b\nC2;c;d\nC3;e";f\n', [(2, "a;b\nC2;c;d\nC3;e")]),
        ('C1;"a;b\nC2;c";d\n', [(2, "a;b\nC2;c")]),
        ('C1;"a;b\nC2;' + "x" * 300 + '";f\n', [(2, "a;b\nC2;" + "x" * 193)]),
        ('C1;"a;b\nc";d\n', []),
        ('C1;"a;b;c";d\n', []),
        ('C1;"a\nb\nc";d\n', []),
    ],
)  # fmt: skip
def test_a_cell_that_holds_rows_is_shown(
    bench: Bench, rows: str, warned: list[tuple[object, ...]]
) -> None:
    bench.parse(HEAD + rows + GOOD * 3)
    found = "SELECT line, value FROM f_issues WHERE code = 'ROWS_IN_CELL' AND NOT rejects"
    assert bench.rows(found) == warned


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("C1;a;b\rC2", "STRAY_LINE_END"),
        ('C1;a;"b\rc"', ("C1", "a", "b\rc")),
        ('C1;a;b;""', A),
        ("C1;a;b;x", "EXTRA_CELLS"),
    ],
)
def test_a_corrected_record_is_judged_as_a_row_is(
    bench: Bench, text: str, judged: tuple[str, ...] | str
) -> None:
    dialect = read_dialect(bench.write(HEAD + "C1;a;b;\n" * 2), LIMITS)
    assert judge_record(text, dialect) == judged


OPEN_HEADER = 'client_code;"name;email\n'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (OPEN_HEADER + "C1;a;a@x.fr\nC2;b;b@x.fr\n", "quote is opened in line 1"),
        (OPEN_HEADER + 'C1;"a";a@x.fr\n' * 2, "quote is opened in line 1"),
        (OPEN_HEADER, "quote is opened in line 1"),
        (OPEN_HEADER + "C1;a;a@x.fr\n" * 50_000, "quote is opened in line 1"),
        ('"client_code;email;name\n' + GOOD, "quote is opened in line 1"),
        ('sep=;\nclient_code;email;"name\n' + GOOD, "quote is opened in line 2"),
        (HEAD.replace("name", "n" * 1_000_000) + GOOD, "line 1.*more than 131072 characters"),
        (HEAD + "C1;a;b\rC2;c;d\rC3;e;f\rC4;g;h\n", "line 1, the header, has a line end"),
        (HEAD.replace("\n", "\r") + GOOD * 3, "line 1, the header, has a line end"),
        ("Export\r" + HEAD + GOOD, "line 1, the header, has a line end"),
        (HEAD.replace("name", "n" * 150_000) + GOOD, "line 1.*more than 131072 characters"),
    ],
    ids=range(11),
)
def test_a_header_that_cannot_be_read_is_named_with_its_line(
    bench: Bench, content: str, sentence: str
) -> None:
    with pytest.raises(FileRefused, match=sentence):
        read_dialect(bench.write(content), LIMITS)


def test_a_header_over_two_lines_is_read(bench: Bench) -> None:
    dialect, raw = bench.read(bench.write('client_code;"e\nmail";name\n' + GOOD))
    assert (dialect.headers, dialect.data_line) == (("client_code", "e mail", "name"), 3)
    assert raw.rows_in == 1


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_line_ends_are_those_of_most_lines(bench: Bench, large: int) -> None:
    body = "".join(f'C{k};a;"b\nc"\r' for k in range(50))
    path = bench.write(HEAD.replace("\n", "\r") + body + "C50;a;d\n")
    dialect = read_dialect(path, LIMITS)
    assert (dialect.line_end, dialect.headers) == ("\r", ("client_code", "email", "name"))
    raw = open_table(bench.con, path, dialect, "raw", bench.folder, LIMITS, large=large)
    mapping = ColumnMapping(kind=FileKind.CLIENTS, columns={name: name for name in dialect.headers})
    options = ParseOptions(as_of=AS_OF, tenant_currency="EUR")
    parse_table(bench.con, raw, mapping, dialect, options, "f")
    assert (raw.rows_in, raw.bad_rows) == (51, 0)
    assert bench.rows("SELECT customer, name FROM f_rows ORDER BY record")[-2:] == [
        ("C49", "b\nc"),
        ("C50", "d"),
    ]


ACCENTS = "C1;é;b\n"
UTF8, CP1252 = ACCENTS.encode(), ACCENTS.encode("cp1252")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", ";".join(f"h{n}" for n in range(5000)).encode(), "5000 columns"),
        ("a.csv", HEAD.encode() + UTF8 + CP1252, "line 2 is UTF-8 and line 3"),
        ("a.csv", HEAD.encode() + CP1252 + UTF8, "line 3 is UTF-8 and line 2"),
        ("a.csv", (HEAD + ACCENTS).encode("utf-32"), "UTF-32"),
        ("a.csv", b"x" * 200_000, "larger than the limit"),
        ("a.csv.gz", gzip.compress(b"a;b\n" * 100_000, mtime=0), "larger than the limit"),
        ("a.csv.gz", gzip.compress(b"a;b\n" * 100, mtime=0)[:-12], "damaged"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(
    bench: Bench, name: str, content: bytes, sentence: str
) -> None:
    limits = ReadLimits(max_bytes=100_000)
    with pytest.raises(FileRefused, match=sentence):
        read_dialect(bench.write(content, name), limits)


def write_workbook(path: Path, sheets: dict[str, list[list[str]]], *, hidden: str = "") -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name == hidden:
                sheet.hide()
    return path


TABLE = [["Code client", "Nom"], ["C1", "Durand"]]
OTHER = [["x", "y"], ["1", "2"]]


@pytest.mark.parametrize(
    ("sheets", "hidden", "chosen"),
    [
        ({"A": TABLE}, "", "A"),
        ({"Notes": [["Bonjour"]], "B": TABLE}, "", "B"),
        ({"A": OTHER, "B": TABLE}, "", "B"),
        ({"Notes": [["Bonjour"]], "B": OTHER}, "", "B"),
        ({"A": TABLE, "Old": TABLE}, "Old", "A"),
        ({"A": TABLE, "B": TABLE}, "", None),
        ({"A": OTHER, "B": OTHER}, "", None),
    ],
)
def test_the_sheet_that_is_a_table_is_chosen_or_asked(
    bench: Bench, sheets: dict[str, list[list[str]]], hidden: str, chosen: str | None
) -> None:
    path = write_workbook(bench.folder / "book.xlsx", sheets, hidden=hidden)
    if chosen is not None:
        assert read_dialect(path, LIMITS).sheet == chosen
        return
    with pytest.raises(QuestionOpen) as asked:
        read_dialect(path, LIMITS)
    assert (asked.value.question, asked.value.options) == ("sheet", ("A", "B"))
    dialect = read_dialect(path, LIMITS, "B")
    raw = read_table(bench.con, path, dialect, "raw", bench.folder, LIMITS)
    assert (dialect.sheet, dialect.sheets, raw.rows_in) == ("B", ("A", "B"), 1)


def test_a_sheet_with_one_far_cell_ends_in_a_sentence_and_not_the_process(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "code client")
        sheet.write(1_048_575, 16_383, "x")
    script = (
        "import sys; from pathlib import Path; from core.errors import FileRefused\n"
        "from core.ingest.reader import ReadLimits, read_dialect\n"
        "try:\n    read_dialect(Path(sys.argv[1]), ReadLimits())\n"
        "except FileRefused as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert "a sheet of more than" in done.stdout, done.stderr


def write_bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    return path


def test_a_workbook_is_refused_by_its_unpacked_size(bench: Bench) -> None:
    path = write_bomb(bench.folder / "bomb.xlsx")
    limits = ReadLimits(max_workbook_bytes=1_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(FileRefused, match="larger than the limit of 1 MB"):
        read_dialect(path, limits)


def test_a_workbook_that_takes_the_place_of_another_is_looked_through(bench: Bench) -> None:
    limits = ReadLimits(max_workbook_bytes=1_000_000)
    path = write_workbook(bench.folder / "book.xlsx", {"A": TABLE})
    assert read_dialect(path, limits).sheet == "A"
    with pytest.raises(FileRefused, match="larger than the limit of 1 MB"):
        read_dialect(write_bomb(path), limits)


@pytest.mark.parametrize(
    ("cells", "question", "examples"),
    [
        (("1;10,00;03/04/2025", "2;1,50;05/06/2025"), "date_order", ["03/04/2025", "05/06/2025"]),
        (("1;1,234;2025-01-31",) * 2 + ("3;2,500;2025-01-31",), "decimal", ["1,234", "2,500"]),
    ],
)  # fmt: skip
def test_a_question_shows_two_rows_of_the_file(
    bench: Bench, cells: tuple[str, ...], question: str, examples: list[str]
) -> None:
    lines = [f"F1;P1;C1;{line}" for line in cells]
    text = "document_id;product_key;client_code;quantity;amount;sale_date\n" + "\n".join(lines)
    _, raw = bench.read(bench.write(text))
    mapping = suggest_mapping(raw.headers, raw.samples(bench.con)).to_mapping()
    with pytest.raises(QuestionOpen) as asked:
        settle_formats(bench.con, raw, mapping, "EUR")
    assert asked.value.question == question
    assert [example.cell for example in asked.value.examples] == examples
    assert not any(cell in str(asked.value) for cell in examples)  # sentences are logged


def test_every_finding_has_its_evidence(bench: Bench) -> None:
    text = (
        "Export\n\ndocument_id;product_key;client_code;quantity;amount;sale_date\n"
        'F1;P1;C1;1;"1 234,50";31/01/2025\n'
    )
    dialect, raw = bench.read(bench.write(text.encode("cp1252")))
    mapping = suggest_mapping(raw.headers, raw.samples(bench.con)).to_mapping()
    formats = settle_formats(bench.con, raw, mapping, "EUR")
    said = {
        about: finding.message % finding.values
        for about, finding in {**dialect.evidence, **formats.evidence}.items()
    }
    assert set(said) == {
        "encoding", "delimiter", "quote", "header", "decimal", "thousands", "date_order",
    }  # fmt: skip
    assert "line 3" in said["header"]


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        (["client_code", "email"], False),
        (["client_code", "email", OWN_MARK], True),
        (["client_code", OWN_MARK, "email"], False),
        (["run_id", "customer_code", "severity", "rule_code", "product_key", "details_json"], True),
    ],
)
def test_only_what_this_product_writes_is_an_own_export(headers: list[str], own: bool) -> None:
    assert is_own_export(headers) is own
