"""The rejected rows of a file of an import, to be corrected and submitted again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePath

from duckdb import DuckDBPyConnection
from duckdb import connect as open_duckdb

from core.errors import NotFound
from core.i18n import N_, translate
from core.ingest.issues import ISSUES
from core.ingest.received import (
    ReceivedRecord,
    WantedLine,
    cell_text,
    read_received,
    write_cell,
)
from core.ingest.source import ReadLimits
from core.services.csv_cells import escape, unescape
from core.services.import_ledger import entry_of
from core.services.import_sources import RowSource, sources_of
from core.services.import_work import limits_of
from core.services.reject_file import (
    FileFormat,
    RejectedRow,
    delimited_pieces,
    extra_headers,
    find_mark,
    format_of,
    received_cells,
    whole_record,
    workbook_pieces,
)
from core.store.imports import Origin
from core.store.tenant import TenantStore

_NO_FILE = N_("There is no such file of this import, or it was not read yet.")
_REJECTS = N_("rejects")  # end of the file's name
_ROWS_AT_ONCE = 5_000
# `source` is the place of the file a row is taken from: 0 the original, then its corrections.
_REJECTED = """
CREATE TABLE rejected AS
SELECT line, line AS own_line, 0 AS source, bool_or(column_name IS NULL) AS is_record,
    coalesce(list(DISTINCT column_name ORDER BY column_name), []) AS columns,
    list(DISTINCT code ORDER BY code) AS codes
FROM read_parquet(?) WHERE rejects GROUP BY line
"""
_CORRECTED = """
UPDATE rejected SET source = ?, own_line = corrected.own_line
FROM read_parquet(?) AS corrected WHERE corrected.line = rejected.line
"""
_OF_SOURCE = """
SELECT line, own_line, is_record, list_filter(columns, lambda name: name IS NOT NULL), codes
FROM rejected WHERE source = ? ORDER BY own_line
"""


@dataclass(frozen=True, kw_only=True)
class RejectsFile:
    """A file to download: its name and its bytes in pieces."""

    name: str
    content: Iterator[bytes]


@dataclass(frozen=True, kw_only=True)
class _Rejected:
    """Why the record at `line` was rejected; it stands at `own_line` of the file it came with."""

    line: int
    own_line: int
    is_record: bool
    columns: Sequence[str]
    codes: Sequence[str]


def rejects_file(store: TenantStore, import_id: str, file_no: int, language: str) -> RejectsFile:
    """Return the rows of file `file_no` that are rejected by now, written as that file is.

    They stand there as received, corrected ones as corrected last, with four columns at the end.
    A workbook gives a workbook. Raises `NotFound` before the first bytes.
    """
    entry = entry_of(store, import_id)
    if entry.origin == Origin.CORRECTION and entry.parent_id:
        entry = entry_of(store, entry.parent_id)
    sources = sources_of(store, entry, file_no)
    if not sources:
        raise NotFound(_NO_FILE)
    suffix = ".xlsx" if sources[0].dialect.container == "workbook" else None
    return RejectsFile(
        name=_name_of(sources[0].name, suffix, language),
        content=_pieces(sources, limits_of(store.store.settings), language),
    )


@dataclass(frozen=True, kw_only=True)
class SentRow:
    """A rejected row as downloaded: the texts of its cells under the original's headers."""

    line: int
    cells: tuple[str, ...]
    is_record: bool
    codes: tuple[str, ...]


def sent_rows(sources: Sequence[RowSource], limits: ReadLimits) -> Iterator[SentRow]:
    """Yield every row that is rejected by now, in no order, as it would be downloaded."""
    with open_duckdb() as con:
        _create_rejected(con, sources)
        for place in range(len(sources)):
            for rejected, cells in _cells_of(con, place, sources, limits):
                texts = (cell_text(cell.encode("utf-8", "surrogateescape")) for cell in cells)
                yield SentRow(
                    line=rejected.line,
                    cells=tuple(unescape(text) for text in texts),
                    is_record=rejected.is_record,
                    codes=tuple(rejected.codes),
                )


def _name_of(name: str, suffix: str | None, language: str) -> str:
    path = PurePath(name.removesuffix(".gz"))
    return f"{path.stem}_{translate(language, _REJECTS)}{suffix or path.suffix or '.csv'}"


