import pytest

from core.contracts import CLIENT_COLUMNS, FileKind
from core.errors import QuestionOpen, Refused
from core.ingest.dialect import OWN_MARK
from core.ingest.mapping import ColumnMapping, contract_column
from core.ingest.values import Formats, cell_sql, parse_column, quote_literal
from core.services.csv_cells import escape
from tests.unit.ingest.pipeline import Bench

NBSP, NARROW = "\u00a0", "\u202f"


def parse(bench: Bench, kind: FileKind, name: str, cell: str, decimal: str, order: str) -> object:
    formats = Formats(decimal=decimal, date_order=order, currency="EUR", evidence={})
    parsed = parse_column(contract_column(kind, name), quote_literal(cell), formats)
    value, code = bench.rows(f"SELECT {parsed.value}, {parsed.code}")[0]
    return code or (str(value) if name.endswith("date") else value)


@pytest.mark.parametrize(
    ("cell", "decimal", "cents"),
    [
        ("12", ".", 1200),
        ("1.005", ".", 101),
        ("-1.005", ".", -101),
        ("1.0049999999999999999", ".", 100),
        ("1,005", ",", 101),
        ("1.234,56", ",", 123456),
        (f"1{NBSP}234,56", ",", 123456),
        (f"12{NARROW}345{NARROW}678,9", ",", 1234567890),
        ("1'234.50", ".", 123450),
        ("1,234,567.8", ".", 123456780),
        ("12,50 €", ",", 1250),
        ("€ 12.50", ".", 1250),
        ("- 3,20", ",", -320),
        ("−3,20", ",", -320),
        ("+3", ",", 300),
        (",5", ",", 50),
        ("9999999999.99", ".", 999999999999),
        ("10000000000", ".", "OUT_OF_RANGE"),
        ("1" + "0" * 60, ".", "OUT_OF_RANGE"),
        ("12.50", ",", "BAD_NUMBER"),
        ("1 23", ".", "BAD_NUMBER"),
        ("1e3", ".", "BAD_NUMBER"),
        ("1_000", ".", "BAD_NUMBER"),
        ("12,5O", ",", "BAD_NUMBER"),
        ("€", ".", "BAD_NUMBER"),
        ("-", ".", "BAD_NUMBER"),
        ("$12", ".", "BAD_NUMBER"),
        ("nan", ".", "BAD_NUMBER"),
        ("inf", ".", "BAD_NUMBER"),
    ],
)
def test_money_is_exact_to_the_cent(bench: Bench, cell: str, decimal: str, cents: object) -> None:
    assert parse(bench, FileKind.SALES, "amount", cell, decimal, "iso") == cents


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("stock_quantity", "12", 12),
        ("stock_quantity", "12,00", 12),
        ("stock_quantity", "12,5", "BAD_NUMBER"),
        ("vintage", "2021", 2021),
        ("vintage", "20211", "OUT_OF_RANGE"),
        ("volume_cl", "75", 750),
        ("volume_cl", "37,5 cl", 375),
        ("volume_cl", "1,5 L", 1500),
        ("volume_cl", "0", "OUT_OF_RANGE"),
        ("volume_cl", "100001", "OUT_OF_RANGE"),
        ("units_per_pack", "3760123456789", "OUT_OF_RANGE"),
        ("price_ttc", "-1", "OUT_OF_RANGE"),
        ("margin", "35 %", 0.35),
        ("margin", "0,1234567", 0.123457),
        ("is_active", "Oui", True),
        ("is_active", "FAUX", False),
        ("is_active", "peut-être", "BAD_BOOLEAN"),
    ],
)
def test_product_cells(bench: Bench, name: str, cell: str, value: object) -> None:
    assert parse(bench, FileKind.PRODUCTS, name, cell, ",", "iso") == value


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("2024-02-29", "iso", "2024-02-29"),
        ("2024-02-30", "iso", "BAD_DATE"),
        ("2010-12-01 08:26:00", "iso", "2010-12-01"),
        ("2010-12-01T08:26:00.123Z", "iso", "2010-12-01"),
        ("2010-12-01 24h", "iso", "BAD_DATE"),
        ("03/04/2025", "dmy", "2025-04-03"),
        ("03/04/2025", "mdy", "2025-03-04"),
        ("3.4.2025 18:05", "dmy", "2025-04-03"),
        ("03-04-2025", "dmy", "2025-04-03"),
        ("12/31/2025 6:05 PM", "mdy", "2025-12-31"),
        ("31/12/2025", "mdy", "BAD_DATE"),
        ("03/04/2025", "iso", "BAD_DATE"),
        ("2025-12-31", "dmy", "2025-12-31"),
        ("03/04/25", "dmy", "BAD_DATE"),
        ("0001-01-01", "iso", "OUT_OF_RANGE"),
        ("infinity", "iso", "BAD_DATE"),
    ],
)
def test_dates(bench: Bench, cell: str, order: str, day: str) -> None:
    assert parse(bench, FileKind.SALES, "sale_date", cell, ".", order) == day


