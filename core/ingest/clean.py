"""The contract check: text to typed rows, every issue of every row collected.

Tables made from the prefix `p`: `{p}_rows` (record, line, the fields of the kind, what
`core.ingest.identity` adds) and `{p}_issues` (record, line, column_name, value, code, rejects).
"""

from dataclasses import dataclass
from datetime import date

from duckdb import DuckDBPyConnection

from core.contracts import (
    BLANK_ALLOWED,
    COLUMNS,
    DUCKDB_TYPES,
    REQUIRED_GROUPS,
    Column,
    ColumnType,
    FileKind,
)
from core.ingest.cells import ColumnSource, column_source
from core.ingest.dialect import Dialect
from core.ingest.identity import identity_columns
from core.ingest.issues import ISSUES
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable
from core.ingest.settle import settle_formats
from core.ingest.values import Formats, cell_sql, quote_literal

_ISSUE_COLUMNS = (
    "record BIGINT, line BIGINT, column_name VARCHAR, value VARCHAR, code VARCHAR, rejects BOOLEAN"
)
_ADDRESS = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"


@dataclass(frozen=True, kw_only=True)
class ParseOptions:
    """What a file's rows are judged against: the import's date and the tenant's currency."""

    as_of: date
    tenant_currency: str


@dataclass(frozen=True, kw_only=True)
class ParsedFile:
    """A file parsed into the tables that begin with `prefix`."""

    kind: FileKind
    prefix: str
    formats: Formats


def parse_table(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    dialect: Dialect,
    options: ParseOptions,
    prefix: str,
) -> ParsedFile:
    """Parse the raw table by the contract of the mapping's kind.

    Raises `Refused` when the mapping does not fit the headers, `QuestionOpen` when the file does
    not settle its decimal sign or date order.
    """
    mapping.check(raw.headers)
    formats = settle_formats(con, raw, mapping, dialect, options.tenant_currency)
    sources = [
        column_source(column, mapping, raw, dialect, formats, options.tenant_currency)
        for column in COLUMNS[mapping.kind]
    ]
    _create_typed(con, raw, mapping, sources, options, dialect, prefix)
    _create_issues(con, raw, sources, prefix)
    _create_rows(con, mapping, sources, prefix)
    return ParsedFile(kind=mapping.kind, prefix=prefix, formats=formats)


def restore_held(con: DuckDBPyConnection, held: str, kind: FileKind, prefix: str) -> ParsedFile:
    """Return rows held by an earlier import, ready to be folded and compared again.

    `held` names a table with the columns of `{p}_held`.
    """
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_rows AS "
        f"SELECT * EXCLUDE (code, subject) FROM {held} ORDER BY record"
    )
    con.execute(f"CREATE OR REPLACE TABLE {prefix}_issues ({_ISSUE_COLUMNS})")
    formats = Formats(decimal=".", date_order="iso", currency="", evidence={})
    return ParsedFile(kind=kind, prefix=prefix, formats=formats)


def _create_typed(
    con: DuckDBPyConnection,
    raw: RawTable,
    mapping: ColumnMapping,
    sources: list[ColumnSource],
    options: ParseOptions,
    dialect: Dialect,
    prefix: str,
) -> None:
    kind = mapping.kind
    values = [f"{s.parsed.value} AS {s.column.field}" for s in sources if s.given]
    codes = [
        f"{_code(kind, s, sources, options)} AS e_{s.column.field}" for s in sources if s.given
    ]
    extra = [
        f"{cell_sql(raw.column(header), dialect.own_export)} AS extra_{what}_{field}"
        for what, fields in mapping.create_missing.items()
        for field, header in fields.items()
    ]
    selected = ",\n  ".join(["record", "line", *values, *codes, *extra])
    con.execute(f"CREATE OR REPLACE TABLE {prefix}_typed AS SELECT\n  {selected}\nFROM {raw.table}")


def _code(
    kind: FileKind,
    source: ColumnSource,
    sources: list[ColumnSource],
    options: ParseOptions,
) -> str:
    column, cell = source.column, source.cell
    codes = [source.parsed.code]
    if column.required and column.name not in BLANK_ALLOWED[kind]:
        codes.append(f"CASE WHEN {cell} IS NULL THEN 'MISSING_VALUE' END")
    for group in REQUIRED_GROUPS[kind]:
        given = [s for s in sources if s.given and s.column.name in group]
        if given and given[0] is source:
            blank = " AND ".join(f"{s.cell} IS NULL" for s in given)
            codes.append(f"CASE WHEN {blank} THEN 'MISSING_VALUE' END")
    if column.name == "sale_date":
        as_of = quote_literal(options.as_of.isoformat())
        codes.append(f"CASE WHEN {source.parsed.value} > DATE {as_of} THEN 'FUTURE_DATE' END")
    if column.type is ColumnType.EMAIL:
        codes.append(_email_code(kind, cell))
    return f"coalesce({', '.join(codes)})"


def _email_code(kind: FileKind, cell: str) -> str:
    malformed = f"WHEN NOT regexp_matches({cell}, {quote_literal(_ADDRESS)}) THEN 'MALFORMED_EMAIL'"
    missing = f"WHEN {cell} IS NULL THEN 'MISSING_EMAIL'" if kind is FileKind.CLIENTS else ""
    return f"CASE {missing} {malformed} END"


def _create_issues(
    con: DuckDBPyConnection,
    raw: RawTable,
    sources: list[ColumnSource],
    prefix: str,
) -> None:
    con.execute(f"CREATE OR REPLACE TABLE {prefix}_issues ({_ISSUE_COLUMNS})")
    con.execute(
        f"INSERT INTO {prefix}_issues SELECT record, line, NULL, value, code, true "
        f"FROM {raw.bad_table}"
    )
    warnings = tuple(code for code, issue in ISSUES.items() if not issue.rejects)
    for source in sources:
        if source.given:
            con.execute(
                f"INSERT INTO {prefix}_issues "
                f"SELECT record, t.line, {quote_literal(source.column.name)}, {source.shown}, "
                f"e_{source.column.field}, e_{source.column.field} NOT IN {warnings} "
                f"FROM {prefix}_typed AS t JOIN {raw.table} AS r USING (record) "
                f"WHERE e_{source.column.field} IS NOT NULL ORDER BY record"
            )


def _create_rows(
    con: DuckDBPyConnection, mapping: ColumnMapping, sources: list[ColumnSource], prefix: str
) -> None:
    fields = [
        s.column.field if s.given else f"CAST(NULL AS {_type(s.column)}) AS {s.column.field}"
        for s in sources
    ]
    extra = [
        f"extra_{what}_{field}" for what, names in mapping.create_missing.items() for field in names
    ]
    inner = f"SELECT {', '.join(['record', 'line', *fields, *extra])} FROM {prefix}_typed"
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_rows AS "
        f"SELECT *{identity_columns(mapping.kind)} FROM ({inner}) "
        f"WHERE record NOT IN (SELECT record FROM {prefix}_issues WHERE rejects) ORDER BY record"
    )
    con.execute(f"DROP TABLE {prefix}_typed")


def _type(column: Column) -> str:
    return DUCKDB_TYPES[column.type]
