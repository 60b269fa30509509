"""Each warning rule, by the figures that just raise it and those that just do not."""

from dataclasses import replace
from typing import Any

import pytest

from core.contracts import FileKind
from core.i18n import LANGUAGES
from core.ingest.figures import FileFigures
from core.ingest.import_facts import EarlierFiles, FileFacts, ImportFacts, MonthLine
from core.ingest.warning_table import RULES, find_warnings
from core.services.import_warnings import months_text, warning_text

FIGURES = FileFigures(
    identities=100, known=0, median_cents=1_000, jumps=0, rows=100, filled={"amount": 100}
)
PERIOD = ("2026-01-03", "2026-03-28")
SALES = FileFacts(
    name="sales.csv",
    kind=FileKind.SALES,
    rows_in=100,
    loaded=100,
    held=0,
    rejected=0,
    opt_outs_kept=0,
    period=PERIOD,
    changed={},
    renumbered=0,
    figures=FIGURES,
)
CLIENTS = replace(
    SALES,
    name="clients.csv",
    kind=FileKind.CLIENTS,
    period=None,
    figures=replace(FIGURES, median_cents=None, filled={"email": 90, "phone": 0}),
)
PRODUCTS = replace(CLIENTS, name="products.csv", kind=FileKind.PRODUCTS)
BEFORE = EarlierFiles(identities=100, median_cents=1_000, period=PERIOD, filled={"amount": 1.0})
BEFORE_CLIENTS = EarlierFiles(
    identities=160, median_cents=None, period=None, filled={"email": 0.9, "phone": 0.0}
)


def months(*counts: tuple[str, int, int]) -> list[MonthLine]:
    return [MonthLine(month=m, rows_before=b, rows_after=a) for m, b, a in counts]


QUARTER = months(("2026-01", 0, 30), ("2026-02", 0, 40), ("2026-03", 0, 30))


def sales(**changed: Any) -> ImportFacts:
    """Return an import of one sales file that differs from a harmless one as told."""
    figures = {key: changed.pop(key) for key in list(changed) if hasattr(FIGURES, key)}
    file = replace(SALES, figures=replace(FIGURES, **figures), **changed)
    return ImportFacts(files=[file], earlier={FileKind.SALES: BEFORE}, months=QUARTER)


def clients(before: EarlierFiles = BEFORE_CLIENTS, **changed: Any) -> ImportFacts:
    figures = {key: changed.pop(key) for key in list(changed) if hasattr(FIGURES, key)}
    file = replace(CLIENTS, figures=replace(CLIENTS.figures, **figures), **changed)
    return ImportFacts(files=[file], earlier={FileKind.CLIENTS: before})


def of(facts: ImportFacts, *lines: tuple[str, int, int]) -> ImportFacts:
    return replace(facts, months=months(*lines))


def codes(facts: ImportFacts) -> list[str]:
    return [code for code, _ in find_warnings(facts)]


@pytest.mark.parametrize("facts", [sales(), clients(), ImportFacts(files=[])])
def test_nothing_is_said_of_a_usual_import(facts: ImportFacts) -> None:
    assert codes(facts) == []


