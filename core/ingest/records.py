"""Where each record of a delimited text begins and ends: one pass over the bytes.

A record reader of our own stands in front of DuckDB because DuckDB's loses records after a
damaged quote, counts records where a person counts lines, and refuses mixed line ends. The
kernel copies every regular record, with its number and its physical line in front, into a text
that DuckDB then reads strictly; every other record goes to a second text with its code.

Rules: a cell is quoted when its first byte is the quote; a doubled quote stands for one; after
the closing quote comes the delimiter, a line end or the end. A quote inside an unquoted cell is
text. A quoted cell that is never closed properly costs only its first line (UNTERMINATED_QUOTE)
and reading goes on at the next line. A plain Python version of this loop needs about 100 times
as long (0.3 s for 10 MB against 3 ms).
"""

from numba import njit
from numpy import uint8
from numpy.typing import NDArray

from core.ingest.bare_arrays import bare
from core.ingest.plain_rows import find_marks, read_plain_row

MISSING_CELLS, EXTRA_CELLS, UNTERMINATED_QUOTE, BAD_QUOTE, NUL_BYTE, TOO_LONG = range(1, 7)
_UNCLOSED = 7  # no closing quote as far as the bytes go
BAD_CODES = (  # in the order of the numbers above
    "MISSING_CELLS",
    "EXTRA_CELLS",
    "UNTERMINATED_QUOTE",
    "BAD_QUOTE",
    "NUL_BYTE",
    "TOO_LONG",
)
RAW_BYTES = 2000  # of a bad record that are kept
_LF, _CR, _QUOTE, _COMMA = 10, 13, 34, 44

Bytes = NDArray[uint8]


@njit(cache=True, nogil=True)
def _write_number(out, at, number):  # type: ignore[no-untyped-def]
    digits = 1
    rest = number
    while rest >= 10:
        rest //= 10
        digits += 1
    for k in range(digits - 1, -1, -1):
        out[at + k] = 48 + number % 10
        number //= 10
    return at + digits


@njit(cache=True, nogil=True)
def _write_quoted(out, at, data, start, end):  # type: ignore[no-untyped-def]
    out[at] = _QUOTE
    at += 1
    for k in range(start, end):
        if data[k] == _QUOTE:
            out[at] = _QUOTE
            at += 1
        out[at] = 32 if data[k] == 0 else data[k]
        at += 1
    out[at] = _QUOTE
    return at + 1


@njit(cache=True, nogil=True)
def _write_bad(bad, at, record, line, code, data, start, end):  # type: ignore[no-untyped-def]
    at = _write_number(bad, at, record)
    bad[at] = _COMMA
    at = _write_number(bad, at + 1, line)
    bad[at] = _COMMA
    at = _write_number(bad, at + 1, code)
    bad[at] = _COMMA
    if end - start > RAW_BYTES:
        end = start + RAW_BYTES
        while end > start and data[end] & 0xC0 == 0x80:
            end -= 1
    at = _write_quoted(bad, at + 1, data, start, end)
    bad[at] = _LF
    return at + 1


@njit(cache=True, nogil=True)
def _end_of_line(data, at, terminator):  # type: ignore[no-untyped-def]
    while at < len(data) and data[at] != terminator:
        at += 1
    return at


@njit(cache=True, nogil=True)
def _skip_quoted(data, at, terminator):  # type: ignore[no-untyped-def]
    # From after the opening quote: (after the closing one, code, lines spanned).
    n = len(data)
    code = spanned = 0
    while at < n:
        byte = data[at]
        if byte == _QUOTE:
            if at + 1 >= n or data[at + 1] != _QUOTE:
                return at + 1, code, spanned
            at += 1
        elif byte == terminator:
            spanned += 1
        elif byte == 0:
            code = NUL_BYTE
        at += 1
    return at, _UNCLOSED, spanned


@njit(cache=True, nogil=True)
def _ends_here(data, at, delimiter, terminator):  # type: ignore[no-untyped-def]
    n = len(data)
    if at >= n or data[at] == delimiter or data[at] == terminator:
        return True
    return data[at] == _CR and (at + 1 >= n or data[at + 1] == terminator)


@njit(cache=True, nogil=True)
def _find_cell(data, at, delimiter, terminator):  # type: ignore[no-untyped-def]
    # (where it stops, end of its text, code, bytes that need quoting, lines spanned).
    n = len(data)
    start = at
    code = odd = spanned = 0
    if at < n and data[at] == _QUOTE:
        at, code, spanned = _skip_quoted(data, at + 1, terminator)
        if code == _UNCLOSED:
            return at, at, code, 0, spanned
        if not _ends_here(data, at, delimiter, terminator):
            if spanned > 0:
                return at, at, UNTERMINATED_QUOTE, 0, spanned
            code = BAD_QUOTE
    while at < n and data[at] != delimiter and data[at] != terminator:
        if data[at] == _QUOTE or data[at] == _CR:
            odd += 1
        elif data[at] == 0:
            code = NUL_BYTE
        at += 1
    end = at
    if (at >= n or data[at] == terminator) and end > start and data[end - 1] == _CR:
        end -= 1
        odd -= 1
    return at, end, code, odd, spanned


