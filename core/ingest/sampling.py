"""The first lines and records of a delimited text, and what of them cannot be a header."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.header import Record, count_known
from core.ingest.single_quotes import SINGLE, swap_text

SAMPLE_RECORDS = 200
_QUOTED = re.compile(r'(?:^|(?<=[;,\t|\r\n]))"[^"]*+(?:""[^"]*+)*+"(?=[;,\t|\r\n]|\Z)')
# What ends a line with text.
_LONE = re.compile(r"[^\r\n]\r(?!\r*+\n)")
_FEED = re.compile(r"[^\r\n]\r*+\n")
_STRAY = {end: re.compile(rf"[^\r\n]{other}+[^\r\n]") for end, other in ("\n\r", "\r\n")}
_OPEN_QUOTE = N_(
    "%(name)s: a quote is opened in line %(line)s, in the header or before it, and never closed"
    " properly. Close it, or double the quotes inside the cell."
)
_LONG_CELL = N_(
    "%(name)s: line %(line)s, the header or before it, has a cell of more than %(limit)s"
    " characters, the limit there. Shorten it, or look for a quote that is not closed."
)
_TWO_KINDS = N_(
    "%(name)s: line %(line)s, the header, has a line end of another kind than most lines inside."
    " Save the file with one kind of line ends."
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The first records, and by line the sentence about each that is none to rely on."""

    records: Sequence[Record]
    faults: Mapping[int, str]


def find_line_end(text: str) -> str:
    r"""Return what ends most lines of `text`, quoted cells left out: `\r`, or `\n` also after it.

    >>> find_line_end('a;b\rc;"d\ne"\rf;g\n')
    '\r'
    """
    bare = _QUOTED.sub("x", text)
    return "\r" if len(_LONE.findall(bare)) > len(_FEED.findall(bare)) else "\n"


def physical_lines(text: str, line_end: str, whole: bool) -> list[str]:
    """Return the lines of a sample, each ended by one line feed; the last may be cut off."""
    parts = text.replace("\0", " ").split(line_end)
    lines = [part.replace("\r", "").strip("\n").replace("\n", " ") + "\n" for part in parts]
    return lines if whole or len(lines) == 1 else lines[:-1]


def sample_records(lines: Sequence[str], delimiter: str, quote: str) -> Sample:
    """Return the first records of `lines`.

    As for every row, a quote that is never closed properly costs only the line it stands in.
    """
    records: list[Record] = []
    faults: dict[int, str] = {}
    at = 0
    while at < len(lines) and len(records) + len(faults) < SAMPLE_RECORDS:
        cells, spanned = _read_one(islice(lines, at, None), delimiter, quote)
        if cells is None and spanned == 1:
            faults[at + 1] = _LONG_CELL
            at += 1
            continue
        may_be_open = spanned > 1 or at + spanned == len(lines)
        taken = lines[at : at + spanned]
        if cells is None or (may_be_open and not _is_closed(taken, delimiter, quote)):
            faults[at + 1] = _OPEN_QUOTE
            cells, spanned = _read_one([lines[at].rstrip("\n")], delimiter, quote)
        records.append((at + 1, at + spanned, cells or []))
        at += spanned
    return Sample(records=records, faults=faults)


def _read_one(lines: Iterable[str], delimiter: str, quote: str) -> tuple[list[str] | None, int]:
    """Return the cells of the first record, None where one is too long, and the lines it spans."""
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, reader.line_num


def _is_closed(lines: Sequence[str], delimiter: str, quote: str) -> bool:
    try:
        return bool(list(csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)))
    except csv.Error:
        return False


def refuse_faults(path: Path, sample: Sample, header: Record | None) -> None:
    """Raise `FileRefused` where a fault of the sample is that of the header, or hides it.

    Faults before a header of known names are those of a title.
    """
    is_known = header is not None and count_known(header[2]) > 1
    for line, message in sample.faults.items():
        if header is None or line == header[0] or (line < header[0] and not is_known):
            limit = csv.field_size_limit()
            raise FileRefused(message, name=path.name, line=line, limit=limit)


def refuse_two_kinds(path: Path, text: str, line_end: str, quote: str, header: Record) -> None:
    """Raise `FileRefused` when the other line end divides the header: rows would hide in it."""
    raw = line_end.join(text.split(line_end)[header[0] - 1 : header[1]])
    bare = _QUOTED.sub("x", swap_text(raw) if quote == SINGLE else raw)
    if _STRAY[line_end].search(bare):
        raise FileRefused(_TWO_KINDS, name=path.name, line=header[0])
