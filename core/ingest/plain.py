"""Columns of plain rows: what the one-pass reader is asked for, and its results as Arrow.

The kernel is `core.ingest.plain_cells`; this module says what it reads and shows the result to
DuckDB without copying: numbers are its own buffers, texts are views into the bytes read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.ingest.plain_cells import PLAN_WIDTH, TEXT, VOTES, WORD, Bytes, Marks, Numbers, Views

_UNBOUNDED = 1 << 61


@dataclass(frozen=True, kw_only=True)
class PlainColumn:
    """One column of the plain rows.

    `header` is the place of its cells in the file. `size` is the longest text in bytes, or the
    digits kept after the decimal sign `mark` (a byte); of dates `mark` is their order. Bounds are
    those of the stored integer. `words` are the known cells, `values` what each of them means.
    """

    name: str
    header: int
    kind: int
    type: pa.DataType
    size: int = 0
    mark: int = 0
    least: int = -_UNBOUNDED
    most: int = _UNBOUNDED
    required: bool = False
    words: tuple[bytes, ...] = ()
    values: pa.Array | None = None


@dataclass(frozen=True)
class PlainPlan:
    """The columns to read, by their place in the file; without any, no row is plain."""

    columns: tuple[PlainColumn, ...] = ()

    @cached_property
    def table(self) -> Numbers:
        """The plan as the kernel reads it, one row a column."""
        rows = np.zeros((len(self.columns), PLAN_WIDTH), np.int64)
        slots = [0, 0]
        words = 0
        for place, c in enumerate(self.columns):
            which = int(c.kind == TEXT)
            rows[place] = (
                c.header, c.kind, slots[which], c.size, c.mark, c.least, c.most, c.required,
                words, words + len(c.words),
            )  # fmt: skip
            slots[which] += 1
            words += len(c.words)
        return rows

    @cached_property
    def words(self) -> Bytes:
        """The known words of all columns, one after another."""
        return np.frombuffer(b"".join(self._all_words), np.uint8)

    @cached_property
    def bounds(self) -> Numbers:
        """Where each word begins in `words`, and where the last one ends."""
        return np.cumsum([0, *map(len, self._all_words)], dtype=np.int64)

    @property
    def _all_words(self) -> list[bytes]:
        return [word for column in self.columns for word in column.words]

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches."""
        numbers = [pa.field("record", pa.int64()), pa.field("line", pa.int64())]
        return pa.schema([*numbers, *(pa.field(c.name, _arrow_type(c)) for c in self.columns)])


def plan_of(columns: Sequence[PlainColumn]) -> PlainPlan:
    """Return the plan that reads `columns`."""
    return PlainPlan(tuple(sorted(columns, key=lambda column: column.header)))


def _arrow_type(column: PlainColumn) -> pa.DataType:
    if column.kind == WORD:
        return pa.dictionary(pa.int32(), column.type)
    return pa.string_view() if column.kind == TEXT else column.type


class PlainRows:
    """Room for the plain rows of one piece of a file, then the rows."""

    def __init__(self, plan: PlainPlan, data: bytes, width: int) -> None:
        # A row has at least a delimiter or line end per cell. Memory not written costs nothing.
        room = len(data) // max(width, 1) + 2 if plan.columns else 0
        texts = sum(column.kind == TEXT for column in plan.columns)
        self.plan = plan
        self.data = data
        self.count = 0
        self.places: Numbers = np.empty((2, room), np.int64)
        self.marks: Marks = np.empty(len(data) + 2 if plan.columns else 0, np.int32)
        self.bits: Numbers = np.zeros(len(plan.columns), np.int64)
        self.numbers: Numbers = np.empty((len(plan.columns) - texts, room), np.int64)
        self.views: Views = np.empty((texts, room, 4), np.uint32)
        self.filled: Bytes = np.empty((len(plan.columns), room), np.uint8)
        self.votes: Numbers = np.zeros((len(plan.columns), VOTES), np.int64)

    def to_batch(self, record: int, line: int) -> pa.RecordBatch:
        """Return the rows as Arrow; `record` and `line` are added to their numbers."""
        places = [
            _integers(pa.int64(), self.places[k, : self.count] + n)
            for k, n in enumerate((record, line))
        ]
        slots = self.plan.table[:, 2]
        columns = [
            self._column(place, column, int(slots[place]))
            for place, column in enumerate(self.plan.columns)
        ]
        return pa.RecordBatch.from_arrays([*places, *columns], schema=self.plan.schema)

    def _column(self, place: int, column: PlainColumn, slot: int) -> pa.Array:
        n = self.count
        if column.kind == WORD:
            codes = _integers(pa.int32(), self.numbers[slot, :n].astype(np.int32))
            return pa.DictionaryArray.from_arrays(codes, column.values)
        valid = _bits(self.filled[place, :n])
        if column.kind == TEXT:
            views = pa.py_buffer(self.views[slot, :n])
            buffers = [valid, views, pa.py_buffer(self.data)]
            return pa.Array.from_buffers(pa.string_view(), n, buffers)
        numbers = self.numbers[slot, :n]
        if pa.types.is_date32(column.type):
            numbers = numbers.astype(np.int32)
        return pa.Array.from_buffers(column.type, n, [valid, pa.py_buffer(numbers)])


def _integers(of: pa.DataType, values: NDArray[np.integer[Any]]) -> pa.Array:
    """Return the numbers as they are: `pyarrow.array` would load pandas first."""
    return pa.Array.from_buffers(of, len(values), [None, pa.py_buffer(values)])


def _bits(flags: NDArray[np.uint8]) -> pa.Buffer | None:
    if flags.all():
        return None
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
