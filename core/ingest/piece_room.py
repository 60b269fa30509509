"""The memory a thread works in while it splits pieces of a file."""

import numpy as np

from core.ingest.byte_words import PADDING
from core.ingest.plain import PlainPlan
from core.ingest.plain_arrays import Block, Bytes, Codes

_WIDEST_GROWTH = 3  # an unquoted cell `a"` is written back as `"a"""`
_NUMBER_BYTES = 44  # two numbers and their delimiters in front of a record
# Rows worked column by column: what the cells take should stay in the processor's cache. Not a
# power of two: its columns would all fall on the same lines of it.
_BLOCK_ROWS = 1000
_BLOCK_CELLS = 40_000
_FEWEST_ROWS = 16


class PieceRoom:
    """Room to work in, kept from one piece to the next: new memory has to be cleared first."""

    def __init__(self, plan: PlainPlan, width: int) -> None:
        rows = max(_FEWEST_ROWS, min(_BLOCK_ROWS, _BLOCK_CELLS // max(width, 1)))
        self.out: Bytes = np.empty(0, np.uint8)
        self.bad: Bytes = np.empty(0, np.uint8)
        self.marks: Codes = np.empty(0, np.int32)
        self.block = Block(
            starts=np.empty((width, rows), np.int32),
            ends=np.empty((width, rows), np.int32),
            found=np.empty((2, rows), np.int64),
            ok=np.empty(rows, np.uint8),
            bits=np.empty((len(plan.columns), rows), np.uint8),
        )

    def fit_marks(self, size: int) -> None:
        """Make room for the marks of a piece of `size` bytes."""
        if len(self.marks) < size + PADDING + 2:
            self.marks = np.empty(size + PADDING + 2, np.int32)

    def fit_texts(self, size: int, records: int) -> None:
        """Make room for all of a piece as text."""
        room = size * _WIDEST_GROWTH + records * _NUMBER_BYTES
        if len(self.out) < room:
            self.out, self.bad = np.empty(room, np.uint8), np.empty(room, np.uint8)