SALES = "document;product_key;client_code;quantity;amount;date\n"


def line(amount: str, day: str) -> str:
    return f"D1;P1;C1;1;{amount};{day}\n"


@pytest.mark.parametrize(
    ("amounts", "days", "decimal", "order"),
    [
        (["1,234", "12,50"], ["2025-01-02", "2025-01-03"], ",", "iso"),
        (["1.234", "12.5"], ["01/02/2025", "13/02/2025"], ".", "dmy"),
        (["12", "13"], ["01/02/2025", "02/13/2025"], ".", "mdy"),
        (["1.234,5", "7"], ["05/05/2025", "06/06/2025"], ",", "dmy"),
    ],
)
def test_the_whole_column_settles_the_format(
    bench: Bench, amounts: list[str], days: list[str], decimal: str, order: str
) -> None:
    text = SALES + "".join(map(line, amounts, days))
    formats = bench.parse(text)[0].formats
    assert (formats.decimal, formats.date_order) == (decimal, order)


@pytest.mark.parametrize(
    ("amount", "day", "question", "options"),
    [
        ("1.234", "2025-01-02", "decimal", (".", ",")),
        ("1,234", "2025-01-02", "decimal", (".", ",")),
        ("12", "03/04/2025", "date_order", ("dmy", "mdy")),
    ],
)
def test_what_the_file_does_not_settle_is_asked(
    bench: Bench, amount: str, day: str, question: str, options: tuple[str, ...]
) -> None:
    with pytest.raises(QuestionOpen) as asked:
        bench.parse(SALES + line(amount, day))
    assert (asked.value.question, asked.value.options) == (question, options)


def test_all_issues_of_a_row_are_collected_and_only_it_is_lost(bench: Bench) -> None:
    text = (
        SALES
        + ";P1;C1;x;;32/01/2025\n"
        + "D1;P1;;2;9.90;2025-01-31\n"
        + "D2;;C1;1;2.5;2030-01-01\n"
    )
    bench.parse(text)
    assert bench.codes() == [
        (2, "amount", "MISSING_VALUE"),
        (2, "document_id", "MISSING_VALUE"),
        (2, "quantity", "BAD_NUMBER"),
        (2, "sale_date", "BAD_DATE"),
        (4, "product_key", "MISSING_VALUE"),
        (4, "sale_date", "FUTURE_DATE"),
    ]
    assert bench.rows("SELECT line, customer, quantity_milli, amount_cents FROM f_rows") == [
        (3, None, 2000, 990)
    ]


COLUMNS = {
    "document_id": "doc",
    "product_key": "art",
    "client_code": "cli",
    "quantity": "qte",
    "sale_date": "jour",
}


@pytest.mark.parametrize(
    ("derive", "header", "cells", "cents"),
    [
        ({"op": "multiply", "of": ["qte", "pu"]}, "pu", "2.55", 765),
        ({"op": "multiply", "of": ["qte", "pu"]}, "pu", "0.335", 101),
        ({"op": "multiply", "of": ["qte", "pu"]}, "pu", "523561.91", 157068573),
        ({"op": "add_tax", "of": "ht", "rate": "0.20"}, "ht", "10.10", 1212),
        ({"op": "add_tax", "of": "ht", "rate": "5.5 %"}, "ht", "0.10", 11),
    ],
)
def test_amounts_are_derived_exactly(
    bench: Bench, derive: dict[str, object], header: str, cells: str, cents: int
) -> None:
    mapping = ColumnMapping(kind=FileKind.SALES, columns=COLUMNS, derive={"amount": derive})
    text = (
        f"doc,art,cli,qte,jour,{header}\nD1,P1,C1,3,2025-01-31,{cells}\nD1,P1,C2,3,2025-01-31,x\n"
    )
    bench.parse(text, mapping=mapping)
    assert bench.rows("SELECT amount_cents FROM f_rows") == [(cents,)]
    assert bench.codes() == [(3, "amount", "BAD_NUMBER")]


