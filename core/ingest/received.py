"""The records of a received file once more, letter by letter, by the line where each begins.

What the reader makes of a file is text without its quotes. Who wants a row back as it came reads
it again from the original: one pass, and only the wanted records are looked at.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.ingest.dialect import Dialect
from core.ingest.single_quotes import DOUBLE, SINGLE, swap_bytes, swap_text
from core.ingest.source import ReadLimits, read_utf8
from core.ingest.workbook import NUMBER_MARK, read_sheet

_QUOTE = b'"'
_STRAY = re.compile(r"(?s).[\r\n][^\r\n]")  # in an unquoted cell: it has no line end of the file


@dataclass(frozen=True, kw_only=True)
class ReceivedRecord:
    """One record: `text` is UTF-8 without its line end, `cells` its parts with their quotes.

    Of a file in single quotes the cells have double ones, as a file we write has.
    """

    line: int
    text: bytes
    cells: tuple[bytes, ...]
    ends_with_cr: bool = False


@dataclass(frozen=True, kw_only=True)
class WantedLine:
    """A line whose record is wanted; of one with an open quote (`is_open`) only the line."""

    line: int
    is_open: bool = False


class _Window:
    """A part of the text with the places of its line ends; it moves forward only."""

    def __init__(self, chunks: Iterator[bytes], line_end: bytes) -> None:
        self._chunks = chunks
        self._line_end = line_end
        self.data = b""
        self.is_last = False
        self._first_line = 1
        self._ends: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def find_line(self, line: int) -> int | None:
        """Return where `line` begins, after reading on to it; None past the end."""
        while line - self._first_line > len(self._ends):
            if self.is_last:
                return None
            self._read_on(self._first_line + len(self._ends))
        return self._start_of(line)

    def keep_from(self, line: int) -> int:
        """Read one chunk more, with `line` still in the window; return where it begins now."""
        self._read_on(line)
        return self._start_of(line)

    def _start_of(self, line: int) -> int:
        before = line - self._first_line
        return int(self._ends[before - 1]) + 1 if before else 0

    def _read_on(self, line: int) -> None:
        rest = self.data[self._start_of(line) :]
        chunk = next(self._chunks, None)
        self.is_last = chunk is None
        # The last line of a file may have no end.
        self.data = rest + (self._line_end if chunk is None else chunk)
        self._first_line = line
        there = np.frombuffer(self.data, dtype=np.uint8) == ord(self._line_end)
        self._ends = np.flatnonzero(there)


@dataclass(frozen=True, kw_only=True)
class NumberColumns:
    """Columns of a workbook, by their place, whose numbers are written with the sign `decimal`."""

    places: Collection[int] = ()
    decimal: str = "."


def read_received(
    path: Path,
    dialect: Dialect,
    wanted: Iterable[WantedLine],
    limits: ReadLimits,
    numbers: NumberColumns = NumberColumns(),
) -> Iterator[ReceivedRecord]:
    """Yield the records that begin at the `wanted` lines, which ascend; lines past the end none.

    Cells of a workbook that are numbers have the decimal sign of `numbers` in its columns.
    """
    if dialect.quote == SINGLE:
        for record in _read_text(path, dialect, wanted, limits):
            yield _in_double_quotes(record, dialect.delimiter)
        return
    if dialect.container == "workbook":
        assert dialect.sheet is not None
        yield from _read_sheet_rows(read_sheet(path, limits, dialect.sheet), wanted, numbers)
        return
    yield from _read_text(path, dialect, wanted, limits)


def _in_double_quotes(record: ReceivedRecord, delimiter: str) -> ReceivedRecord:
    """Return a record of a file read with its quotes exchanged."""
    texts = (swap_text(cell_text(cell)) for cell in record.cells)
    cells = tuple(write_cell(text, delimiter).encode() for text in texts)
    return replace(record, text=swap_bytes(record.text), cells=cells)


def _read_text(
    path: Path, dialect: Dialect, wanted: Iterable[WantedLine], limits: ReadLimits
) -> Iterator[ReceivedRecord]:
    delimiter, line_end = dialect.delimiter.encode(), dialect.line_end.encode()
    chunks = read_utf8(path, dialect.container, dialect.encoding, limits)
    window = _Window(map(swap_bytes, chunks) if dialect.quote == SINGLE else chunks, line_end)
    for one in wanted:
        at = window.find_line(one.line)
        if at is None:
            return
        cells, end = _cells_at(window, one, at, delimiter, line_end)
        start = end - sum(len(cell) + 1 for cell in cells) + 1
        text = window.data[start:end]
        has_cr = line_end == b"\n" and text.endswith(b"\r")
        if has_cr:
            text, cells = text[:-1], [*cells[:-1], cells[-1][:-1]]
        yield ReceivedRecord(line=one.line, text=text, cells=tuple(cells), ends_with_cr=has_cr)


def _cells_at(
    window: _Window, wanted: WantedLine, at: int, delimiter: bytes, line_end: bytes
) -> tuple[list[bytes], int]:
    """Return the cells of the record and where it ends, reading on while it is not whole."""
    while True:
        if wanted.is_open:
            end = window.data.find(line_end, at)
            found = ([window.data[at:end]], end) if end >= 0 else None
        else:
            found = split_cells(window.data, at, delimiter, line_end)
        if found is not None:
            return found
        if window.is_last:
            end = len(window.data) - len(line_end)
            return [window.data[at:end]], end
        at = window.keep_from(wanted.line)


def split_cells(
    data: bytes, at: int, delimiter: bytes, line_end: bytes
) -> tuple[list[bytes], int] | None:
    """Return the cells of the record at `at`, quotes kept, and where it ends; None if it does not.

    >>> split_cells(b'a;"b;c"\\nd', 0, b";", b"\\n")
    ([b'a', b'"b;c"'], 7)
    """
    cells = []
    while True:
        after = _after_quotes(data, at + 1) if data[at : at + 1] == _QUOTE else at
        end = data.find(line_end, after) if after >= 0 else -1
        if end < 0:
            return None
        stop = data.find(delimiter, after, end)
        cells.append(data[at : stop if stop >= 0 else end])
        if stop < 0:
            return cells, end
        at = stop + 1


def _after_quotes(data: bytes, at: int) -> int:
    while (at := data.find(_QUOTE, at)) >= 0:
        if data[at + 1 : at + 2] != _QUOTE:
            return at + 1
        at += 2
    return -1


def cell_text(cell: bytes) -> str:
    """Return what a cell of a whole record says, without the quotes around it.

    >>> cell_text(b'"a; ""b"" c"'), cell_text(b"plain")
    ('a; "b" c', 'plain')
    """
    text = cell.decode("utf-8", errors="replace")
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return text[1:-1].replace('""', '"')
    return text


def judge_record(text: str, dialect: Dialect) -> tuple[str, ...] | str:
    """Return the cells of a record that was typed as one text, or the code of what is wrong.

    It is judged as the reader judges a record of a file written in `dialect`.
    """
    if dialect.quote == SINGLE:
        judged = judge_record(swap_text(text), replace(dialect, quote=DOUBLE))
        return judged if isinstance(judged, str) else tuple(map(swap_text, judged))
    if "\0" in text:
        return "NUL_BYTE"
    end = dialect.line_end.encode()
    found = split_cells(text.encode() + end, 0, dialect.delimiter.encode(), end)
    if found is None or found[1] < len(text.encode()):
        return "UNTERMINATED_QUOTE"
    cells = [cell.decode() for cell in found[0]]
    if any(cell.startswith('"') and (len(cell) < 2 or not cell.endswith('"')) for cell in cells):
        return "BAD_QUOTE"
    if any(_STRAY.search(cell) for cell in cells if not cell.startswith('"')):
        return "STRAY_LINE_END"
    width = len(dialect.headers)
    if dialect.trailing_delimiter and len(cells) == width + 1 and not cell_text(cells[-1].encode()):
        cells.pop()
    if len(cells) != width:
        return "MISSING_CELLS" if len(cells) < width else "EXTRA_CELLS"
    return tuple(cell_text(cell.encode()) for cell in cells)


def write_cell(text: str, delimiter: str) -> str:
    """Return `text` as it stands in a delimited file: quoted where it must be.

    >>> write_cell('a;"b" c', ";"), write_cell("plain", ";")
    ('"a;""b"" c"', 'plain')
    """
    if any(sign in text for sign in (delimiter, '"', "\n", "\r")):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text


def _read_sheet_rows(
    rows: Sequence[Sequence[str]], wanted: Iterable[WantedLine], numbers: NumberColumns
) -> Iterator[ReceivedRecord]:
    for one in wanted:
        if one.line > len(rows):
            return
        texts = (
            cell.replace(NUMBER_MARK, numbers.decimal if place in numbers.places else ".")
            for place, cell in enumerate(rows[one.line - 1])
        )
        cells = tuple(write_cell(text, ",").encode() for text in texts)
        yield ReceivedRecord(line=one.line, text=b",".join(cells), cells=cells)
