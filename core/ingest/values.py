"""Text of a cell to a typed value: the SQL expressions, one pair per column type.

Every expression takes a *cell*: an SQL expression of trimmed text, NULL when blank. Numbers go
through exact decimals, never through floating point; halves are rounded away from zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.contracts import DUCKDB_TYPES, Column, ColumnType
from core.ingest.findings import Findings

_BLANKS = " \t\r\n\u00a0\u202f\u2007\u2009\ufeff"
_BLANK_END = rf"\A[{_BLANKS}]|[{_BLANKS}]\z"
_THOUSANDS = " '’\u00a0\u202f\u2009"
_TRUE = ("oui", "o", "yes", "y", "1", "vrai", "true", "x", "on")
_FALSE = ("non", "n", "no", "0", "faux", "false", "off")
_MAX_TEXT = {ColumnType.CODE: 200, ColumnType.EMAIL: 320}
_MAX_OTHER_TEXT = 10_000
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)
_TIME = (
    r"(?:(?:\s*T\s*|\s+)\d{1,2}[:h]\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
ISO_DATE = rf"^(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}$"
LOCAL_DATE = rf"^(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_TIME}$"
_UNITS = {"cl": 1, "l": 100, "ml": 0.1}  # centilitres
CURRENCY_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF", "JPY": "¥", "CAD": "$"}

# An own export puts one apostrophe before a part of a cell that a spreadsheet would take for a
# formula; a part begins at the start and after `;`, tab and line ends. The mark (a private-use
# character) lets the second expression see every beginning.
_MARK = "\ue0ff"
_PART_END = r"([;\t\r\n])"
_GUARDED = _MARK + r"'(['\"]*[=+\-@\t\r])"


@dataclass(frozen=True, kw_only=True)
class ParsedColumn:
    """SQL of one column: its typed value and the code of what is wrong with it, or NULL."""

    value: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Formats:
    """What the whole file settled: the decimal sign, the order of its dates, the currency sign."""

    decimal: str
    date_order: str
    currency: str
    evidence: Findings


def quote_literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def cell_sql(column: str, own_export: bool) -> str:
    """Return the trimmed text of a raw column, NULL when blank."""
    blanks = quote_literal(_BLANKS)
    if own_export:
        return f"nullif(trim({_unguarded(column)}, {blanks}), '')"
    # Few cells have any, and to look takes a quarter of the time.
    found = f"regexp_matches({column}, {quote_literal(_BLANK_END)})"
    return f"nullif(CASE WHEN {found} THEN trim({column}, {blanks}) ELSE {column} END, '')"


def _unguarded(column: str) -> str:
    marked = f"regexp_replace('{_MARK}' || {column}, '{_PART_END}', '\\1{_MARK}', 'g')"
    plain = f"regexp_replace({marked}, {quote_literal(_GUARDED)}, '\\1', 'g')"
    kept = f"replace({plain}, '{_MARK}', '')"
    return f"CASE WHEN contains({column}, chr(39)) THEN {kept} ELSE {column} END"


def number_text(cell: str, formats: Formats) -> str:
    """Return SQL of the plain decimal text (`-1234.5`) of a number cell, NULL when it is none."""
    other = "." if formats.decimal == "," else ","
    point = "\\" + formats.decimal if formats.decimal == "." else ","
    groups = f"[{_THOUSANDS}\\{other}]"
    plain = rf"^[+-]?\d+({point}\d+)?$"
    body = _number_body(cell, formats.currency)
    grouped = rf"^[+-]?(\d+|\d{{1,3}}({groups}\d{{3}})+)?({point}\d*)?$"
    stripped = f"regexp_replace({body}, {quote_literal(groups)}, '', 'g')"
    return (
        f"CASE WHEN regexp_matches({cell}, {quote_literal(plain)}) "
        f"THEN replace({cell}, '{formats.decimal}', '.') "
        f"WHEN regexp_matches({body}, {quote_literal(grouped)}) "
        f"AND regexp_matches({body}, '[0-9]') "
        f"THEN replace({stripped}, '{formats.decimal}', '.') END"
    )


def _number_body(cell: str, currency: str) -> str:
    names = dict.fromkeys((currency, CURRENCY_SIGNS.get(currency, currency)))
    alternatives = "|".join(name.replace("$", r"\$") for name in names)
    around = rf"^(?:(?:{alternatives})[\s{_THOUSANDS}]*)|(?:[\s{_THOUSANDS}]*(?:{alternatives}))$"
    body = f"regexp_replace({cell}, {quote_literal(around)}, '')"
    return f"regexp_replace(replace({body}, '−', '-'), '^([+-]) +', '\\1')"


def longest_text(column: Column) -> int:
    """Return how many characters a text of `column` may have."""
    return _MAX_TEXT.get(column.type, _MAX_OTHER_TEXT)


def parse_column(column: Column, cell: str, formats: Formats) -> ParsedColumn:
    """Return the SQL that turns `cell` into the type of `column`."""
    kind = column.type
    if kind is ColumnType.BOOLEAN:
        return _parse_boolean(cell)
    if kind is ColumnType.DATE:
        return _parse_date(cell, formats.date_order)
    if kind is ColumnType.CHOICE:
        return _parse_choice(cell, column.choices)
    if kind in (ColumnType.TEXT, ColumnType.CODE, ColumnType.EMAIL):
        too_long = f"length({cell}) > {longest_text(column)}"
        return ParsedColumn(value=cell, code=f"CASE WHEN {too_long} THEN 'TOO_LONG' END")
    return parse_number(column, _number_of(column, cell, formats), cell)


def _number_of(column: Column, cell: str, formats: Formats) -> str:
    if column.type is ColumnType.VOLUME:
        unit = f"lower(regexp_extract({cell}, '(?i)[0-9] *(cl|ml|l)$', 1))"
        bare = f"regexp_replace({cell}, '(?i) *(cl|ml|l)$', '')"
        factor = " ".join(f"WHEN '{name}' THEN {value}" for name, value in _UNITS.items())
        text = number_text(bare, formats)
        return f"(TRY_CAST({text} AS DECIMAL(18, 6)) * CASE {unit} {factor} ELSE 1 END)"
    if column.type is ColumnType.DECIMAL:
        bare = f"trim(regexp_replace({cell}, '%$', ''))"
        text = number_text(bare, formats)
        share = f"CASE WHEN {cell} LIKE '%\\%' ESCAPE '\\' THEN 0.01 ELSE 1 END"
        return f"(TRY_CAST({text} AS DECIMAL(18, 6)) * {share})"
    return number_text(cell, formats)


_STORED = {
    ColumnType.MONEY: ("DECIMAL(12, 2)", 100),
    ColumnType.QUANTITY: ("DECIMAL(12, 3)", 1000),
    ColumnType.VOLUME: ("DECIMAL(12, 1)", 10),
    ColumnType.INTEGER: ("DECIMAL(18, 0)", 1),
    ColumnType.DECIMAL: ("DECIMAL(18, 6)", 1),
}


def parse_number(column: Column, number: str, cell: str) -> ParsedColumn:
    """Return the SQL that stores `number` (decimal or its text; NULL = none) as `column` does.

    `cell` is NULL exactly when the source is blank.
    """
    exact, factor = _STORED[column.type]
    typed = f"TRY_CAST({number} AS {exact})"
    value = f"CAST({typed} * {factor} AS {DUCKDB_TYPES[column.type]})"
    bounds = [
        f"{typed} {sign} {bound}"
        for sign, bound in (("<", column.minimum), (">", column.maximum))
        if bound is not None
    ]
    fraction = (
        f"WHEN regexp_matches(CAST({number} AS VARCHAR), '\\.[0-9]*[1-9]') THEN 'BAD_NUMBER' "
        if column.type is ColumnType.INTEGER
        else ""
    )
    outside = " OR ".join([f"{typed} IS NULL", *bounds])
    code = (
        f"CASE WHEN {cell} IS NULL THEN NULL WHEN {number} IS NULL THEN 'BAD_NUMBER' {fraction}"
        f"WHEN {outside} THEN 'OUT_OF_RANGE' END"
    )
    return ParsedColumn(value=value, code=code)


def _parse_boolean(cell: str) -> ParsedColumn:
    word = f"lower(strip_accents({cell}))"
    value = f"CASE WHEN {word} IN {_TRUE} THEN true WHEN {word} IN {_FALSE} THEN false END"
    known = (*_TRUE, *_FALSE)
    return ParsedColumn(value=value, code=f"CASE WHEN {word} NOT IN {known} THEN 'BAD_BOOLEAN' END")


def _parse_choice(cell: str, choices: Mapping[str, str]) -> ParsedColumn:
    word = f"regexp_replace(lower(strip_accents({cell})), '[^a-z0-9]', '', 'g')"
    cases = " ".join(
        f"WHEN {quote_literal(spelling)} THEN {quote_literal(value)}"
        for spelling, value in choices.items()
    )
    value = f"CASE {word} {cases} END"
    return ParsedColumn(
        value=value,
        code=f"CASE WHEN {cell} IS NOT NULL AND {value} IS NULL THEN 'BAD_CHOICE' END",
    )


def _parse_date(cell: str, order: str) -> ParsedColumn:
    iso = f"regexp_extract({cell}, {quote_literal(ISO_DATE)}, ['y', 'm', 'd'])"
    text = f"{iso}.y || '-' || {iso}.m || '-' || {iso}.d"
    if order in ("dmy", "mdy"):
        names = "['d', 'm', 'y']" if order == "dmy" else "['m', 'd', 'y']"
        local = f"regexp_extract({cell}, {quote_literal(LOCAL_DATE)}, {names})"
        other = f"{local}.y || '-' || {local}.m || '-' || {local}.d"
        text = f"CASE WHEN {iso}.y <> '' THEN {text} ELSE {other} END"
    value = f"TRY_CAST({text} AS DATE)"
    code = (
        f"CASE WHEN {cell} IS NULL THEN NULL WHEN {value} IS NULL THEN 'BAD_DATE' "
        f"WHEN {value} NOT BETWEEN DATE '{EARLIEST}' AND DATE '{LATEST}' THEN 'OUT_OF_RANGE' END"
    )
    return ParsedColumn(value=value, code=code)
