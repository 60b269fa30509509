"""A delimited file cut into pieces that end where a record ends, worked by several threads.

A piece without a quote ends at its last line end: it can be worked on its own. A piece with
quotes is worked at once, because only its records tell where the next piece begins.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import local
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.byte_words import PADDING
from core.ingest.dialect import Dialect
from core.ingest.piece_room import PieceRoom
from core.ingest.plain import PlainPlan, PlainRows
from core.ingest.plain_arrays import Layout, Numbers
from core.ingest.plain_cells import VOTES
from core.ingest.plain_rows import find_marks
from core.ingest.records import (
    BAD_BYTES,
    BAD_ROWS,
    LINE,
    LONGEST,
    OUT_BYTES,
    OUT_ROWS,
    PLAIN_ROWS,
    RECORD,
    TALLIES,
    UNCLOSED,
)
from core.ingest.single_quotes import SINGLE, swap_bytes
from core.ingest.source import ReadLimits, read_utf8
from core.ingest.splitting import split_records

NUMBERED = 1 << 32  # records and lines of a piece are numbered from a multiple of this
_WORKERS = 2
_AHEAD = 4


@dataclass(kw_only=True)
class Split:
    """What was found so far: totals, and how many records and lines lie before each piece.

    `rows` counts the records written to `rows_out` as text, `plain` those given as columns.
    """

    record: int = 0
    line: int
    rows: int = 0
    plain: int = 0
    bad: int = 0
    unclosed: int = 0
    longest: int = 0
    votes: Numbers = field(default_factory=lambda: np.zeros((0, VOTES), np.int64))
    records_before: list[int] = field(default_factory=list)
    lines_before: list[int] = field(default_factory=list)

    @property
    def rows_in(self) -> int:
        """All records."""
        return self.rows + self.plain + self.bad


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """The result of one piece; `record` and `line` are how many it has."""

    consumed: int
    rows_text: bytes
    bad_text: bytes
    record: int
    line: int
    rows: int
    bad: int
    unclosed: int
    longest: int
    plain: PlainRows


class FileSplitter:
    """Splits one text file; the texts it writes number records and lines by piece."""

    def __init__(
        self,
        path: Path,
        dialect: Dialect,
        limits: ReadLimits,
        rows_out: BinaryIO,
        bad_out: BinaryIO,
        plan: PlainPlan | None = None,
    ) -> None:
        self.plan = plan or PlainPlan()
        self.split = Split(
            line=dialect.data_line, votes=np.zeros((len(self.plan.columns), VOTES), np.int64)
        )
        self._path, self._dialect, self._limits = path, dialect, limits
        self._rows_out, self._bad_out = rows_out, bad_out
        self._pieces = 0
        self._rooms = local()
        self._layout = Layout(
            delimiter=ord(dialect.delimiter),
            terminator=ord(dialect.line_end),
            width=len(dialect.headers),
            trailing=dialect.trailing_delimiter,
            max_cell=limits.max_cell_bytes,
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Split the file; yield its plain rows. Raises `FileRefused` as `read_table` does."""
        waiting: deque[Future[_Piece]] = deque()
        end = self._dialect.line_end.encode()
        pending = b""
        with ThreadPoolExecutor(_WORKERS) as pool:
            for chunk in after_header(self._path, self._dialect, self._limits):
                cut = chunk.rfind(end) + 1
                if cut and b'"' not in pending and chunk.find(b'"', 0, cut) < 0:
                    whole = memoryview(chunk)[:cut]
                    waiting.append(pool.submit(self._work, self._next(), pending, whole))
                    pending = chunk[cut:]
                    while len(waiting) > _AHEAD:
                        yield from self._take(waiting.popleft().result())
                    continue
                pending += chunk
                while waiting:
                    yield from self._take(waiting.popleft().result())
                piece = self._work(self._next(), pending, give_up=self._is_too_long(pending))
                yield from self._take(piece)
                pending = pending[piece.consumed :]
                self._refuse_endless(pending)
            while waiting:
                yield from self._take(waiting.popleft().result())
            yield from self._take(self._work(self._next(), pending, final=True))
            self._refuse_unbalanced()

    def take_sample(self, data: bytes) -> None:
        """Split the first bytes of the file only, as far as records end in them."""
        for _ in self._take(self._work(self._next(), data)):
            raise AssertionError("a plain row of a sample")

    def _next(self) -> int:
        self._pieces += 1
        return self._pieces - 1

    def _is_too_long(self, pending: bytes) -> bool:
        too_long = len(pending) > self._limits.max_record_bytes
        return too_long and self._dialect.line_end.encode() in pending

    def _work(
        self, number: int, *parts: bytes | memoryview, final: bool = False, give_up: bool = False
    ) -> _Piece:
        data = b"".join((*parts, bytes(PADDING)))
        text = np.frombuffer(data, np.uint8)[:-PADDING]
        layout, asked, room = self._layout, self.plan.asked, self._room()
        first = number * NUMBERED
        tally = np.zeros(TALLIES, np.int64)
        tally[[RECORD, LINE]] = first
        plain = PlainRows(self.plan, data, 0)
        if self.plan.columns:
            room.fit_marks(len(text))
            ends = find_marks(text, layout.delimiter, layout.terminator, room.marks)
            plain = PlainRows(self.plan, data, ends + 1)
        else:
            ends = data.count(layout.terminator)
        room.fit_texts(len(text), ends + 1)
        consumed = split_records(
            text, final, give_up, layout, room.out, room.bad, tally, room.marks, asked,
            plain.columns, room.block,
        )  # fmt: skip
        plain.count = int(tally[PLAIN_ROWS])
        return _Piece(
            consumed=consumed,
            rows_text=room.out[: tally[OUT_BYTES]].tobytes(),
            bad_text=room.bad[: tally[BAD_BYTES]].tobytes(),
            record=int(tally[RECORD]) - first,
            line=int(tally[LINE]) - first,
            rows=int(tally[OUT_ROWS]),
            bad=int(tally[BAD_ROWS]),
            unclosed=int(tally[UNCLOSED]),
            longest=int(tally[LONGEST]),
            plain=plain,
        )

    def _room(self) -> PieceRoom:
        """Return the room of this thread."""
        if not hasattr(self._rooms, "room"):
            self._rooms.room = PieceRoom(self.plan, len(self._dialect.headers))
        room: PieceRoom = self._rooms.room
        return room

    def _take(self, piece: _Piece) -> Iterator[pa.RecordBatch]:
        split = self.split
        first = len(split.records_before) * NUMBERED
        self._rows_out.write(piece.rows_text)
        self._bad_out.write(piece.bad_text)
        split.records_before.append(split.record)
        split.lines_before.append(split.line)
        if piece.plain.count:
            yield piece.plain.to_batch(split.record - first, split.line - first)
        split.record += piece.record
        split.line += piece.line
        split.rows += piece.rows
        split.plain += piece.plain.count
        split.bad += piece.bad
        split.unclosed += piece.unclosed
        split.longest = max(split.longest, piece.longest)
        split.votes += piece.plain.columns.votes
        self._refuse_unbalanced()

    def _refuse_endless(self, pending: bytes) -> None:
        too_long = len(pending) > self._limits.max_record_bytes
        if too_long and self._dialect.line_end.encode() not in pending:
            raise FileRefused(
                N_("%(name)s: line %(line)s has no end. This is probably no table."),
                name=self._path.name,
                line=self.split.line,
            )

    def _refuse_unbalanced(self) -> None:
        if self.split.unclosed > self._limits.max_quote_recoveries:
            raise FileRefused(
                N_(
                    "%(name)s: the quotes do not balance before line %(line)s. Export the file "
                    'with doubled quotes ("") inside cells.'
                ),
                name=self._path.name,
                line=self.split.line,
            )


def after_header(path: Path, dialect: Dialect, limits: ReadLimits) -> Iterator[bytes]:
    """Yield the text of the file, as UTF-8, from the line after its header on.

    Of a file in single quotes these and double quotes are exchanged.
    """
    to_skip = dialect.data_line - 1
    end = dialect.line_end.encode()
    chunks = read_utf8(path, dialect.container, dialect.encoding, limits)
    for chunk in map(swap_bytes, chunks) if dialect.quote == SINGLE else chunks:
        if to_skip:
            parts = chunk.split(end, to_skip)
            to_skip -= len(parts) - 1
            if not to_skip:
                yield parts[-1]
        else:
            yield chunk
