"""One column of a block of plain rows: its cells parsed one after another.

Column by column a loop does the same for every row, with nothing to look up or to decide: a
third of the time of a loop that goes through the cells of each row. `starts` and `ends` are the
bounds of the cells in `data`; `ok` is set to 0 where a cell is not plain, `bits` to its votes.
"""

from numpy import uint64

from core.compiled import njit
from core.ingest.byte_words import first_bytes, load_word
from core.ingest.plain_cells import (
    CR,
    DATE,
    HEADER,
    KIND,
    LEAST,
    LF,
    MARK,
    MOST,
    NUMBER,
    REQUIRED,
    SIZE,
    SLOT,
    SPACE,
    TAB,
    TEXT,
    WORDS,
    WORDS_END,
    parse_date,
    parse_number,
)

_INLINE = 12  # bytes a string view holds itself


@njit(cache=True, nogil=True)
def _trimmed(data, start, end):  # type: ignore[no-untyped-def]
    while start < end and data[start] in (SPACE, TAB, CR, LF):
        start += 1
    while end > start and data[end - 1] in (SPACE, TAB, CR, LF):
        end -= 1
    return start, end


@njit(cache=True, nogil=True)
def _bounds(data, start, end):  # type: ignore[no-untyped-def]
    # The bounds of a cell without blanks at its ends: most have none.
    if start < end and (data[start] <= SPACE or data[end - 1] <= SPACE):
        return _trimmed(data, start, end)
    return start, end


@njit(cache=True, nogil=True)
def _may_be_blank(data, start, end):  # type: ignore[no-untyped-def]
    # Whether a character at either end may be one of the blanks outside ASCII.
    if data[start] in (0xC2, 0xE2, 0xEF):
        return True
    at = end - 1
    while at > start and data[at] & 0xC0 == 0x80:
        at -= 1
    return data[at] in (0xC2, 0xE2, 0xEF)


@njit(cache=True, nogil=True)
def _write_view(views, row, data, start, length):  # type: ignore[no-untyped-def]
    # An Arrow string view: the length, then the text itself, or its first bytes and its place.
    prefix = first_bytes(load_word(data, start), min(length, 4))
    views[row, 0] = uint64(length) | prefix << uint64(32)
    if length <= 4:
        views[row, 1] = uint64(0)
    elif length <= _INLINE:
        views[row, 1] = first_bytes(load_word(data, start + 4), length - 4)
    else:
        views[row, 1] = uint64(start) << uint64(32)


@njit(cache=True, nogil=True)
def _read_texts(data, starts, ends, count, plan, views, filled, ok):  # type: ignore[no-untyped-def]
    size, required = plan[SIZE], plan[REQUIRED] != 0
    for row in range(count):
        start, end = _bounds(data, starts[row], ends[row])
        filled[row] = end > start
        if start == end:
            views[row, 0] = views[row, 1] = uint64(0)
            ok[row] &= not required
            continue
        is_ascii = (data[start] | data[end - 1]) < 0x80
        ok[row] &= end - start <= size and (is_ascii or not _may_be_blank(data, start, end))
        _write_view(views, row, data, start, end - start)


@njit(cache=True, nogil=True)
def _read_numbers(data, starts, ends, count, plan, numbers, filled, ok, bits):  # type: ignore[no-untyped-def]
    point, scale, required = plan[MARK], plan[SIZE], plan[REQUIRED] != 0
    least, most = plan[LEAST], plan[MOST]
    for row in range(count):
        start, end = _bounds(data, starts[row], ends[row])
        filled[row] = end > start
        numbers[row] = bits[row] = 0
        if start == end:
            ok[row] &= not required
            continue
        plain, value, votes = parse_number(data, start, end, point, scale)
        ok[row] &= plain and least <= value <= most
        numbers[row] = value
        bits[row] = votes


@njit(cache=True, nogil=True)
def _read_dates(data, starts, ends, count, plan, codes, filled, ok, bits):  # type: ignore[no-untyped-def]
    order, required = plan[MARK], plan[REQUIRED] != 0
    least, most = plan[LEAST], plan[MOST]
    for row in range(count):
        start, end = _bounds(data, starts[row], ends[row])
        filled[row] = end > start
        codes[row] = bits[row] = 0
        if start == end:
            ok[row] &= not required
            continue
        plain, value, votes = parse_date(data, start, end, order)
        ok[row] &= plain and least <= value <= most
        codes[row] = value
        bits[row] = votes


@njit(cache=True, nogil=True)
def _is_word(data, start, length, asked, word):  # type: ignore[no-untyped-def]
    begin = asked.bounds[word]
    k = 0
    if asked.bounds[word + 1] - begin == length:
        while k < length and asked.words[begin + k] == data[start + k]:
            k += 1
        return k == length
    return False


@njit(cache=True, nogil=True)
def _read_words(data, starts, ends, count, plan, asked, codes, ok):  # type: ignore[no-untyped-def]
    # The word of the row before is looked at first.
    first, last = plan[WORDS], plan[WORDS_END]
    known = first
    for row in range(count):
        start, end = _bounds(data, starts[row], ends[row])
        if known == last or not _is_word(data, start, end - start, asked, known):
            known = first
            while known < last and not _is_word(data, start, end - start, asked, known):
                known += 1
        ok[row] &= known < last
        codes[row] = known - first


@njit(cache=True, nogil=True)
def read_column(data, count, asked, column, base, columns, block):  # type: ignore[no-untyped-def]
    """Parse the `count` cells of `column` in `block`; they go to `columns` from row `base` on."""
    plan = asked.table[column]
    kind, slot = plan[KIND], plan[SLOT]
    starts, ends = block.starts[plan[HEADER]], block.ends[plan[HEADER]]
    filled, bits, ok = columns.filled[column, base:], block.bits[column], block.ok
    if kind == TEXT:
        views = columns.views[slot, base:]
        _read_texts(data, starts, ends, count, plan, views, filled, ok)
    elif kind == NUMBER:
        numbers = columns.numbers[slot, base:]
        _read_numbers(data, starts, ends, count, plan, numbers, filled, ok, bits)
    elif kind == DATE:
        codes = columns.codes[slot, base:]
        _read_dates(data, starts, ends, count, plan, codes, filled, ok, bits)
    else:
        codes = columns.codes[slot, base:]
        _read_words(data, starts, ends, count, plan, asked, codes, ok)