@pytest.mark.parametrize(
    ("code", "raises", "silent"),
    [
        ("SHRUNK", clients(identities=80), clients(identities=96)),
        ("SHRUNK", sales(identities=50), sales(identities=50, period=("2026-03-01", "2026-03-28"))),
        ("SHRUNK", clients(identities=5), clients(replace(BEFORE_CLIENTS, identities=19))),
        ("PRICE_JUMP", sales(known=10, jumps=5), sales(known=10, jumps=4)),
        ("PRICE_JUMP", sales(known=3, jumps=3), sales(known=2, jumps=2)),
        ("PRICE_LEVEL", sales(median_cents=10_000), sales(median_cents=9_999)),
        ("PRICE_LEVEL", sales(median_cents=100), sales(median_cents=101)),
        ("PRICE_LEVEL", sales(median_cents=1), sales(median_cents=None)),
        (
            "ONE_DAY",
            sales(period=("2026-03-28", "2026-03-28"), identities=70),
            sales(period=("2026-03-28", "2026-03-28"), identities=49),
        ),
        ("OLD_DATES", sales(period=("1970-01-01", "2026-03-28")), sales(period=PERIOD)),
        ("MANY_REJECTED", sales(rejected=6), sales(rejected=5)),
        ("MANY_HELD", sales(held=21), sales(held=20)),
        (
            "MANY_CHANGED",
            clients(known=10, changed={"name": 6}),
            clients(known=10, changed={"name": 5}),
        ),
        (
            "MANY_CHANGED",
            clients(known=10, changed={"name": 9}),
            clients(known=9, changed={"name": 9}),
        ),
        (
            "EMPTY_COLUMN",
            clients(filled={"email": 0, "phone": 0}),
            clients(filled={"email": 1, "phone": 0}),
        ),
        ("NOTHING_NEW", sales(loaded=0), sales(loaded=0, held=1)),
        ("NOTHING_NEW", sales(loaded=0), replace(sales(loaded=0), released=1)),
        ("RENUMBERED", sales(renumbered=1), sales()),
        ("OPT_OUTS_KEPT", clients(opt_outs_kept=1), clients()),
        ("MANY_OPT_OUTS", replace(clients(), leaving=3, customers=6), clients()),
        (
            "COUNTED_TWICE",
            of(sales(), ("2026-01", 20, 36), ("2026-02", 20, 20)),
            of(sales(), ("2026-01", 20, 35), ("2026-02", 20, 40)),
        ),
        (
            "MISSING_MONTH",
            of(sales(), ("2026-01", 0, 9), ("2026-02", 0, 0), ("2026-03", 0, 9)),
            of(sales(), ("2026-01", 0, 9), ("2026-02", 0, 1), ("2026-03", 0, 9)),
        ),
    ],
)
def test_a_rule_stops_where_it_should(code: str, raises: ImportFacts, silent: ImportFacts) -> None:
    assert code in codes(raises)
    assert code not in codes(silent)


@pytest.mark.parametrize(
    ("period", "missing"),
    [
        pytest.param(("2026-06-01", "2026-06-30"), ["2026-04", "2026-05"], id="a hole before"),
        pytest.param(("2025-10-01", "2025-10-30"), ["2025-11"], id="a hole after"),
        pytest.param(("2026-01-01", "2026-02-27"), None, id="a hole elsewhere was there before"),
        pytest.param(("2025-10-01", "2026-06-30"), ["2025-11", "2026-04", "2026-05"], id="inside"),
    ],
)
def test_a_missing_month_is_told_when_it_touches_the_files(
    period: tuple[str, str], missing: list[str] | None
) -> None:
    filled = {"2025-10", "2025-12", "2026-01", "2026-02", "2026-03", "2026-06"}
    line = ["2025-10", "2025-11", "2025-12", *(f"2026-0{n}" for n in range(1, 7))]
    facts = of(sales(period=period), *((m, 0, 5 if m in filled else 0) for m in line))
    told = [warned.values["months"] for code, warned in find_warnings(facts)]
    assert told == ([missing] if missing else [])


def test_a_first_import_is_compared_with_nothing() -> None:
    first = replace(sales(identities=3, median_cents=1), earlier={})
    assert codes(first) == []


def test_a_shop_that_exports_every_day_is_not_asked_about_it() -> None:
    day = ("2026-03-28", "2026-03-28")
    daily = replace(BEFORE, period=("2026-03-27", "2026-03-27"))
    assert "ONE_DAY" not in codes(
        replace(sales(period=day), earlier={FileKind.SALES: daily}, months=())
    )


def test_stock_changes_in_every_export() -> None:
    stock = replace(PRODUCTS, changed={"stock_quantity": 90}, figures=replace(FIGURES, known=90))
    assert codes(ImportFacts(files=[stock])) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", RULES)
def test_every_warning_can_be_said(code: str, language: str) -> None:
    values = {
        "count": 1200, "rows": 2000, "known": 3, "now": 4, "before": 5, "leaving": 6,
        "customers": 7, "kind": "sales", "column": "name", "day": "2026-03-14",
        "months": ["2026-02"], "now_cents": 950, "before_cents": 95,
    }  # fmt: skip
    sentence, remedy = warning_text({"code": code, "values": values}, language, "EUR")
    assert "%(" not in sentence + remedy
    assert sentence.endswith(".")
    assert remedy.endswith(".")


def test_many_months_are_counted_rather_than_listed() -> None:
    twelve = [f"2025-{n:02d}" for n in range(1, 13)]
    assert months_text(twelve[:2], "en") == "January 2025, February 2025"
    assert months_text(twelve, "en").endswith("June 2025 and 6 more")


def test_prices_that_jump_are_told_once() -> None:
    figures = replace(FIGURES, known=10, jumps=10)
    file = replace(PRODUCTS, changed={"price_ttc": 10}, figures=figures)
    assert codes(ImportFacts(files=[file])) == ["PRICE_JUMP"]
