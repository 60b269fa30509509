"""The decimal sign and the order of dates, settled over whole columns or asked."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, ColumnType
from core.errors import QuestionOpen
from core.i18n import N_
from core.ingest.derive import NUMERIC, derivation_headers
from core.ingest.dialect import Dialect
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable
from core.ingest.values import LOCAL_DATE, Formats, quote_literal

_STRAY_SHARE = 0.05  # of the cells that may speak against the rest: they are errors, not evidence

# Cells that can be read in one way only: {0} the decimal sign, {1} the other one.
_SURE = (
    r"(\d{0}(\d{{1,2}}|\d{{4,}})\D*$)|({1}\d{{3}}.*{0})|({1}\d{{3}}{1})|(^\D*0{0}\d)"
    r"|([\s\x{{A0}}\x{{202F}}’']\d{{3}}{0})"
)
_COMMA, _POINT = _SURE.format(",", r"\."), _SURE.format(r"\.", ",")
_EITHER = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"


@dataclass(frozen=True, kw_only=True)
class _Votes:
    """Cells that speak for the first answer, for the second, and that fit both."""

    first: int
    second: int
    either: int

    def winner(self, answers: tuple[str, str]) -> str | None:
        """Return the answer the cells settle, None when they do not."""
        total = self.first + self.second
        if self.first > self.second and self.second <= _STRAY_SHARE * total:
            return answers[0]
        if self.second > self.first and self.first <= _STRAY_SHARE * total:
            return answers[1]
        return None


def settle_formats(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    dialect: Dialect,
    currency: str,
) -> Formats:
    """Return the file's decimal sign and date order.

    The mapping's word counts first. Raises `QuestionOpen` (`decimal` or `date_order`) when the
    cells fit both readings.
    """
    evidence: dict[str, str] = {}
    decimal = mapping.decimal or _settle_decimal(con, raw, mapping, dialect, evidence)
    order = mapping.date_order or _settle_dates(con, raw, mapping, evidence)
    return Formats(decimal=decimal, date_order=order, currency=currency, evidence=evidence)


def _settle_decimal(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    dialect: Dialect,
    evidence: dict[str, str],
) -> str:
    votes = _count(con, raw, _headers_of(mapping, NUMERIC), (_COMMA, _POINT, _EITHER))
    settled = votes.winner((",", "."))
    if settled is not None:
        cells = votes.first if settled == "," else votes.second
        evidence["decimal"] = f"{cells} cells can only be read with {settled!r}"
        return settled
    if dialect.container == "workbook" or votes.first + votes.second + votes.either == 0:
        return "."
    raise QuestionOpen(
        N_(
            "The file does not settle whether its numbers have a decimal point or a decimal "
            "comma (%(count)s cells fit both). Say which: decimal = . or ,"
        ),
        question="decimal",
        options=(".", ","),
        count=votes.either,
    )


def _settle_dates(
    con: DuckDBPyConnection, raw: RawTable, mapping: ColumnMapping, evidence: dict[str, str]
) -> str:
    first, second = (f"regexp_extract({{cell}}, {quote_literal(LOCAL_DATE)}, {k})" for k in (1, 2))
    tests = (
        f"TRY_CAST({first} AS INTEGER) > 12",
        f"TRY_CAST({second} AS INTEGER) > 12",
        f"{first} <> '' AND TRY_CAST({first} AS INTEGER) <> TRY_CAST({second} AS INTEGER)",
    )
    votes = _count_tests(con, raw, _headers_of(mapping, {ColumnType.DATE}), tests)
    settled = votes.winner(("dmy", "mdy"))
    if settled is not None:
        cells = votes.first if settled == "dmy" else votes.second
        place = "first" if settled == "dmy" else "second"
        evidence["date_order"] = f"{cells} dates have a number above 12 in {place} place"
        return settled
    if votes.either == 0:
        return "iso"
    raise QuestionOpen(
        N_(
            "The file does not settle whether its dates are day/month or month/day "
            "(%(count)s fit both). Say which: date_order = dmy or mdy"
        ),
        question="date_order",
        options=("dmy", "mdy"),
        count=votes.either,
    )


def _headers_of(mapping: ColumnMapping, types: Set[ColumnType]) -> list[str]:
    names = {c.name for c in COLUMNS[mapping.kind] if c.type in types}
    direct = [header for name, header in mapping.columns.items() if name in names]
    derived = [
        header
        for name, rule in mapping.derive.items()
        if name in names and rule["op"] != "lookup"
        for header in derivation_headers(rule)
    ]
    return list(dict.fromkeys(direct + derived))


def _count(
    con: DuckDBPyConnection, raw: RawTable, headers: Sequence[str], patterns: tuple[str, ...]
) -> _Votes:
    tests = tuple(f"regexp_matches({{cell}}, {quote_literal(p)})" for p in patterns)
    return _count_tests(con, raw, headers, tests)


def _count_tests(
    con: DuckDBPyConnection, raw: RawTable, headers: Sequence[str], tests: tuple[str, ...]
) -> _Votes:
    if not headers:
        return _Votes(first=0, second=0, either=0)
    sums = [
        " + ".join(
            f"count(*) FILTER ({test.replace('{cell}', f'trim({raw.column(header)})')})"
            for header in headers
        )
        for test in tests
    ]
    row = con.execute(f"SELECT {', '.join(sums)} FROM {raw.table}").fetchone()
    first, second, either = row if row is not None else (0, 0, 0)
    return _Votes(first=first, second=second, either=either)
