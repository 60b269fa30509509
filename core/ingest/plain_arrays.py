"""What the compiled pass over a file is given: how the file is written, what to read, room for it.

Tuples of arrays, because a compiled function takes no objects.
"""

from typing import NamedTuple

from numpy import int32, int64, uint8, uint64
from numpy.typing import NDArray

from core.compiled import njit
from core.ingest.bare_arrays import bare

Numbers = NDArray[int64]
Codes = NDArray[int32]
Bytes = NDArray[uint8]
Views = NDArray[uint64]


class Layout(NamedTuple):
    """How records are written: `terminator` is LF (a CR before it belongs to it) or CR.

    `trailing` allows one empty cell more at the end of a record.
    """

    delimiter: int
    terminator: int
    width: int
    trailing: bool
    max_cell: int


class Asked(NamedTuple):
    """What is read of plain rows: one row of `table` a column (`core.ingest.plain_cells`).

    `words` are the known words of all columns one after another, `bounds` where each begins.
    """

    table: Numbers
    words: Bytes
    bounds: Numbers


class Columns(NamedTuple):
    """Results of the plain rows of a piece: a row of an array for each column of its kind.

    `codes` takes days and the numbers of words, `views` the string views of Arrow, `filled` (of
    every column) whether a cell is, `places` the number of each record and its line.
    """

    numbers: Numbers
    codes: Codes
    views: Views
    filled: Bytes
    votes: Numbers
    places: Numbers


class Block(NamedTuple):
    """Room for the rows that are worked column by column, used again and again.

    `starts` and `ends`, one row a cell, are the bounds of their cells; `found` says where each row
    begins and in which line, `ok` whether it is plain, `bits`, one row a column, what its
    cells vote for.
    """

    starts: Codes
    ends: Codes
    found: Numbers
    ok: Bytes
    bits: Bytes


@njit(cache=True, nogil=True)
def bare_asked(asked):  # type: ignore[no-untyped-def]
    """Return `asked` of bare arrays."""
    return Asked(bare(asked.table), bare(asked.words), bare(asked.bounds))


@njit(cache=True, nogil=True)
def bare_columns(columns):  # type: ignore[no-untyped-def]
    """Return `columns` of bare arrays."""
    return Columns(
        bare(columns.numbers),
        bare(columns.codes),
        bare(columns.views),
        bare(columns.filled),
        bare(columns.votes),
        bare(columns.places),
    )


@njit(cache=True, nogil=True)
def bare_block(block):  # type: ignore[no-untyped-def]
    """Return `block` of bare arrays."""
    return Block(
        bare(block.starts),
        bare(block.ends),
        bare(block.found),
        bare(block.ok),
        bare(block.bits),
    )
