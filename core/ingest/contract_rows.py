"""Rows judged by the contract: SQL over a table of cells gives typed rows and their issues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from duckdb import DuckDBPyConnection

from core.contracts import (
    BLANK_ALLOWED,
    COLUMNS,
    DUCKDB_TYPES,
    REQUIRED_GROUPS,
    ColumnType,
    FileKind,
)
from core.ingest.cells import ColumnSource, TextCells, column_source
from core.ingest.dialect import Dialect
from core.ingest.identity import identity_columns
from core.ingest.issues import ISSUES
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable
from core.ingest.values import Formats, cell_sql, quote_literal

ISSUE_COLUMNS = (
    "record BIGINT, line BIGINT, column_name VARCHAR, value VARCHAR, code VARCHAR, rejects BOOLEAN"
)
NOTHING_WRONG = "NULL"
# An opt-out counts whatever else is wrong with its row.
_OPT_OUTS = """
INSERT INTO {p}_rejected_opt_outs
SELECT record, line, {customer}, CASE WHEN regexp_matches({email}, {address}) THEN {email} END,
  {reason}, {since}
FROM {p}_typed
WHERE {wish} AND record IN (SELECT record FROM {p}_issues WHERE rejects)
"""
_OPT_OUTS_OF_NOBODY = "DELETE FROM {p}_rejected_opt_outs WHERE customer IS NULL AND email IS NULL"
_OPT_OUT_ISSUES = """
INSERT INTO {p}_issues
SELECT record, line, '{column}', NULL, 'OPT_OUT_TAKEN', false FROM {p}_rejected_opt_outs
ORDER BY record
"""
# Whom the rows name that are rejected: of somebody who was erased nothing is kept of them either.
_REJECTED_PEOPLE = """
INSERT INTO {p}_rejected_people
SELECT record, line, {customer}, {email} FROM {p}_typed
WHERE record IN (SELECT record FROM {p}_issues WHERE rejects)
"""
# Where each kind says that somebody is not to be written to: column, condition, reason, date.
_WISHES = {
    FileKind.CLIENTS: ("email_opt_out", "email_opt_out", "'opt_out'", "NULL"),
    FileKind.CONTACTS: (
        "status",
        "status IN ('unsubscribe', 'complaint')",
        "status",
        "contact_date",
    ),
}
_ADDRESS = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"


@dataclass(frozen=True, kw_only=True)
class ParseOptions:
    """What a file's rows are judged against: the import's date and the tenant's currency.

    `remembered` names what the mapping has from earlier files only (`date_order`, `decimal`):
    it stands where the cells leave a question, and gives way where they settle it otherwise.
    """

    as_of: date
    tenant_currency: str
    remembered: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Parsing:
    """One file on its way from text to typed rows; its tables begin with `prefix`."""

    con: DuckDBPyConnection
    raw: RawTable
    mapping: ColumnMapping
    dialect: Dialect
    options: ParseOptions
    prefix: str

    @property
    def kind(self) -> FileKind:
        """The kind of the file."""
        return self.mapping.kind


def trimmed_cells(work: Parsing, rows: str) -> str:
    """Return the relation of the cells that the mapping reads in `rows` of the raw table.

    Each cell is trimmed once, whatever is then asked of it; NULL where it is blank.
    """
    columns = sorted(work.raw.column(header) for header in work.mapping.used_headers())
    trimmed = [f"{cell_sql(name, work.dialect.own_export)} AS {name}" for name in columns]
    return f"(SELECT {', '.join(('record', 'line', *trimmed))} FROM {rows})"


def text_sources(work: Parsing, formats: Formats) -> tuple[ColumnSource, ...]:
    """Return the source of every contract column over `trimmed_cells`."""
    cells = TextCells(raw=work.raw, formats=formats)
    return tuple(
        column_source(column, work.mapping, cells, work.options.tenant_currency)
        for column in COLUMNS[work.kind]
    )


def code_sql(work: Parsing, source: ColumnSource, sources: Sequence[ColumnSource]) -> str:
    """Return SQL of the code of what is wrong with a cell of `source`; NULL where nothing is."""
    column = source.column
    codes = [] if source.certain else _own_codes(work, source)
    for group in REQUIRED_GROUPS[work.kind]:
        given = [s for s in sources if s.given and s.column.name in group]
        is_checked = len(given) == 1 and source.certain
        if given and given[0] is source and not is_checked:
            blank = " AND ".join(f"{s.cell} IS NULL" for s in given)
            codes.append(f"CASE WHEN {blank} THEN 'MISSING_VALUE' END")
    if column.type is ColumnType.EMAIL:
        codes.append(_email_code(work.kind, source.cell))
    return f"coalesce({', '.join(codes)})" if codes else NOTHING_WRONG


def _own_codes(work: Parsing, source: ColumnSource) -> list[str]:
    column = source.column
    codes = [source.parsed.code]
    if column.required and column.name not in BLANK_ALLOWED[work.kind]:
        codes.append(f"CASE WHEN {source.cell} IS NULL THEN 'MISSING_VALUE' END")
    if column.name == "sale_date":
        as_of = quote_literal(work.options.as_of.isoformat())
        codes.append(f"CASE WHEN {source.parsed.value} > DATE {as_of} THEN 'FUTURE_DATE' END")
    return codes


def _email_code(kind: FileKind, cell: str) -> str:
    malformed = f"WHEN NOT regexp_matches({cell}, {quote_literal(_ADDRESS)}) THEN 'MALFORMED_EMAIL'"
    missing = f"WHEN {cell} IS NULL THEN 'MISSING_EMAIL'" if kind is FileKind.CLIENTS else ""
    return f"CASE {missing} {malformed} END"


def create_rows(work: Parsing) -> None:
    """Create `{p}_rows`, `{p}_issues` and what is kept of rejected rows, without rows."""
    work.con.execute(f"CREATE OR REPLACE TABLE {work.prefix}_issues ({ISSUE_COLUMNS})")
    given = dict.fromkeys(_extra_cells(work), "NULL")
    nothing = "(SELECT CAST(NULL AS BIGINT) AS record, CAST(NULL AS BIGINT) AS line)"
    work.con.execute(
        f"CREATE OR REPLACE TABLE {work.prefix}_rows AS {_rows_sql(work, given, nothing)} LIMIT 0"
    )
    work.con.execute(
        f"CREATE OR REPLACE TABLE {work.prefix}_rejected_opt_outs (record BIGINT, line BIGINT,"
        " customer VARCHAR, email VARCHAR, reason VARCHAR, since DATE)"
    )
    work.con.execute(
        f"CREATE OR REPLACE TABLE {work.prefix}_rejected_people"
        " (record BIGINT, line BIGINT, customer VARCHAR, email VARCHAR)"
    )


def insert_plain(work: Parsing, table: str, sources: Sequence[ColumnSource]) -> None:
    """Take the rows of `table` into `{p}_rows`: nothing is wrong with any."""
    values = {s.column.field: s.parsed.value for s in sources if s.given} | _extra_cells(work)
    work.con.execute(f"INSERT INTO {work.prefix}_rows {_rows_sql(work, values, table)}")


def insert_text(work: Parsing, sources: Sequence[ColumnSource]) -> None:
    """Judge the cells of the raw table: rows into `{p}_rows`, what is wrong into `{p}_issues`."""
    insert_rows(work, work.raw.table, sources, partial(trimmed_cells, work))


def insert_rows(
    work: Parsing,
    table: str,
    sources: Sequence[ColumnSource],
    cells: Callable[[str], str] = str,
) -> None:
    """Judge the rows of `table` like `insert_text`; `cells` gives the relation of their cells."""
    con, prefix = work.con, work.prefix
    wrong = {
        source.column.field: code
        for source in sources
        if source.given and (code := code_sql(work, source, sources)) != NOTHING_WRONG
    }
    values = {s.column.field: s.parsed.value for s in sources if s.given} | _extra_cells(work)
    selected = [f"{value} AS {name}" for name, value in values.items()]
    codes = [f"{code} AS e_{field}" for field, code in wrong.items()]
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_typed AS"
        f" SELECT {', '.join(('record', 'line', *selected, *codes))} FROM {cells(table)}"
    )
    for source in sources:
        if source.column.field in wrong:
            _insert_issues(work, table, source, cells)
    good = (
        f"(FROM {prefix}_typed"
        f" WHERE record NOT IN (SELECT record FROM {prefix}_issues WHERE rejects))"
    )
    con.execute(
        f"INSERT INTO {prefix}_rows {_rows_sql(work, {name: name for name in values}, good)}"
    )
    given = {name: name if name in values else "NULL" for name in ("customer", "email")}
    con.execute(_REJECTED_PEOPLE.format(p=prefix, **given))
    if work.kind in _WISHES and _WISHES[work.kind][0] in values:
        _take_opt_outs(work, values)
    con.execute(f"DROP TABLE {prefix}_typed")


def _take_opt_outs(work: Parsing, values: Mapping[str, str]) -> None:
    column, wish, reason, since = _WISHES[work.kind]
    given = {name: name if name in values else "NULL" for name in ("customer", "email", since)}
    names = {"p": work.prefix, "column": column, "wish": wish, "reason": reason}
    names |= {"since": given[since], "customer": given["customer"], "email": given["email"]}
    for statement in (_OPT_OUTS, _OPT_OUTS_OF_NOBODY, _OPT_OUT_ISSUES):
        work.con.execute(statement.format(**names, address=quote_literal(_ADDRESS)))


def _rows_sql(work: Parsing, values: Mapping[str, str], table: str) -> str:
    """Return the SELECT of the columns of `{p}_rows`; `values` gives those that are not NULL."""
    fields = [
        f"{values.get(c.field, f'CAST(NULL AS {DUCKDB_TYPES[c.type]})')} AS {c.field}"
        for c in COLUMNS[work.kind]
    ]
    extra = [f"CAST({values[name]} AS VARCHAR) AS {name}" for name in _extra_cells(work)]
    inner = f"SELECT {', '.join(('record', 'line', *fields, *extra))} FROM {table}"
    return f"SELECT *{identity_columns(work.kind)} FROM ({inner})"


def _extra_cells(work: Parsing) -> dict[str, str]:
    """Return the cells that fill the records which the mapping creates."""
    return {
        f"extra_{what}_{field}": work.raw.column(header)
        for what, fields in work.mapping.create_missing.items()
        for field, header in fields.items()
    }


def _insert_issues(
    work: Parsing, table: str, source: ColumnSource, cells: Callable[[str], str]
) -> None:
    code = f"e_{source.column.field}"
    wrong = f"SELECT record FROM {work.prefix}_typed WHERE {code} IS NOT NULL"
    rows = cells(f"(FROM {table} WHERE record IN ({wrong}))")
    warnings = tuple(code for code, issue in ISSUES.items() if not issue.rejects)
    work.con.execute(
        f"INSERT INTO {work.prefix}_issues "
        f"SELECT record, t.line, {quote_literal(source.column.name)}, {source.shown}, "
        f"{code}, {code} NOT IN {warnings} "
        f"FROM {work.prefix}_typed AS t JOIN {rows} AS r USING (record) "
        f"WHERE {code} IS NOT NULL ORDER BY record"
    )