@njit(cache=True, nogil=True)
def _write_cell(out, at, data, start, end, odd):  # type: ignore[no-untyped-def]
    if odd > 0:
        return _write_quoted(out, at, data, start, end)
    for k in range(start, end):
        out[at] = data[k]
        at += 1
    return at


@njit(cache=True, nogil=True)
def _read_record(  # type: ignore[no-untyped-def]
    data, at, delimiter, terminator, width, trailing, max_cell, out, w
):
    # (where it stops, end of its text, end of out, code, lines spanned).
    n = len(data)
    cells = code = spanned = 0
    while True:
        start = at
        at, end, found, odd, lines = _find_cell(data, at, delimiter, terminator)
        spanned += lines
        if found in (_UNCLOSED, UNTERMINATED_QUOTE):
            return at, end, w, found, spanned
        last = at >= n or data[at] != delimiter
        cells += 1
        if found == 0 and end - start > max_cell:
            found = TOO_LONG
        if found == 0 and cells > width:
            surplus_blank = trailing and last and cells == width + 1 and end == start
            found = 0 if surplus_blank else EXTRA_CELLS
        if code == 0:
            code = found
        if code == 0 and cells <= width:
            out[w] = delimiter
            w = _write_cell(out, w + 1, data, start, end, odd)
        if last:
            break
        at += 1
    if code == 0 and cells < width:
        code = MISSING_CELLS
    return at, end, w, code, spanned


@njit(cache=True, nogil=True)
def _blank_line(data, at, terminator):  # type: ignore[no-untyped-def]
    # Bytes of the blank line that begins here, 0 when none does.
    if data[at] == terminator:
        return 1
    if data[at] == _CR and at + 1 < len(data) and data[at + 1] == terminator:
        return 2
    return 0


@njit(cache=True, nogil=True)
def _split(  # type: ignore[no-untyped-def]
    data, final, give_up, delimiter, terminator, width, trailing, max_cell, record, line, out, bad,
    plan, words, bounds, numbers, views, filled, votes, places, marks, bits,
):  # fmt: skip
    n = len(data)
    at = n_out = n_bad = rows = bads = unclosed = longest = plain = 0
    mark = 0
    while at < n:
        blank = _blank_line(data, at, terminator)
        if blank:
            at += blank
            line += 1
            continue
        start = at
        if len(plan):
            while marks[mark] < start:
                mark += 1
            at, mark_there, spanned = read_plain_row(
                data, start, mark, marks, delimiter, terminator, width, trailing, max_cell,
                plan, plain, words, bounds, numbers, views, filled, votes, bits,
            )  # fmt: skip
            if at >= 0:
                record += 1
                places[0, plain] = record
                places[1, plain] = line
                plain += 1
                line += spanned + 1
                at += 1
                mark = mark_there + 1
                continue
        w = _write_number(out, n_out, record + 1)
        out[w] = delimiter
        w = _write_number(out, w + 1, line)
        at, end, w, code, spanned = _read_record(
            data, start, delimiter, terminator, width, trailing, max_cell, out, w
        )
        lost = code == UNTERMINATED_QUOTE or (give_up and start == 0 and code == _UNCLOSED)
        if at >= n and not final and not lost:
            at = start
            break
        if code in (_UNCLOSED, UNTERMINATED_QUOTE):
            unclosed += code == _UNCLOSED
            code = UNTERMINATED_QUOTE
            end = at = _end_of_line(data, start, terminator)
            spanned = 0
        record += 1
        if code:
            n_bad = _write_bad(bad, n_bad, record, line, code, data, start, end)
            bads += 1
        else:
            out[w] = _LF
            longest = max(longest, w + 1 - n_out)
            n_out = w + 1
            rows += 1
        line += spanned
        if at < n:
            at += 1
            line += 1
    return at, n_out, n_bad, record, line, rows, bads, unclosed, longest, plain


@njit(cache=True, nogil=True)
def split_records(  # type: ignore[no-untyped-def]
    data, final, give_up, delimiter, terminator, width, trailing, max_cell, record, line, out, bad,
    plan, words, bounds, numbers, views, filled, votes, places, marks, bits,
):  # fmt: skip
    """Split `data` (UTF-8) into records of `width` cells.

    `terminator` is LF (a CR before it belongs to it) or CR; `trailing` allows one empty cell
    more at the end; `final` says that nothing follows; `give_up` that the closing quote
    of the first record is not waited for. `record` is the last number given, `line` the line
    where `data` begins. `out` and `bad` are written from 0. With a `plan`, plain rows go to the
    columns instead (`core.ingest.plain_rows`), their record and line to `places`; `marks` and
    `bits` are room to work in.

    Returns (bytes consumed, bytes of out, bytes of bad, record, line, rows of out, bad records,
    quotes never closed, longest row of out in bytes, plain rows).
    """
    if len(plan):
        find_marks(bare(data), delimiter, terminator, bare(marks))
    return _split(
        bare(data), final, give_up, delimiter, terminator, width, trailing, max_cell, record, line,
        bare(out), bare(bad), bare(plan), bare(words), bare(bounds), bare(numbers), bare(views),
        bare(filled), bare(votes), bare(places), bare(marks), bare(bits),
    )  # fmt: skip
