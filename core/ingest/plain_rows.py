"""Plain rows in one pass over the bytes: the rows that can be read in one way only.

Nearly every row of a large file is plain: numbers without thousands, dates of one form, words
seen before. `read_plain_row` parses such a row while it looks for its end, straight into
columns; whatever it is not certain about it leaves to the SQL of `core.ingest.values`, which
decides about a cell. So this module may refuse any row, but must never read one differently: a
property test holds both ways equal. SQL alone needs 36 s for 10 million sale lines on two
cores, this pass 2 s.
"""

import numpy as np
from numba import njit

from core.ingest.plain_cells import CR, HEADER, LF, QUOTE, SPACE, TAB, cast_votes, parse_cell


@njit(cache=True, nogil=True)
def find_marks(data, delimiter, terminator, marks):  # type: ignore[no-untyped-def]
    """Write the places of the bytes that end a cell or need care to `marks`; return how many.

    After them stands the length of `data`, so that every search among them ends.
    """
    is_mark = np.zeros(256, np.int64)
    for byte in (delimiter, terminator, QUOTE, CR, 0):
        is_mark[byte] = 1
    count = 0
    for at in range(len(data)):
        marks[count] = at
        count += is_mark[data[at]]
    marks[count] = len(data)
    return count


@njit(cache=True, nogil=True)
def _cell_bounds(data, at, mark, marks, delimiter, terminator):  # type: ignore[no-untyped-def]
    # (place of the mark that ends the cell, its number, start and end of the text, lines spanned);
    # the place is -1 where the cell is not plain. `mark` is the first mark not before `at`.
    n = len(data)
    stop = marks[mark]
    start = at
    spanned = 0
    if stop == at and stop < n and data[stop] == QUOTE:
        start += 1
        mark += 1
        while marks[mark] < n and data[marks[mark]] != QUOTE:
            if data[marks[mark]] == 0:
                return -1, mark, 0, 0, 0
            spanned += data[marks[mark]] == terminator
            mark += 1
        end = marks[mark]
        mark += 1
        if end >= n or marks[mark] != end + 1:
            return -1, mark, 0, 0, 0
    else:
        end = stop
    stop = marks[mark]
    if stop < n and data[stop] == CR and terminator == LF and marks[mark + 1] == stop + 1:
        mark += 1
        stop += 1
        if stop < n and data[stop] != LF:
            return -1, mark, 0, 0, 0
    if stop >= n or (data[stop] != delimiter and data[stop] != terminator):
        return -1, mark, 0, 0, 0
    return stop, mark, start, end, spanned


@njit(cache=True, nogil=True, inline="always")
def read_plain_row(  # type: ignore[no-untyped-def]
    data, at, mark, marks, delimiter, terminator, width, trailing, max_cell,
    plan, row, words, bounds, numbers, views, filled, votes, bits,
):  # fmt: skip
    """Read the record that begins at `at` into row `row` of the columns.

    Returns (where it stops, the number of the mark there, lines spanned), or (-1, 0, 0) when it
    is not plain; `votes` then are as before. `mark` numbers the first mark not before `at`;
    `bits` is room for one number a column.
    """
    n = len(data)
    columns = len(plan)
    lines = column = 0
    next_header = plan[0, HEADER]
    stop = -1
    for cell in range(width):
        is_last = cell == width - 1
        start, stop, spanned = at, marks[mark], 0
        end = stop
        if stop == at or stop >= n or data[stop] != (terminator if is_last else delimiter):
            stop, mark, start, end, spanned = _cell_bounds(
                data, at, mark, marks, delimiter, terminator
            )
        if stop < 0 or end - start > max_cell - 2 or (data[stop] != delimiter and not is_last):
            stop = -1
            break
        lines += spanned
        at = stop + 1
        mark += 1
        if cell != next_header:
            continue
        while start < end and data[start] in (SPACE, TAB, CR, LF):
            start += 1
        while end > start and data[end - 1] in (SPACE, TAB, CR, LF):
            end -= 1
        while cell == next_header:
            plain, bits[column] = parse_cell(
                data, start, end, plan, column, row, words, bounds, numbers, views, filled
            )
            if not plain:
                stop = -1
                break
            cast_votes(votes, column, bits[column], 1)
            column += 1
            next_header = plan[column, HEADER] if column < columns else -1
        if stop < 0:
            break
    if stop >= 0 and data[stop] != terminator:
        stop, mark, start, end, _ = _cell_bounds(data, at, mark, marks, delimiter, terminator)
        if not trailing or stop < 0 or end > start or data[stop] != terminator:
            stop = -1
        mark += 1
    if stop < 0:
        for undone in range(column):
            cast_votes(votes, undone, bits[undone], -1)
        return -1, 0, 0
    return stop, mark - 1, lines
