"""Whatever a table says and however it is written, the contract gives its values back."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contracts import FileKind
from core.errors import QuestionOpen
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.dialect import OWN_MARK
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import ReadLimits, read_dialect, read_table
from core.ingest.suggest import suggest_mapping
from core.services.csv_cells import escape
from tests.sampling import examples

LIMITS = ReadLimits()
AS_OF = date(2026, 10, 31)
ODD = ("007", "+33612345678", "NA", "null", "None", "'=x", "=x", "-", "1 234,56", "1e5", "nan", "0")
WESTERN = ("é", "À la carte", "l'été", "Œuf à 5 €", "ça; oui", 'a "b" c', "x|y", "a,b", "x\ny")
WIDE = ("😀", "日本", "Ω", "a\u200bb", "é" + "\u0301")
DATES = {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "dmy-": "%d-%m-%Y", "mdy": "%m/%d/%Y"}
THOUSANDS = {",": ("", " ", "\u00a0", "\u202f", "."), ".": ("", " ", "\u00a0", ",")}


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a table is written."""

    encoding: str
    delimiter: str
    end: str
    quotes_all: bool
    decimal: str
    thousands: str
    dates: str

    def number(self, value: int, digits: int) -> str:
        whole, part = divmod(abs(value), 10**digits)
        grouped = f"{whole:,}".replace(",", self.thousands)
        return f"{'-' if value < 0 else ''}{grouped}{self.decimal}{part:0{digits}d}"

    def day(self, value: date) -> str:
        return value.strftime(DATES[self.dates])

    def cell(self, text: str) -> str:
        special = any(c in text for c in f'{self.delimiter}"\r\n')
        return '"' + text.replace('"', '""') + '"' if self.quotes_all or special else text

    def write(self, rows: Sequence[Sequence[str]]) -> bytes:
        lines = (self.delimiter.join(map(self.cell, row)) for row in rows)
        text = "".join(line + self.end for line in lines)
        mark = "\ufeff" if self.encoding in ("utf-16-le", "utf-16-be") else ""
        return (mark + text).encode(self.encoding)


PLAIN = Manner(
    encoding="utf-8",
    delimiter=",",
    end="\n",
    quotes_all=True,
    decimal=".",
    thousands="",
    dates="iso",
)


@st.composite
def manners(draw: st.DrawFn) -> Manner:
    decimal = draw(st.sampled_from(",."))
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
    )
    return Manner(
        encoding=encoding,
        delimiter=draw(st.sampled_from(",;\t|")),
        end=draw(st.sampled_from(["\n", "\r\n"])),
        quotes_all=draw(st.booleans()),
        decimal=decimal,
        thousands=draw(
            st.sampled_from([sign for sign in THOUSANDS[decimal] if _can_say(encoding, sign)])
        ),
        dates=draw(st.sampled_from(sorted(DATES))),
    )


def texts(encoding: str) -> st.SearchStrategy[str]:
    """Cells of text that `encoding` can say."""
    said = [text for text in (*ODD, *WESTERN, *WIDE) if _can_say(encoding, text)]
    return st.sampled_from(said)


def _can_say(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def settled(kind: FileKind, manner: Manner, mapping: ColumnMapping) -> ColumnMapping:
    """Answer what a file may leave open: the order of its dates, its decimal sign."""
    return replace(mapping, date_order=manner.dates.rstrip("-"), decimal=manner.decimal)


def imported(
    content: bytes, kind: FileKind, manner: Manner, fields: str
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return the typed rows and the issues of the file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        dialect = read_dialect(path, LIMITS)
        raw = read_table(con, path, dialect, "raw", Path(folder), LIMITS)
        mapping = suggest_mapping(raw.headers, raw.samples(con), kind).to_mapping()
        options = ParseOptions(as_of=AS_OF, tenant_currency="EUR")
        try:
            parse_table(con, raw, mapping, dialect, options, "f")
        except QuestionOpen:
            parse_table(con, raw, settled(kind, manner, mapping), dialect, options, "f")
        issues = con.execute("SELECT line, column_name, value, code FROM f_issues").fetchall()
        return con.execute(f"SELECT {fields} FROM f_rows ORDER BY record").fetchall(), issues


SALE_HEADER = ("document_id", "product_key", "client_code", "quantity", "amount", "sale_date")
sales = st.lists(
    st.tuples(
        st.integers(-99_999, 9_999_999).filter(bool),
        st.integers(-9_999_999, 999_999_999),
        st.dates(date(2001, 1, 1), date(2026, 10, 31)),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=examples(60, short=25), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(manners(), sales, st.data())
def test_sales_come_back_as_they_were_written(
    manner: Manner, values: list[tuple[int, int, date]], data: st.DataObject
) -> None:
    codes = [data.draw(texts(manner.encoding).map(_code)) for _ in values]
    rows = [
        (f"D{n}", code, code, manner.number(quantity, 3), manner.number(amount, 2), manner.day(day))
        for n, (code, (quantity, amount, day)) in enumerate(zip(codes, values, strict=True))
    ]
    found, issues = imported(
        manner.write([SALE_HEADER, *rows]),
        FileKind.SALES,
        manner,
        "document_id, product_key, customer, quantity_milli, amount_cents, sale_date",
    )
    assert issues == []
    assert found == [
        (f"D{n}", code, code, *cells)
        for n, (code, cells) in enumerate(zip(codes, values, strict=True))
    ]


def _code(text: str) -> str:
    return text.replace("\n", " ")


@settings(
    max_examples=examples(60, short=25), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(manners(), st.data())
def test_clients_come_back_as_they_were_written(manner: Manner, data: st.DataObject) -> None:
    text = texts(manner.encoding)
    count = data.draw(st.integers(1, 8))
    told = [
        (f"{n:03d}", data.draw(text), data.draw(text), data.draw(text), data.draw(st.booleans()))
        for n in range(count)
    ]
    header = ("client_code", "name", "phone", "postal_code", "email_opt_out")
    rows = [(*cells, "oui" if out else "non") for *cells, out in told]
    found, issues = imported(
        manner.write([header, *rows]),
        FileKind.CLIENTS,
        manner,
        "customer, name, phone, postal_code, email_opt_out",
    )
    assert [issue for issue in issues if issue[3] != "MISSING_EMAIL"] == []
    assert found == told


dangerous = st.text(alphabet="'\"=+-@;1,.a é\n", min_size=1, max_size=9).map(str.strip).filter(bool)


@settings(
    max_examples=examples(60, short=25), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(st.tuples(dangerous, dangerous), min_size=1, max_size=6))
def test_an_export_of_our_own_comes_back_as_it_was(told: list[tuple[str, str]]) -> None:
    """The guard against formulas is written by `escape` and taken off in our own files only."""
    header = ("client_code", "name", "phone", OWN_MARK)
    rows = [(f"{n:03d}", *map(escape, cells), "") for n, cells in enumerate(told)]
    fields = "customer, name, phone"
    found, _ = imported(PLAIN.write([header, *rows]), FileKind.CLIENTS, PLAIN, fields)
    assert found == [(f"{n:03d}", *cells) for n, cells in enumerate(told)]
    plain = PLAIN.write([header[:3], *(row[:3] for row in rows)])
    foreign, _ = imported(plain, FileKind.CLIENTS, PLAIN, fields)
    assert foreign == [row[:3] for row in rows]