def test_currencies_are_converted_at_a_rate_or_rejected(bench: Bench) -> None:
    columns = {**COLUMNS, "amount": "total", "currency": "dev"}
    mapping = ColumnMapping(kind=FileKind.SALES, columns=columns, rates={"CHF": "1.05"})
    rows = [("10.1", "EUR"), ("10.1", "chf"), ("10.1", ""), ("10.1", "USD")]
    text = "doc,art,cli,qte,jour,total,dev\n" + "".join(
        f"D{k},P1,C1,1,2025-01-31,{total},{name}\n" for k, (total, name) in enumerate(rows)
    )
    bench.parse(text, mapping=mapping)
    assert bench.rows("SELECT amount_cents FROM f_rows ORDER BY line") == [
        (1010,),
        (1061,),
        (1010,),
    ]
    assert bench.codes() == [(5, "currency", "CURRENCY_UNKNOWN")]


def test_inverse_constant_and_lookup(bench: Bench) -> None:
    mapping = ColumnMapping(
        kind=FileKind.CLIENTS,
        columns={"client_code": "c", "email_opt_out": "Newsletter"},
        inverse=("email_opt_out",),
        constants={"country": "FR"},
        derive={"customer_type": {"op": "lookup", "of": "t", "table": {"1": "pro", "2": "part"}}},
    )
    bench.parse("c;Newsletter;t\n1;oui;1\n2;non;2\n3;;pro\n", mapping=mapping)
    assert bench.rows("SELECT email_opt_out, country, customer_type FROM f_rows ORDER BY line") == [
        (False, "FR", "trade"),
        (True, "FR", "private"),
        (None, "FR", "trade"),
    ]


@pytest.mark.parametrize(
    "text", ["=1", "'=x", "a;=b;-1", "a\n@b", '"=x', "'\"+y", "tis'", "a\t\t=b", "-1,5", "'-5"]
)
def test_what_an_export_guards_comes_back(bench: Bench, text: str) -> None:
    bench.con.execute("CREATE TABLE guarded AS SELECT ? AS cell", [escape(text)])
    assert bench.rows(f"SELECT {cell_sql('cell', own_export=True)} FROM guarded") == [(text,)]


def test_own_exports_lose_exactly_one_guarding_quote(bench: Bench) -> None:
    names = [*(column.name for column in CLIENT_COLUMNS), OWN_MARK]
    cells = {"client_code": "'=1+1", "phone": "'+33612345678", "name": "''=x", "first_name": "'a"}
    line = ",".join(cells.get(name, "") for name in names)
    query = "SELECT customer, phone, name, first_name FROM f_rows"
    bench.parse(f"{','.join(names)}\n{line}\n")
    assert bench.rows(query) == [("=1+1", "+33612345678", "'=x", "'a")]
    bench.parse(f"{','.join(names[:-1])}\n{line.removesuffix(',')}\n")
    assert bench.rows(query) == [("'=1+1", "'+33612345678", "''=x", "'a")]


def test_a_mapping_that_does_not_fit_is_refused_by_name(bench: Bench) -> None:
    mapping = ColumnMapping(kind=FileKind.CLIENTS, columns={"client_code": "Code"})
    with pytest.raises(Refused, match='"Code"'):
        bench.parse("a,b\n1,2\n", mapping=mapping)
    with pytest.raises(Refused, match="amount"):
        bench.parse(
            "doc,art,cli,qte,jour\n", mapping=ColumnMapping(kind=FileKind.SALES, columns=COLUMNS)
        )


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\r", "\n", NBSP, NARROW, "\u2007", "\u2009", "\ufeff"]
)
def test_blanks_at_the_ends_of_a_cell_are_left_out(bench: Bench, blank: str) -> None:
    cells = {
        f"{blank}a{blank}b{blank} ": f"a{blank}b",
        f"é{blank}": "é",
        f" {blank}": None,
        f"{blank}\u0301a": "\u0301a",
        f"a\n{blank}\nb": f"a\n{blank}\nb",
    }
    for cell, expected in cells.items():
        written = f"(SELECT {quote_literal(cell)} AS c0)"
        assert bench.rows(f"SELECT {cell_sql('c0', False)} FROM {written}") == [(expected,)]
