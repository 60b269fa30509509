"""Rejected rows written the way their file is written, with four columns at the end.

A cell stands as it was received, quotes included; only a cell that a spreadsheet would take for a
formula gets one apostrophe (`core.services.csv_cells`), which is taken away again when the file
comes back. A record that is no row of the table stands whole in the first cell.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter

from core.i18n import LANGUAGES, N_, translate
from core.ingest.dialect import Dialect
from core.ingest.received import ReceivedRecord, cell_text, write_cell
from core.ingest.source import CP1252_CHARACTERS
from core.services.csv_cells import escape

EXTRA_COLUMNS = (N_("line"), N_("column"), N_("code"), N_("sentence"))
_MARKED = re.compile(r"^(.*) \(import ([0-9a-f]{8})\.([0-9]{1,4})\)$", re.DOTALL)
_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_CP1252 = codecs.charmap_build(CP1252_CHARACTERS)
_PLAIN_BLANKS = str.maketrans({"\u202f": "\u00a0"})  # cp1252 has no narrow no-break space
_CELL_CHARS = 32_767
_SHEET_ROWS = 1_048_576
_READ_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class RejectMark:
    """What the extra headers carry: the import (begin of its id) and its file."""

    import_start: str
    file_no: int


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """One row of the file: its cells as they are to stand there, and why it was rejected."""

    line: int
    cells: Sequence[str]
    columns: str
    codes: str
    sentences: str

    def extra_cells(self) -> tuple[str, ...]:
        """Return the cells under `EXTRA_COLUMNS`."""
        return (str(self.line), self.columns, self.codes, self.sentences)


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How the file is written: as the original was."""

    delimiter: str
    encoding: str
    line_end: str
    has_mark: bool = False
    tells_delimiter: bool = False

    def encode(self, text: str) -> bytes:
        """Return `text` in the file's encoding; what cp1252 lacks becomes a question mark."""
        if self.encoding == "cp1252":
            return codecs.charmap_encode(text.translate(_PLAIN_BLANKS), "replace", _CP1252)[0]
        lenient = "surrogateescape" if self.encoding == "utf-8" else "replace"
        return text.encode(self.encoding, lenient)


def extra_headers(import_id: str, file_no: int, language: str) -> tuple[str, ...]:
    """Return the headers of the extra columns, each marked with the import and its file.

    >>> extra_headers("3f2a9c41-0000-0000-0000-000000000000", 2, "en")[0]
    'line (import 3f2a9c41.2)'
    """
    words = (translate(language, name) for name in EXTRA_COLUMNS)
    return tuple(f"{word} (import {import_id[:8]}.{file_no})" for word in words)


def find_mark(headers: Iterable[str]) -> RejectMark | None:
    """Return the mark that one of the headers carries, or None."""
    for header in headers:
        found = _MARKED.match(header.strip())
        if found:
            return RejectMark(import_start=found[2], file_no=int(found[3]))
    return None


def is_line_header(header: str) -> bool:
    """Tell whether a header is that of the line numbers, in any language."""
    found = _MARKED.match(header.strip())
    names = (translate(language, EXTRA_COLUMNS[0]) for language in LANGUAGES)
    return found is not None and found[1] in names


def format_of(path: Path, dialect: Dialect, header: ReceivedRecord, is_told: bool) -> FileFormat:
    """Return how the file at `path` is written; `header` is its header record."""
    with path.open("rb") as stream:
        head = stream.read(len(codecs.BOM_UTF8))
    mark = _MARKS.get(dialect.encoding)
    # Without its mark a spreadsheet takes UTF-8 for cp1252 and gives damaged letters back.
    has_mark = dialect.encoding == "utf-8" or (mark is not None and head.startswith(mark))
    return FileFormat(
        delimiter=dialect.delimiter,
        encoding=dialect.encoding,
        line_end="\r\n" if header.ends_with_cr else dialect.line_end,
        has_mark=has_mark,
        tells_delimiter=is_told,
    )


def received_cells(record: ReceivedRecord, delimiter: str, width: int) -> list[str]:
    """Return the cells of a row as they were received, safe in a spreadsheet."""
    cells = [_safe(cell, delimiter) for cell in record.cells[:width]]
    return cells + [""] * (width - len(cells))


def _safe(cell: bytes, delimiter: str) -> str:
    text = cell_text(cell)
    escaped = escape(text)
    if escaped != text:
        return write_cell(escaped, delimiter)
    return cell.decode("utf-8", errors="surrogateescape")


def whole_record(text: str, delimiter: str, width: int) -> list[str]:
    """Return a record that is no row of the table: whole in the first cell."""
    return [write_cell(escape(text), delimiter), *[""] * (width - 1)]


def delimited_pieces(
    written: FileFormat, headers: Sequence[str], rows: Iterable[RejectedRow], marked: Sequence[str]
) -> Iterator[bytes]:
    """Yield a delimited file: `headers` as they stand there, the `marked` ones, the rows."""
    sign = written.delimiter
    if written.has_mark:
        yield _MARKS[written.encoding]
    if written.tells_delimiter:
        yield written.encode(f"sep={sign}{written.line_end}")
    yield written.encode(sign.join((*headers, *marked)) + written.line_end)
    for row in rows:
        extra = (write_cell(cell, sign) for cell in row.extra_cells())
        yield written.encode(sign.join((*row.cells, *extra)) + written.line_end)


def workbook_pieces(
    headers: Sequence[str], rows: Iterable[RejectedRow], marked: Sequence[str]
) -> Iterator[bytes]:
    """Yield a workbook of text cells; of more rows than a sheet holds the first ones."""
    with TemporaryDirectory(prefix="iacrm-") as folder:
        path = Path(folder) / "rejects.xlsx"
        options = {"constant_memory": True, "tmpdir": folder}
        with xlsxwriter.Workbook(str(path), options) as workbook:
            sheet = workbook.add_worksheet()
            _write_cells(sheet, 0, (*map(_plain, headers), *marked))
            for number, row in enumerate(rows, 1):
                if number < _SHEET_ROWS:
                    cells = (*map(_plain, row.cells), *row.extra_cells())
                    _write_cells(sheet, number, cells)
        with path.open("rb") as stream:
            while piece := stream.read(_READ_BYTES):
                yield piece


def _plain(cell: str) -> str:
    return cell_text(cell.encode("utf-8", errors="surrogateescape"))


def _write_cells(sheet: Any, line: int, cells: Sequence[str]) -> None:
    for place, cell in enumerate(cells):
        sheet.write_string(line, place, cell[:_CELL_CHARS])