def _pieces(sources: Sequence[RowSource], limits: ReadLimits, language: str) -> Iterator[bytes]:
    original = sources[0]
    dialect = original.dialect
    marked = extra_headers(original.import_id, original.file_no, language)
    header = _record_at(original, dialect.header_line, limits)
    width = len(dialect.headers)
    headers = received_cells(header, dialect.delimiter, width)
    with open_duckdb() as con:
        _create_rejected(con, sources)
        rows = chain.from_iterable(
            _rows_of(con, place, sources, limits, language) for place in range(len(sources))
        )
        if dialect.container == "workbook":
            yield from workbook_pieces(headers, rows, marked)
        else:
            yield from delimited_pieces(_format(sources, header, limits), headers, rows, marked)


def _record_at(source: RowSource, line: int, limits: ReadLimits) -> ReceivedRecord:
    wanted = [WantedLine(line=line)]
    return next(read_received(source.path, source.dialect, wanted, limits))


def _format(sources: Sequence[RowSource], header: ReceivedRecord, limits: ReadLimits) -> FileFormat:
    """Return the original's format; in UTF-8 when cp1252 may lack what a correction holds."""
    original = sources[0]
    first = _record_at(original, 1, limits)
    is_told = original.dialect.header_line > 1 and first.text.lower().startswith(b"sep=")
    found = format_of(original.path, original.dialect, header, is_told)
    others = {source.dialect.encoding for source in sources[1:]}
    if found.encoding == "cp1252" and others - {"cp1252"}:
        return replace(found, encoding="utf-8", has_mark=True)
    return found


def _create_rejected(con: DuckDBPyConnection, sources: Sequence[RowSource]) -> None:
    con.execute(_REJECTED, [str(sources[-1].issues)])
    for place, source in enumerate(sources):
        if source.corrected is not None:
            con.execute(_CORRECTED, [place, str(source.corrected)])


def _rows_of(
    con: DuckDBPyConnection,
    place: int,
    sources: Sequence[RowSource],
    limits: ReadLimits,
    language: str,
) -> Iterator[RejectedRow]:
    for rejected, cells in _cells_of(con, place, sources, limits):
        yield _told(rejected, cells, sources[0].headers_of, language)


def _cells_of(
    con: DuckDBPyConnection, place: int, sources: Sequence[RowSource], limits: ReadLimits
) -> Iterator[tuple[_Rejected, list[str]]]:
    source, original = sources[place], sources[0]
    delimiter, width = original.dialect.delimiter, len(original.dialect.headers)
    wanted = _wanted(con, place)
    records = read_received(source.path, source.dialect, wanted, limits, source.numbers)
    for rejected, record in zip(_rejected(con, place), records, strict=True):
        if place:
            yield rejected, _corrected_cells(record, source, original)
        elif rejected.is_record:
            text = record.text.decode("utf-8", errors="surrogateescape")
            yield rejected, whole_record(text, delimiter, width)
        else:
            yield rejected, received_cells(record, delimiter, width)


def _rejected(con: DuckDBPyConnection, place: int) -> Iterator[_Rejected]:
    found = con.cursor().execute(_OF_SOURCE, [place])
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        for line, own_line, is_record, columns, codes in rows:
            yield _Rejected(
                line=line, own_line=own_line, is_record=is_record, columns=columns, codes=codes
            )


def _wanted(con: DuckDBPyConnection, place: int) -> Iterator[WantedLine]:
    for rejected in _rejected(con, place):
        is_open = not place and "UNTERMINATED_QUOTE" in rejected.codes
        yield WantedLine(line=rejected.own_line, is_open=is_open)


def _corrected_cells(record: ReceivedRecord, source: RowSource, original: RowSource) -> list[str]:
    """Return the cells of a corrected row under the headers of the original."""
    cells = [cell_text(cell) for cell in record.cells]
    if find_mark(source.dialect.headers):
        cells = [unescape(cell) for cell in cells]
    there = dict(zip(source.plain_headers, cells, strict=False))
    delimiter = original.dialect.delimiter
    return [write_cell(escape(there.get(h, "")), delimiter) for h in original.dialect.headers]


def _told(
    rejected: _Rejected, cells: Sequence[str], headers_of: Mapping[str, str], language: str
) -> RejectedRow:
    sentences = (translate(language, ISSUES[code].sentence) for code in rejected.codes)
    return RejectedRow(
        line=rejected.line,
        cells=cells,
        columns=", ".join(headers_of.get(name, name) for name in rejected.columns),
        codes=", ".join(rejected.codes),
        sentences=" ".join(sentences),
    )
