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
from core.ingest.values import Formats

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
        formats = settle_formats(con, raw, mapping, options.tenant_currency)
        write_numbers(con, raw, mapping, formats.decimal)
    con.execute(
        f"INSERT INTO {prefix}_issues SELECT record, line, NULL, value, code, true "
        f"FROM {raw.bad_table}"
    )
    insert_text(work, text_sources(work, formats))
    return ParsedFile(kind=mapping.kind, prefix=prefix, formats=formats)


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
