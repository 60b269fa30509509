"""The contract check: text to typed rows, every issue of every row collected.

Tables made from the prefix `p`: `{p}_rows` (record, line, the fields of the kind, what
`core.ingest.identity` adds) and `{p}_issues` (record, line, column_name, value, code, rejects).
"""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.contract_rows import (
    ISSUE_COLUMNS,
    ParseOptions,
    Parsing,
    create_rows,
    insert_text,
    text_sources,
)
from core.ingest.dialect import Dialect
from core.ingest.mapping import ColumnMapping
from core.ingest.plain_read import parse_opened
from core.ingest.reader import RawTable
from core.ingest.settle import settle_formats
from core.ingest.sheet_numbers import write_numbers
from core.ingest.values import Formats, quote_literal

_SHOWN = 200  # letters of a cell that holds rows

# Two quotes too many, in one column of two rows, make the rows between them one cell.
_ROWS_IN_CELL = """
INSERT INTO {p}_issues
SELECT record, line, NULL, cell[:{shown}], 'ROWS_IN_CELL', false
FROM (UNPIVOT (SELECT record, line, {cells} FROM {raw}) ON {names} INTO NAME place VALUE cell)
"""
_HOLDS_ROWS = (
    "CASE WHEN contains({cell}, {end}) AND {delimiters} = {ends} * {inside} THEN {cell} END"
)

__all__ = ["ParseOptions", "ParsedFile", "parse_table", "restore_held"]


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

    The rows of a file that was only opened are read now. Raises `Refused` when the mapping does
    not fit the headers, `QuestionOpen` when the file does not settle its decimal sign or date
    order, `FileRefused` as `read_table` does.
    """
    mapping.check(raw.headers)
    work = Parsing(
        con=con, raw=raw, mapping=mapping, dialect=dialect, options=options, prefix=prefix
    )
    create_rows(work)
    formats = parse_opened(work) if raw.is_open else None
    if formats is None:
        formats = settle_formats(
            con, raw, mapping, options.tenant_currency, remembered=options.remembered
        )
        write_numbers(con, raw, mapping, formats.decimal)
    con.execute(
        f"INSERT INTO {prefix}_issues SELECT record, line, NULL, value, code, true "
        f"FROM {raw.bad_table}"
    )
    insert_text(work, text_sources(work, formats))
    if len(raw.headers) > 2:  # a delimiter and a line end in a text make no row of two cells
        _find_rows_in_cells(work)
    return ParsedFile(kind=mapping.kind, prefix=prefix, formats=formats)


def _find_rows_in_cells(work: Parsing) -> None:
    """Warn of cells in which as many delimiters stand to each line end as in the rows."""
    raw, dialect = work.raw, work.dialect

    def count(cell: str, text: str) -> str:
        return f"(length({cell}) - length(replace({cell}, {text}, ''))) // length({text})"

    names = [raw.column(header) for header in raw.headers]
    end, delimiter = quote_literal(dialect.line_end), quote_literal(dialect.delimiter)
    cells = (
        _HOLDS_ROWS.format(
            cell=name,
            end=end,
            ends=count(name, end),
            delimiters=count(name, delimiter),
            inside=len(names) - 1,
        )
        + f" AS {name}"
        for name in names
    )
    work.con.execute(
        _ROWS_IN_CELL.format(
            p=work.prefix,
            shown=_SHOWN,
            raw=raw.table,
            cells=", ".join(cells),
            names=", ".join(names),
        )
    )


def restore_held(con: DuckDBPyConnection, held: str, kind: FileKind, prefix: str) -> ParsedFile:
    """Return rows held by an earlier import, ready to be folded and compared again.

    `held` names a table with the columns of `{p}_held`.
    """
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_rows AS "
        f"SELECT * EXCLUDE (code, subject) FROM {held} ORDER BY record"
    )
    con.execute(f"CREATE OR REPLACE TABLE {prefix}_issues ({ISSUE_COLUMNS})")
    formats = Formats(decimal=".", date_order="iso", currency="", evidence={})
    return ParsedFile(kind=kind, prefix=prefix, formats=formats)
