"""A received text written anew with some of its records changed, and nothing else touched.

Only records with a needle in them are taken apart; all other bytes are copied. What is written is
in the encoding, with the mark and the packing, of what was read.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from core.ingest.dialect import Dialect
from core.ingest.received import cell_text, split_cells, write_cell
from core.ingest.single_quotes import SINGLE
from core.ingest.source import CP1252_CHARACTERS, ReadLimits, read_bytes, read_utf8

# Given the texts of a record's cells, returns what they become, or None to leave it as it is.
Change = Callable[[Sequence[str]], Sequence[str] | None]
_LONGEST = 64 << 20  # of what may lie between two quotes
_QUOTE = b'"'
_TO_CP1252 = {ord(character): byte for byte, character in enumerate(CP1252_CHARACTERS)}
_MARKS = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}


class Finder(Protocol):
    """Says where in a text a record may have to change."""

    def starts(self, data: bytes, /) -> Iterator[int]:
        """Yield the places, in order."""


@dataclass(frozen=True, kw_only=True)
class Rewriting:
    """How a file is rewritten: where its records differ by `change`, found by `needles`."""

    dialect: Dialect
    needles: Finder
    change: Change
    limits: ReadLimits


def rewrite_text(path: Path, target: Path, how: Rewriting) -> list[int]:
    """Write `path` to `target` with its records changed; return the lines where those begin."""
    dialect, lines = how.dialect, list[int]()
    with _writer(target, dialect.container) as stream:
        stream.write(_mark_of(path, how))
        chunks = read_utf8(path, dialect.container, dialect.encoding, how.limits)
        for piece in _pieces(_whole_records(chunks, dialect), how, lines):
            stream.write(_encoded(piece, dialect.encoding))
    return lines


def _writer(target: Path, container: str) -> BinaryIO:
    if container == "gzip":
        return cast(BinaryIO, gzip.open(target, "wb"))
    return target.open("wb")


def _mark_of(path: Path, how: Rewriting) -> bytes:
    mark = _MARKS.get(how.dialect.encoding, b"")
    first = next(read_bytes(path, how.dialect.container, how.limits), b"")
    return mark if mark and first.startswith(mark) else b""


def _encoded(piece: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        return piece
    text = piece.decode().removeprefix("\ufeff")
    if encoding == "cp1252":
        return bytes(_TO_CP1252[ord(character)] for character in text)
    return text.encode(encoding)


def _whole_records(chunks: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Yield the text in parts that end with a record."""
    end, rest = dialect.line_end.encode(), b""
    for chunk in chunks:
        rest += chunk
        cut = _last_end(rest, end, dialect.quote != SINGLE)
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


def _last_end(data: bytes, end: bytes, has_quotes: bool) -> int:
    """Return where the last record that is whole ends, 0 when none is."""
    at = data.rfind(end) + len(end)
    is_open = has_quotes and data.count(_QUOTE, 0, at) % 2 == 1
    last = at
    while is_open and at >= len(end):
        before = data.rfind(end, 0, at - len(end)) + len(end)
        if before < len(end):
            return last if len(data) > _LONGEST else 0
        is_open ^= data.count(_QUOTE, before, at) % 2 == 1
        at = before
    return at if at >= len(end) else 0


def _pieces(parts: Iterator[bytes], how: Rewriting, lines: list[int]) -> Iterator[bytes]:
    line, end = 1, how.dialect.line_end.encode()
    for part in parts:
        at = 0
        for hit in how.needles.starts(part):
            if hit < at:
                continue
            start = _record_start(part, at, hit, how.dialect)
            number = line + part.count(end, 0, start)
            changed, stop = _changed(part, start, number, how)
            yield part[at:start]
            yield part[start:stop] if changed is None else changed
            if changed is not None:
                lines.append(number)
            at = stop
        yield part[at:]
        line += part.count(end)


def _record_start(part: bytes, low: int, hit: int, dialect: Dialect) -> int:
    end = dialect.line_end.encode()
    start = max(low, part.rfind(end, low, hit) + len(end))
    while dialect.quote != SINGLE and start > low and part.count(_QUOTE, low, start) % 2:
        before = part.rfind(end, low, start - len(end)) + len(end)
        start = max(low, before) if before < start else low
    return start


def _changed(part: bytes, start: int, line: int, how: Rewriting) -> tuple[bytes | None, int]:
    """Return the changed record at `start`, None where it stays, and where it ended."""
    dialect = how.dialect
    end = dialect.line_end.encode()
    has_end = part.endswith(end)
    found = split_cells(part if has_end else part + end, start, dialect.delimiter.encode(), end)
    if found is None:  # a quote that is never closed: the line alone
        stop = part.find(end, start)
        stop = len(part) if stop < 0 else stop
        found = (part[start:stop].split(dialect.delimiter.encode()), stop)
    cells, stop = found
    has_cr = end == b"\n" and cells[-1].endswith(b"\r")
    texts = [cell_text(cell) for cell in cells]
    texts[-1] = texts[-1].removesuffix("\r")
    told = None if line < dialect.data_line else how.change(texts)
    if told is None:
        return None, stop
    written = dialect.delimiter.join(write_cell(text, dialect.delimiter) for text in told)
    return written.encode() + (b"\r" if has_cr else b""), stop
