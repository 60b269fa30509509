"""Millions of texts put together from pieces: one recipe per kind of text, one kernel for all.

A recipe is a list of steps over the columns of the rows. Its texts are UTF-8, in one buffer per
slice of rows, as Arrow keeps them.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.compiled import copy_bytes, njit
from core.reco.shards import run_slices, slices_of_rows
from core.reco.tables import Int32Array, IntArray

ROWS_PER_SLICE = 25_000
NOTHING = -1  # a piece that is not there, a number that is not known
_LONGEST_NUMBER = 12  # sign, ten digits, point
_EXPECTED = 640  # bytes a text; there may be more
_TENS = 10 ** np.arange(11)
_DECIMALS = np.array([0, 0, 0, 1, 6])  # by `Op`
_MOST_KINDS = 1 << 20  # values of a column, each of which may have a piece of its own


class Op(IntEnum):
    """What a step writes of the value of its column."""

    NOTHING = 0
    PIECE = 1  # piece number `argument` + the value
    WHOLE = 2  # the value as a whole number
    TENTHS = 3  # the value / 10, with one decimal
    MILLIONTHS = 4  # the value / 1,000,000, with six decimals


class Wanted(IntEnum):
    """Whether a step is left out where its value is below 0, and comes behind a comma else."""

    ALWAYS = 0
    IF_KNOWN = 1
    LISTED = 2  # if known, behind a comma unless the text is empty or ends with [ or {


class Step(NamedTuple):
    """One step of a recipe: the piece `before`, the value, the piece `after`.

    `column` names a column of the rows. A piece of which the number is below 0 is no text.
    """

    op: Op
    column: str = ""
    argument: int = 0
    before: int = NOTHING
    after: int = NOTHING
    wanted: Wanted = Wanted.ALWAYS


Recipe = list[Step]


class Pieces:
    """The pieces of text that recipes name by number."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def add(self, texts: Iterable[str]) -> int:
        """Add pieces; return the number of the first."""
        first = len(self._pieces)
        self._pieces.extend(text.encode() for text in texts)
        return first

    def literal(self, text: str) -> Step:
        """Return the step that writes `text`."""
        return Step(Op.NOTHING, before=self.add([text]))

    def said(
        self,
        values: NDArray[Any],
        say: Callable[[int], str],
        where: NDArray[np.bool_] | None = None,
    ) -> Int32Array:
        """Return the piece per value, what `say` makes of it: called once per distinct value.

        `NOTHING` for values below 0, and for rows that are not `where`.
        """
        spoken = values >= 0 if where is None else (values >= 0) & where
        kinds, kind = _kinds(values[spoken].astype(np.int64))
        first = self.add(map(say, kinds.tolist()))
        found = np.full(len(values), NOTHING, np.int32)
        found[spoken] = first + kind
        return found

    def arrays(self) -> tuple["NDArray[np.uint8]", IntArray]:
        """Return the bytes of all pieces and where each begins, and the last ends."""
        ends = np.cumsum([0, *map(len, self._pieces)], dtype=np.int64)
        return np.frombuffer(b"".join(self._pieces), np.uint8), ends


def _kinds(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct values, none below 0, and the place of each row's among them."""
    if values.max(initial=0) >= _MOST_KINDS:
        return np.unique(values, return_inverse=True)
    is_there = np.bincount(values) > 0
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[values]


def write_texts(
    recipes: Sequence[Recipe],
    chosen: "NDArray[np.int8]",
    columns: dict[str, NDArray[Any]],
    pieces: Pieces,
    threads: int | None = None,
) -> pa.ChunkedArray:
    """Return one text per row, by the recipe that is `chosen` for it.

    `columns` are whole numbers, of as many rows as `chosen`; recipes may leave some unread.
    """
    used = sorted({step.column for recipe in recipes for step in recipe if step.column})
    steps = _numbered(recipes, used)
    begins = np.cumsum([0, *map(len, recipes)], dtype=np.int64)
    blob, ends = pieces.arrays()
    read = [np.ascontiguousarray(columns[name], dtype=np.int32) for name in used]

    def work(low: int, high: int) -> pa.Array:
        rows = np.stack([column[low:high] for column in read]) if read else _NO_COLUMNS
        text, offsets = _write(chosen[low:high], begins, steps, rows, blob, ends)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
        return pa.Array.from_buffers(pa.large_string(), high - low, buffers)

    slices = slices_of_rows(len(chosen), ROWS_PER_SLICE)
    return pa.chunked_array(run_slices(work, slices, threads), pa.large_string())


def _numbered(recipes: Sequence[Recipe], used: Sequence[str]) -> IntArray:
    """Return the steps of all recipes, one per row, with the place of each column in `used`."""
    places = {name: place for place, name in enumerate(used)}
    written = [
        (op, places.get(column, NOTHING), *rest)
        for recipe in recipes
        for op, column, *rest in recipe
    ]
    return np.array(written, dtype=np.int64).reshape(-1, len(Step._fields))


_NO_COLUMNS = np.empty((0, 0), np.int32)


@njit(cache=True, nogil=True)
def _write(chosen, begins, steps, rows, blob, ends):  # type: ignore[no-untyped-def]
    """Return the bytes of all texts and where each begins, and the last ends."""
    offsets = np.zeros(len(chosen) + 1, np.int64)
    longest = 0
    for piece in range(len(ends) - 1):
        longest = max(longest, ends[piece + 1] - ends[piece])
    room = 3 * longest + _LONGEST_NUMBER + 1
    text, at = np.empty(_EXPECTED * len(chosen) + room, np.uint8), 0
    for row in range(len(chosen)):
        begin = at
        for step in range(begins[chosen[row]], begins[chosen[row] + 1]):
            if len(text) - at < room:
                more = np.empty(2 * len(text) + room, np.uint8)
                more[:at] = text[:at]
                text = more
            op, column, wanted = steps[step, 0], steps[step, 1], steps[step, 5]
            value = rows[column, row] if column >= 0 else 0
            if wanted and value < 0:
                continue
            if wanted == 2 and at > begin and text[at - 1] != 91 and text[at - 1] != 123:  # [ and {
                text[at] = 44
                at += 1
            at = _put_piece(text, at, blob, ends, steps[step, 3])
            if op == 1:
                at = _put_piece(text, at, blob, ends, steps[step, 2] + value if value >= 0 else -1)
            elif op:
                at = _put_number(text, at, value, _DECIMALS[op])
            at = _put_piece(text, at, blob, ends, steps[step, 4])
        offsets[row + 1] = at
    return text[:at], offsets


@njit(cache=True, nogil=True, inline="always")
def _put_piece(text, at, blob, ends, piece):  # type: ignore[no-untyped-def]
    if piece < 0:
        return at
    size = ends[piece + 1] - ends[piece]
    copy_bytes(text, at, blob, ends[piece], size)
    return at + size


@njit(cache=True, nogil=True)
def _put_number(text, at, value, decimals):  # type: ignore[no-untyped-def]
    """Write a whole number of units of `decimals` decimals; return where it ends."""
    if value < 0:
        text[at] = 45  # -
        at += 1
    left = np.uint32(abs(np.int64(value)))
    digits, bound = decimals + 1, _TENS[decimals + 1]
    while bound <= left:
        digits += 1
        bound = _TENS[digits]
    end = at + digits + (decimals > 0)
    place = end - 1
    for written in range(digits):
        if decimals and written == decimals:
            text[place] = 46  # .
            place -= 1
        tenth = left // np.uint32(10)
        text[place] = 48 + left - np.uint32(10) * tenth
        left = tenth
        place -= 1
    return end
