"""The one-pass reader of large files gives what the SQL of small files gives, for any file."""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.contracts import FileKind
from core.errors import CrmError
from core.ingest.clean import ParseOptions, parse_table
from core.ingest.dialect import Dialect
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable, ReadLimits, open_table, read_dialect, read_table
from tests.sampling import examples

LIMITS = ReadLimits()
OPTIONS = ParseOptions(
    as_of=date(2026, 3, 14),
    tenant_currency="EUR",
    remembered=frozenset({"date_order", "decimal"}),
)
HEADERS = ("document_id", "client_code", "product_key", "quantity", "amount", "sale_date", "rest")
CONVERTED = ColumnMapping(
    kind=FileKind.SALES,
    columns={name: name for name in (*HEADERS[:6], "currency")},
    constants={"sale_date": "2025-03-14", "document_status": "valid"},
    rates={"USD": "0.9"},
)
MAPPING = ColumnMapping(
    kind=FileKind.SALES,
    columns={name: name for name in (*HEADERS[:6], "document_status", "currency", "is_gift")},
)
COMPUTED = ColumnMapping(
    kind=FileKind.SALES,
    columns={name: name for name in (*HEADERS[:4], "sale_date", "document_status")},
    derive={"amount": {"op": "multiply", "of": ["quantity", "amount"]}},
    constants={"channel": "cave", "document_status": "valid"},
    create_missing={"products": {"name": "rest"}},
)

REMEMBERED = replace(MAPPING, date_order="mdy", decimal=",")

odd = st.sampled_from(
    ["", " ", "\u00a0x", "é", "x\u00a0", "a" * 201, "NaN", "1e5", "-", "0", "'=1", "\ufeffq",
     "NULL", "1 234", "1\u00a0234,5", "12/", "n/a", "١٢", "2026-02-31", "31/12/2025 9:05",
     "€ 5", "5 €"]
)  # fmt: skip
texts = st.one_of(st.sampled_from(["F1", "F2", "C-007", "P é", "long name of a thing"]), odd)
numbers = st.one_of(
    st.decimals(-9999, 99999, places=2).map(str),
    st.decimals(-99, 999, places=3).map(str),
    st.integers(-20, 10**10).map(str),
    st.sampled_from(["+3", "007", "1.", ".5", "1.50000", "2.0000001", "-0.00", "1.500", "12.500"]),
    odd,
)
dates = st.one_of(
    st.dates(date(1890, 1, 1), date(2210, 1, 1)).map(str),
    st.dates(date(2020, 1, 1), date(2026, 12, 31)).map(lambda d: d.strftime("%d/%m/%Y")),
    st.dates(date(2025, 1, 1), date(2026, 12, 31)).map(lambda d: f"{d} 08:30:15"),
    st.sampled_from(["1/2/2025", "2025-1-2", "0000-00-00", "2024-02-29T10:00", "2023.02.29"]),
    odd,
)
words = st.one_of(st.sampled_from(["valid", "Annulée", "oui", "no", "EUR", "USD", "eur"]), odd)
plain_row = st.tuples(
    st.sampled_from(["F1", "F2", "a longer number of a document"]),
    st.sampled_from(["C-007", "", "Ülé"]),
    st.sampled_from(["P1", "P é"]),
    st.sampled_from(["1", "-2", "12", "+3"]),
    st.decimals(0, 9999, places=2).map(str),
    st.dates(date(2020, 1, 1), date(2025, 12, 31)).map(str),
    st.sampled_from(["rest", "", "two\nlines", 'said "so"']),
    st.sampled_from(["valid", "", "annulé"]),
    st.sampled_from(["EUR", ""]),
    st.sampled_from(["oui", "no", ""]),
)
odd_row = st.tuples(texts, texts, texts, numbers, numbers, dates, texts, words, words, words)
rows = st.lists(
    st.one_of(plain_row, plain_row, plain_row, plain_row, odd_row), min_size=1, max_size=40
)
ALL_HEADERS = (*HEADERS, "document_status", "currency", "is_gift")


