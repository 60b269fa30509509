"""A piece of a delimited text split into records: plain rows to columns, the others to texts."""

from numpy import int64

from core.compiled import njit
from core.ingest.bare_arrays import bare
from core.ingest.plain_arrays import bare_asked, bare_block, bare_columns
from core.ingest.plain_rows import blank_line, find_rows, read_block
from core.ingest.records import LINE, PLAIN_ROWS, RECORD, take_record


@njit(cache=True, nogil=True)
def _take_block(  # type: ignore[no-untyped-def]
    data, at, mark, marks, final, give_up, layout, out, bad, tally, asked, columns, block
):
    # A block of rows whose cells have certain bounds: to the columns, what is not plain as text.
    # Returns (how many, where the next row begins, the first mark not before).
    count, at, mark, line = find_rows(data, at, mark, tally[LINE], marks, layout, block)
    base = tally[PLAIN_ROWS]
    tally[PLAIN_ROWS] += read_block(data, count, asked, base, columns, block)
    for row in range(count):
        if block.ok[row]:
            tally[RECORD] += 1
            columns.places[0, base] = tally[RECORD]
            columns.places[1, base] = block.found[1, row]
            base += 1
        else:
            tally[LINE] = block.found[1, row]
            take_record(data, block.found[0, row], final, give_up, layout, out, bad, tally)
    tally[LINE] = line
    return count, at, mark


@njit(cache=True, nogil=True)
def _split(  # type: ignore[no-untyped-def]
    data, final, give_up, layout, out, bad, tally, marks, asked, columns, block
):
    n = len(data)
    at = mark = int64(0)  # a plain 0 has a type of its own, and all would be compiled twice
    while at < n:
        if len(asked.table):
            while marks[mark] < at:
                mark += 1
            count, at, mark = _take_block(
                data, at, mark, marks, final, give_up, layout, out, bad, tally, asked, columns,
                block,
            )  # fmt: skip
            if at >= n or count == len(block.ok):
                continue
        blank = blank_line(data, at, layout.terminator)
        if blank:
            at += blank
            tally[LINE] += 1
            continue
        stop = take_record(data, at, final, give_up, layout, out, bad, tally)
        if stop < 0:
            break
        at = stop
    return at


@njit(cache=True, nogil=True)
def split_records(  # type: ignore[no-untyped-def]
    data, final, give_up, layout, out, bad, tally, marks, asked, columns, block
):
    """Split `data` (UTF-8, followed by `PADDING` bytes) into records written as `layout` says.

    `final` says that nothing follows; `give_up` that the closing quote of the first record is
    not waited for. `out` and `bad` are written from 0. `tally` holds the last number given to a
    record and the line where `data` begins, and takes what is counted. Where `asked` names columns,
    plain rows go to `columns` instead; `marks` then are those of `data`, and `block` is room to
    work in. Returns the bytes consumed.
    """
    return _split(
        bare(data), final, give_up, layout, bare(out), bare(bad), bare(tally), bare(marks),
        bare_asked(asked), bare_columns(columns), bare_block(block),
    )  # fmt: skip
