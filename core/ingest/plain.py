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

from core.ingest.plain_arrays import Asked, Columns, Numbers
from core.ingest.plain_cells import NUMBER, PLAN_WIDTH, SLOT, TEXT, VOTES, WORD

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
    def asked(self) -> Asked:
        """The plan as the kernel reads it."""
        words = [word for column in self.columns for word in column.words]
        return Asked(
            table=self._table(),
            words=np.frombuffer(b"".join(words), np.uint8),
            bounds=np.cumsum([0, *map(len, words)], dtype=np.int64),
        )

    def _table(self) -> Numbers:
        rows = np.zeros((len(self.columns), PLAN_WIDTH), np.int64)
        words = 0
        for place, c in enumerate(self.columns):
            slot = self.count(c.kind, before=place)
            rows[place] = (
                c.header, c.kind, slot, c.size, c.mark, c.least, c.most, c.required,
                words, words + len(c.words),
            )  # fmt: skip
            words += len(c.words)
        return rows

    def count(self, kind: int, before: int | None = None) -> int:
        """Return how many columns (`before` a place) have results of the sort of `kind`."""
        return sum(_results(c.kind) == _results(kind) for c in self.columns[:before])

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches."""
        numbers = [pa.field("record", pa.int64()), pa.field("line", pa.int64())]
        return pa.schema([*numbers, *(pa.field(c.name, _arrow_type(c)) for c in self.columns)])


def _results(kind: int) -> int:
    """Return the kind that stands for the sort of results: texts, numbers, or days and words."""
    return kind if kind in (TEXT, NUMBER) else WORD


def plan_of(columns: Sequence[PlainColumn]) -> PlainPlan:
    """Return the plan that reads `columns`."""
    return PlainPlan(tuple(sorted(columns, key=lambda column: column.header)))


def _arrow_type(column: PlainColumn) -> pa.DataType:
    if column.kind == WORD:
        return pa.dictionary(pa.int32(), column.type)
    return pa.string_view() if column.kind == TEXT else column.type


class PlainRows:
    """Room for `room` plain rows, read of one piece of a file (`data`), then the rows."""

    def __init__(self, plan: PlainPlan, data: bytes, room: int) -> None:
        self.plan = plan
        self.data = data
        self.count = 0
        self.columns = Columns(
            numbers=np.empty((plan.count(NUMBER), room), np.int64),
            codes=np.empty((plan.count(WORD), room), np.int32),
            views=np.empty((plan.count(TEXT), room, 2), np.uint64),
            filled=np.empty((len(plan.columns), room), np.uint8),
            votes=np.zeros((len(plan.columns), VOTES), np.int64),
            places=np.empty((2, room), np.int64),
        )

    def to_batch(self, record: int, line: int) -> pa.RecordBatch:
        """Return the rows as Arrow; `record` and `line` are added to their numbers."""
        places = [
            _integers(pa.int64(), self.columns.places[k, : self.count] + n)
            for k, n in enumerate((record, line))
        ]
        slots = self.plan.asked.table[:, SLOT]
        columns = [
            self._column(place, column, int(slots[place]))
            for place, column in enumerate(self.plan.columns)
        ]
        return pa.RecordBatch.from_arrays([*places, *columns], schema=self.plan.schema)

    def _column(self, place: int, column: PlainColumn, slot: int) -> pa.Array:
        n, read = self.count, self.columns
        if column.kind == WORD:
            codes = _integers(pa.int32(), read.codes[slot, :n])
            return pa.DictionaryArray.from_arrays(codes, column.values, safe=False)
        valid = _bits(read.filled[place, :n])
        if column.kind == TEXT:
            buffers = [valid, pa.py_buffer(read.views[slot, :n]), pa.py_buffer(self.data)]
            return pa.Array.from_buffers(pa.string_view(), n, buffers)
        values = (read.numbers if column.kind == NUMBER else read.codes)[slot, :n]
        return pa.Array.from_buffers(column.type, n, [valid, pa.py_buffer(values)])


def _integers(of: pa.DataType, values: NDArray[np.integer[Any]]) -> pa.Array:
    """Return the numbers as they are: `pyarrow.array` would load pandas first."""
    return pa.Array.from_buffers(of, len(values), [None, pa.py_buffer(values)])


def _bits(flags: NDArray[np.uint8]) -> pa.Buffer | None:
    if flags.all():
        return None
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
