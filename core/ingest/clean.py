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

# Two quotes too many, in one column of two rows, make the rows between them one cell. Then each
# line in it has as many delimiters as a row, the first and the last together as many as another.
_ROWS_IN_CELL = """
INSERT INTO {p}_issues
SELECT record, line, NULL, cell[:{shown}], 'ROWS_IN_CELL', false
FROM (
  SELECT *, list_transform(
    string_split(cell, {end}),
    lambda piece: (length(piece) - length(replace(piece, {delimiter}, ''))) // length({delimiter})
  ) AS inside
  FROM (
    SELECT record, line, unnest(cells) AS cell, generate_subscripts(cells, 1) AS place
    FROM (SELECT record, line, [{cells}] AS cells FROM {raw} WHERE contains(concat({cells}), {end}))
  ) WHERE contains(cell, {end})
)
WHERE inside[1] = {width} - place AND inside[-1] = place - 1
  AND len(list_filter(inside[2:-2], lambda number: number <> {width} - 1)) = 0
"""

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
    # A workbook has no quotes; in two columns, any text of two lines with a delimiter looks so.
    if dialect.container != "workbook" and len(raw.headers) > 2:
        _find_rows_in_cells(work)
    return ParsedFile(kind=mapping.kind, prefix=prefix, formats=formats)


def _find_rows_in_cells(work: Parsing) -> None:
    """Warn of cells that look like whole rows: what is between two quotes too many."""
    raw, dialect = work.raw, work.dialect
    work.con.execute(
        _ROWS_IN_CELL.format(
            p=work.prefix,
            shown=_SHOWN,
            end=quote_literal(dialect.line_end),
            delimiter=quote_literal(dialect.delimiter),
            cells=", ".join(raw.column(header) for header in raw.headers),
            raw=raw.table,
            width=len(raw.headers),
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