def written(
    table: list[tuple[str, ...]],
    delimiter: str,
    quote: str,
    end: str,
    noise: str,
    trailing: tuple[str, ...],
) -> bytes:
    def cell(text: str) -> str:
        needs = quote == "all" or any(c in text for c in f'{delimiter}"\r\n')
        return '"' + text.replace('"', '""') + '"' if needs else text

    lines = [delimiter.join(map(cell, row)) for row in [ALL_HEADERS, *table]]
    if trailing:
        lines = [f"{line}{delimiter}{trailing[k % len(trailing)]}" for k, line in enumerate(lines)]
    lines.insert(1 + len(lines) // 2, noise)
    return (end.join(lines) + end).encode()


def outcome(
    con: duckdb.DuckDBPyConnection, raw: RawTable, dialect: Dialect, mapping: ColumnMapping
) -> Any:
    try:
        parsed = parse_table(con, raw, mapping, dialect, OPTIONS, "f1")
    except CrmError as error:
        return error.to_data()
    tables = [con.execute(f"FROM f1_{name} ORDER BY ALL").fetchall() for name in ("rows", "issues")]
    return [asdict(parsed.formats), raw.rows_in, raw.bad_rows, *tables]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files into many pieces and blocks, and let the first bytes foretell little."""
    monkeypatch.setattr("core.ingest.source.CHUNK_BYTES", 256)
    monkeypatch.setattr("core.ingest.piece_room._BLOCK_ROWS", 3)
    monkeypatch.setattr("core.ingest.piece_room._FEWEST_ROWS", 3)
    monkeypatch.setattr("core.ingest.reader._SAMPLE_BYTES", 400)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    "mapping",
    [MAPPING, COMPUTED, CONVERTED, REMEMBERED],
    ids=["direct", "computed", "converted", "remembered"],
)
@settings(
    max_examples=examples(30, short=12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    table=rows,
    delimiter=st.sampled_from([",", ";", "\t"]),
    quote=st.sampled_from(["needed", "all"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    noise=st.sampled_from(
        ["", "a,b", '"x', 'F1;"y" z', "\0", ";" * 20, '"two\nlines",1', "\r", "a\rb", "a\nb"]
    ),
    trailing=st.sampled_from([(), ("",), ("", '""'), ("", '""', " ", "x")]),
)
def test_both_ways_of_reading_give_the_same(
    tmp_path: Path,
    mapping: ColumnMapping,
    table: list[tuple[str, ...]],
    delimiter: str,
    quote: str,
    end: str,
    noise: str,
    trailing: tuple[str, ...],
) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(written(table, delimiter, quote, end, noise, trailing))
    dialect = read_dialect(path, LIMITS)
    if dialect.headers != ALL_HEADERS:
        return
    with duckdb.connect() as con:
        whole = read_table(con, path, dialect, "raw1", tmp_path, LIMITS)
        expected = outcome(con, whole, dialect, mapping)
        opened = open_table(con, path, dialect, "raw2", tmp_path, LIMITS, large=0)
        assert outcome(con, opened, dialect, mapping) == expected


@pytest.mark.parametrize("large", [0, 1 << 30])
def test_a_quoted_blank_after_the_last_column_is_blank(tmp_path: Path, large: int) -> None:
    path = tmp_path / "clients.csv"
    header = "client_code;email;name;created_at;"
    path.write_text("\n".join([header, *["C1;a@b.fr;x;2025-03-14;", 'C1;a@b.fr;x;;""'] * 5, ""]))
    dialect = read_dialect(path, LIMITS)
    with duckdb.connect() as con:
        raw = open_table(con, path, dialect, "raw", tmp_path, LIMITS, large=large)
        parse_table(con, raw, CLIENTS, dialect, OPTIONS, "f1")
    assert (dialect.trailing_delimiter, raw.rows_in, raw.bad_rows) == (True, 10, 0)


CLIENTS = ColumnMapping(
    kind=FileKind.CLIENTS,
    columns={name: name for name in ("client_code", "email", "name", "created_at")},
)


@pytest.mark.parametrize(
    ("mapping", "header", "line"),
    [
        (MAPPING, ",".join(ALL_HEADERS), "F1,C1,P1,2,19.90,2025-03-14,x,valid,EUR,no"),
        (COMPUTED, ",".join(ALL_HEADERS), "F1,C1,P1,2,19.90,2025-03-14,x,valid,EUR,no"),
        (CONVERTED, ",".join(ALL_HEADERS), "F1,C1,P1,2,1500000.00,2025-03-14,x,valid,USD,no"),
        (CLIENTS, "client_code,email,name,created_at", "C1,a@b.fr,Anne,2025-03-14"),
    ],
    ids=["direct", "computed", "converted", "clients"],
)
def test_ordinary_rows_are_plain(
    tmp_path: Path, mapping: ColumnMapping, header: str, line: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_text("\n".join([header, *[line] * 500, ""]))
    dialect = read_dialect(path, LIMITS)
    with duckdb.connect() as con:
        raw = open_table(con, path, dialect, "raw", tmp_path, LIMITS, large=0)
        parse_table(con, raw, mapping, dialect, OPTIONS, "f1")
        assert con.execute("SELECT count(*) FROM raw").fetchone() == (0,)
        assert con.execute("SELECT count(*) FROM f1_rows").fetchone() == (500,)
