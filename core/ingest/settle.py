"""The decimal sign and the order of dates, settled over whole columns or asked."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import ColumnType
from core.errors import OpenExample, QuestionOpen
from core.i18n import N_
from core.ingest.derive import NUMERIC
from core.ingest.findings import Finding, found
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable
from core.ingest.values import LOCAL_DATE, Formats, quote_literal

_STRAY_SHARE = 0.05  # of the cells that may speak against the rest: they are errors, not evidence
_FEW_SHARE = 0.05  # of the cells: fewer do not outweigh what is remembered, they make it a question
_EXAMPLES = 2
_LOOKED_AT = 500  # ambiguous rows among which two different cells are looked for

# Cells that can be read in one way only: {0} the decimal sign, {1} the other one.
_SURE = (
    r"(\d{0}(\d{{1,2}}|\d{{4,}})\D*$)|({1}\d{{3}}.*{0})|({1}\d{{3}}{1})|(^\D*0{0}\d)"
    r"|([\s\x{{A0}}\x{{202F}}’']\d{{3}}{0})"
)
_COMMA, _POINT = _SURE.format(",", r"\."), _SURE.format(r"\.", ",")
_EITHER = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"
# What may stand between thousands, whatever the decimal sign, with its name.
_GROUPS = (
    (r"\d[ \x{A0}\x{202F}\x{2009}]\d{3}", N_("blanks")),
    (r"\d['’]\d{3}", N_("apostrophes")),
    (r"\d\.\d{3}", N_("points")),
    (r"\d,\d{3}", N_("commas")),
)
_SIGNS = {",": N_("a comma"), ".": N_("a point")}
_FIRST_PART, _SECOND_PART = (
    f"TRY_CAST(regexp_extract({{cell}}, {quote_literal(LOCAL_DATE)}, {k}) AS INTEGER)"
    for k in (1, 2)
)
_DATE_TESTS = (
    f"{_FIRST_PART} > 12",
    f"{_SECOND_PART} > 12",
    f"{_FIRST_PART} <> {_SECOND_PART}",
    f"{_FIRST_PART} = {_SECOND_PART}",
)
_BOTH_MONTHS = f"{_DATE_TESTS[2]} AND {_FIRST_PART} <= 12 AND {_SECOND_PART} <= 12"


@dataclass(frozen=True, kw_only=True)
class Votes:
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

    def settle(
        self, answers: tuple[str, str], said: str | None, *, is_remembered: bool
    ) -> tuple[str | None, bool]:
        """Return the answer, None when it is open, and whether it is the one that was `said`.

        What is remembered gives way to the cells; where few of them contradict it, that is open.
        """
        winner = self.winner(answers)
        if said is None or (is_remembered and winner == said):
            return winner, False
        if not is_remembered or winner is None:
            return said, True
        sure = self.first + self.second
        return (winner if sure >= _FEW_SHARE * (sure + self.either) else None), False

    def __add__(self, other: "Votes") -> "Votes":
        return Votes(
            first=self.first + other.first,
            second=self.second + other.second,
            either=self.either + other.either,
        )


NO_VOTES = Votes(first=0, second=0, either=0)


@dataclass(frozen=True, kw_only=True)
class CountedVotes:
    """Votes of cells that were counted while they were read and are in no table.

    Of `decimal` the answers are comma and point, of `dates` day first and month first.
    """

    decimal: Votes = NO_VOTES
    dates: Votes = NO_VOTES


def settle_formats(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    currency: str,
    counted: CountedVotes | None = None,
    remembered: Container[str] = (),
) -> Formats:
    """Return the file's decimal sign and date order, each with what it rests on.

    The mapping's word counts first, but last for what is `remembered` of earlier files only;
    `counted` is added to what the cells of `raw.table` say. Raises `QuestionOpen` (`decimal` or
    `date_order`) with two example rows when the cells fit both readings.
    """
    evidence: dict[str, Finding] = {}
    counted = counted or CountedVotes()
    decimal = _settle_decimal(con, raw, mapping, counted.decimal, evidence, remembered)
    order = _settle_dates(con, raw, mapping, counted.dates, evidence, remembered)
    return Formats(decimal=decimal, date_order=order, currency=currency, evidence=evidence)


def _settle_decimal(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    before: Votes,
    evidence: dict[str, Finding],
    remembered: Container[str],
) -> str:
    headers = mapping.headers_of(NUMERIC)
    patterns = (_COMMA, _POINT, _EITHER, *(pattern for pattern, _ in _GROUPS))
    counted = _count(con, raw, headers, patterns)
    votes = before + Votes(first=counted[0], second=counted[1], either=counted[2])
    settled, is_said = votes.settle(
        (",", "."), mapping.decimal, is_remembered="decimal" in remembered
    )
    if settled is not None:
        evidence["decimal"] = _decimal_evidence(settled, votes, is_said=is_said)
        evidence.update(_thousands_evidence(settled, counted[3:]))
        return settled
    if votes.first + votes.second + votes.either == 0:
        return "."
    raise QuestionOpen(
        N_(
            "The file does not settle whether its numbers have a decimal point or a decimal "
            "comma: %(count)s cells fit both."
        ),
        question="decimal",
        options=(".", ","),
        count=votes.either,
    ).with_examples(_find_examples(con, raw, headers, _matches(_EITHER)))


def _decimal_evidence(settled: str, votes: Votes, *, is_said: bool) -> Finding:
    sign = found(_SIGNS[settled])
    if is_said:
        return found(N_("Decimals with %(sign)s: as the mapping says."), sign=sign)
    return found(
        N_("Decimals with %(sign)s: %(count)s cells can be read in no other way."),
        sign=sign,
        count=votes.first if settled == "," else votes.second,
    )


def _thousands_evidence(decimal: str, counts: Sequence[int]) -> dict[str, Finding]:
    """Return what stands between thousands most often; nothing when no cell has any."""
    own = N_("commas") if decimal == "," else N_("points")
    named = [(n, name) for n, (_, name) in zip(counts, _GROUPS, strict=True) if name != own]
    most, name = max(named, key=lambda pair: pair[0])
    if most == 0:
        return {}
    message = N_("Thousands are divided by %(sign)s in %(count)s cells.")
    return {"thousands": found(message, sign=found(name), count=most)}


def _settle_dates(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    before: Votes,
    evidence: dict[str, Finding],
    remembered: Container[str],
) -> str:
    headers = mapping.headers_of({ColumnType.DATE})
    said = mapping.date_order
    if said is not None and "date_order" not in remembered:
        evidence["date_order"] = _said_order(said)
        return said
    first, second, either, alike = _count_tests(con, raw, headers, _DATE_TESTS)
    votes = before + Votes(first=first, second=second, either=either)
    settled, is_said = votes.settle(("dmy", "mdy"), said, is_remembered=True)
    if settled is not None:
        evidence["date_order"] = _said_order(settled) if is_said else _date_evidence(settled, votes)
        return settled
    if votes.either == 0:
        order, evidence_of = _any_order_does(alike)
        if headers:
            evidence["date_order"] = evidence_of
        return order
    raise QuestionOpen(
        N_(
            "The file does not settle whether its dates are in day/month or month/day "
            "order: %(count)s dates fit both."
        ),
        question="date_order",
        options=("dmy", "mdy"),
        count=votes.either,
    ).with_examples(_find_examples(con, raw, headers, _BOTH_MONTHS))


def _any_order_does(alike: int) -> tuple[str, Finding]:
    """Return the order of dates of which none can be read in two ways, `alike` of them local."""
    if alike:
        message = N_("Dates as %(order)s: day and month are the same number in all %(count)s.")
        return "dmy", found(message, order=_order("dmy"), count=alike)
    message = N_("Dates as %(order)s: no date is written in another way.")
    return "iso", found(message, order=_order("iso"))


def _said_order(order: str) -> Finding:
    return found(N_("Dates as %(order)s: as the mapping says."), order=_order(order))


def _date_evidence(settled: str, votes: Votes) -> Finding:
    if settled == "dmy":
        message = N_("Dates as %(order)s: %(count)s begin with a number above 12.")
        return found(message, order=_order(settled), count=votes.first)
    message = N_("Dates as %(order)s: %(count)s have a number above 12 in second place.")
    return found(message, order=_order(settled), count=votes.second)


def _order(order: str) -> Finding:
    names = {
        "iso": N_("year, month, day"),
        "dmy": N_("day, month, year"),
        "mdy": N_("month, day, year"),
    }
    return found(names[order])


def _matches(pattern: str) -> str:
    return f"regexp_matches({{cell}}, {quote_literal(pattern)})"


def _count(
    con: DuckDBPyConnection, raw: RawTable, headers: Sequence[str], patterns: Sequence[str]
) -> list[int]:
    return _count_tests(con, raw, headers, [_matches(pattern) for pattern in patterns])


def _count_tests(
    con: DuckDBPyConnection, raw: RawTable, headers: Sequence[str], tests: Sequence[str]
) -> list[int]:
    """Return for each test how many cells under `headers` pass it."""
    if not headers:
        return [0] * len(tests)
    sums = [
        " + ".join(
            f"count(*) FILTER ({test.replace('{cell}', f'trim({raw.column(header)})')})"
            for header in headers
        )
        for test in tests
    ]
    row = con.execute(f"SELECT {', '.join(sums)} FROM {raw.table}").fetchone()
    return list(row) if row is not None else [0] * len(tests)


def _find_examples(
    con: DuckDBPyConnection, raw: RawTable, headers: Sequence[str], test: str
) -> tuple[OpenExample, ...]:
    """Return the first rows whose cells pass `test`, with different cells where there are any."""
    examples: list[OpenExample] = []
    for header in headers:
        cell = f"trim({raw.column(header)})"
        rows = con.execute(
            f"SELECT line, {cell} FROM {raw.table} WHERE {test.replace('{cell}', cell)} "
            f"LIMIT {_LOOKED_AT}"
        ).fetchall()
        examples += [OpenExample(line=line, header=header, cell=text) for line, text in rows]
    examples.sort(key=lambda e: e.line)
    different = {example.cell: example for example in reversed(examples)}
    first = [example for example in examples if different[example.cell] is example]
    others = [example for example in examples if different[example.cell] is not example]
    return tuple((first + others)[:_EXAMPLES])
