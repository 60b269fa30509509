"""How large a workbook is once unpacked, counted before it is opened.

The library that reads workbooks lays a whole sheet out in memory, blank cells included, and a
sheet with one cell in its farthest corner has 17 thousand million of them. So the zip is read
once as a stream: its unpacked bytes are counted (the sizes it declares may lie), and the farthest
cell of each sheet is found.
"""

import re
import zlib
from collections.abc import Iterator
from copy import copy
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.source import ReadLimits

_BLOCK = 1 << 20
_LONGEST_TAG = 1 << 12  # carried over to the next block, so that no tag is cut
_ANY_SIZE = 1 << 62
_REMEMBERED = 64  # files that passed

_XLSX_CELL = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ODS_TAG = re.compile(rb"<(/?)(?:\w+:)?(table|table-row|table-cell|covered-table-cell)(\s[^>]*)?>")
_ODS_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated=["']([0-9]{1,9})["']""")
_ODS_FILLED = re.compile(rb"value(-type)?=")


def check_size(path: Path, limits: ReadLimits) -> None:
    """Raise `FileRefused` when the workbook is larger than the limits, or no whole zip.

    An old `.xls` is not compressed and has at most 65,536 rows of 256 cells. A file that passed is
    not looked through again while it stays as it is: 2 MB of OpenDocument take two seconds, and
    each look at an import opens them twice.
    """
    there = path.stat()
    _check(path, limits, (there.st_ino, there.st_size, there.st_mtime_ns))


@lru_cache(maxsize=_REMEMBERED)
def _check(path: Path, limits: ReadLimits, _state: tuple[int, int, int]) -> None:
    if path.stat().st_size > limits.max_workbook_bytes:
        raise _too_large(path, limits)
    with path.open("rb") as stream:
        if stream.read(2) != b"PK":
            return
    try:
        with ZipFile(path) as archive:
            _check_parts(path, archive, limits)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FileRefused(
            N_("%(name)s is damaged and cannot be unpacked: send it again."), name=path.name
        ) from error


def _check_parts(path: Path, archive: ZipFile, limits: ReadLimits) -> None:
    left = limits.max_workbook_bytes
    for info in archive.infolist():
        grid = _grid_of(info.filename)
        for block in _unpacked(archive, info):
            left -= len(block)
            if left < 0:
                raise _too_large(path, limits)
            if grid is not None and grid.widen(block) > limits.max_sheet_cells:
                raise FileRefused(
                    N_(
                        "%(name)s has a sheet of more than %(limit)s cells, blank ones included: "
                        "delete the blank rows and columns after the table, or save it as CSV."
                    ),
                    name=path.name,
                    limit=limits.max_sheet_cells,
                )


def _too_large(path: Path, limits: ReadLimits) -> FileRefused:
    return FileRefused(
        N_("%(name)s is larger than the limit of %(megabytes)s MB: split it."),
        name=path.name,
        megabytes=limits.max_workbook_bytes // 1_000_000,
    )


def _unpacked(archive: ZipFile, info: ZipInfo) -> Iterator[bytes]:
    whole = copy(info)
    whole.file_size = _ANY_SIZE  # read what is there, not what is declared
    with archive.open(whole) as stream:
        while block := stream.read(_BLOCK):
            yield block


class _XlsxGrid:
    """The farthest row and column that a cell of an Excel sheet names."""

    def __init__(self) -> None:
        self._rest = b""
        self._rows = self._columns = 0

    def widen(self, block: bytes) -> int:
        """Look at the next block; return how many cells the sheet has so far."""
        text = self._rest + block
        for letters, row in set(_XLSX_CELL.findall(text)):
            self._rows = max(self._rows, int(row))
            self._columns = max(self._columns, _column_number(letters))
        self._rest = text[-_LONGEST_TAG:]
        return self._rows * self._columns


class _OdsGrid:
    """The farthest row and column that a filled cell of an OpenDocument sheet reaches."""

    def __init__(self) -> None:
        self._rest = b""
        self._rows = self._columns = self._filled_rows = 0
        self._row_repeated = self._column = 0

    def widen(self, block: bytes) -> int:
        """Look at the next block; return how many cells the sheet has so far."""
        text = self._rest + block
        end = 0
        for tag in _ODS_TAG.finditer(text):
            end = tag.end()
            self._take(tag[1] == b"/", tag[2], tag[3] or b"")
        self._rest = text[max(end, len(text) - _LONGEST_TAG) :]
        return self._filled_rows * self._columns

    def _take(self, closes: bool, name: bytes, attributes: bytes) -> None:
        if name == b"table":
            self._rows = self._columns = self._filled_rows = 0
        elif name == b"table-row" and not closes:
            self._row_repeated, self._column = _repeated(attributes), 0
            self._rows += self._row_repeated
        elif not closes:
            self._column += _repeated(attributes)
            if _ODS_FILLED.search(attributes):
                self._columns = max(self._columns, self._column)
                self._filled_rows = self._rows


def _grid_of(part: str) -> "_XlsxGrid | _OdsGrid | None":
    if part == "content.xml":
        return _OdsGrid()
    return _XlsxGrid() if part.startswith("xl/worksheets/") else None


def _repeated(attributes: bytes) -> int:
    told = _ODS_REPEATED.search(attributes)
    return int(told[1]) if told else 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
