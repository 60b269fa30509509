"""The cells that can be read in one way only, and what they mean.

A column is read as one of the kinds below. Numbers come out as integers of `SIZE` digits after
the decimal sign, dates as days since 1970, words as their number in the list of known ones. A
cell may be refused without a reason: SQL then decides about its row.
"""

from numba import njit
from numpy import int32, int64, uint8, uint32
from numpy.typing import NDArray

TEXT, NUMBER, DATE, WORD = range(4)
ISO, DMY, MDY = range(3)
# What a row of the plan says of one column: the place of its header, its kind, the slot among
# the results of its kind, digits kept or longest text, decimal sign or date order, bounds,
# whether it must be filled, its range among the known words.
HEADER, KIND, SLOT, SIZE, MARK, LEAST, MOST, REQUIRED, WORDS, WORDS_END = range(10)
PLAN_WIDTH = 10
# Columns of the table of votes: what `core.ingest.settle` counts over a file.
SURE, EITHER, FIRST, SECOND, DIFFERENT = range(5)
VOTES = 5

LF, CR, QUOTE, SPACE, TAB = 10, 13, 34, 32, 9
_MOST_DIGITS = 9  # of the whole part: what fits every stored type
_INLINE = 12  # bytes a string view holds itself
_NO_DAY = -(1 << 62)

Numbers = NDArray[int64]
Bytes = NDArray[uint8]
Views = NDArray[uint32]
Marks = NDArray[int32]


@njit(cache=True, nogil=True, inline="always")
def _is_digit(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57


@njit(cache=True, nogil=True)
def _may_be_blank(data, start, end):  # type: ignore[no-untyped-def]
    # Whether a character at either end may be one of the blanks outside ASCII.
    if data[start] in (0xC2, 0xE2, 0xEF):
        return True
    at = end - 1
    while at > start and data[at] & 0xC0 == 0x80:
        at -= 1
    return data[at] in (0xC2, 0xE2, 0xEF)


@njit(cache=True, nogil=True, inline="always")
def _write_view(views, slot, row, data, start, end):  # type: ignore[no-untyped-def]
    # An Arrow string view: the length, then the text itself, or its prefix and its place.
    length = end - start
    first = second = third = uint32(0)
    for k in range(min(length, 4)):
        first |= uint32(data[start + k]) << uint32(8 * k)
    if length <= _INLINE:
        for k in range(4, min(length, 8)):
            second |= uint32(data[start + k]) << uint32(8 * (k - 4))
        for k in range(8, length):
            third |= uint32(data[start + k]) << uint32(8 * (k - 8))
    else:
        third = uint32(start)
    views[slot, row, 0] = length
    views[slot, row, 1] = first
    views[slot, row, 2] = second
    views[slot, row, 3] = third


@njit(cache=True, nogil=True)
def parse_number(data, start, end, point, scale):  # type: ignore[no-untyped-def]
    """Return (whether it is plain, value times 10**scale, votes as bits)."""
    at = start
    negative = data[at] == 45
    if data[at] == 43 or negative:
        at += 1
    first = at
    value = 0
    while at < end and _is_digit(data[at]):
        value = value * 10 + (data[at] - 48)
        at += 1
    whole = at - first
    if whole == 0 or whole > _MOST_DIGITS:
        return False, 0, 0
    decimals = votes = 0
    if at < end:
        if data[at] != point or at + 1 == end:
            return False, 0, 0
        at += 1
        while at < end and _is_digit(data[at]):
            decimals += 1
            if decimals <= scale:
                value = value * 10 + (data[at] - 48)
            elif data[at] != 48:
                return False, 0, 0
            at += 1
        if at < end:
            return False, 0, 0
        if decimals != 3 or (whole == 1 and data[first] == 48):
            votes = 1 << SURE
        elif whole <= 3 and data[first] != 48:
            votes = 1 << EITHER
    for _ in range(decimals, scale):
        value *= 10
    return True, -value if negative else value, votes


@njit(cache=True, nogil=True)
def _days(year, month, day):  # type: ignore[no-untyped-def]
    # Days since 1970 of a date of the Gregorian calendar (Hinnant, days_from_civil); a day that
    # the month lacks gives the first lowest integer.
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 31
    if month == 2:
        longest = 29 if leap else 28
    elif month in (4, 6, 9, 11):
        longest = 30
    if month < 1 or month > 12 or day < 1 or day > longest:
        return _NO_DAY
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)
def _digits(data, at, end):  # type: ignore[no-untyped-def]
    # (the number that begins here, where it ends); at most four digits.
    value = 0
    first = at
    while at < end and at - first < 4 and _is_digit(data[at]):
        value = value * 10 + (data[at] - 48)
        at += 1
    return value, at


@njit(cache=True, nogil=True)
def _is_time(data, at, end):  # type: ignore[no-untyped-def]
    # ` h:mm`, ` hh:mm`, with seconds or not, or nothing.
    if at == end:
        return True
    if data[at] != SPACE and data[at] != 84:
        return False
    _, stop = _digits(data, at + 1, end)
    if stop == at + 1 or stop > at + 3:
        return False
    for _ in range(2):
        at = stop
        if at >= end or data[at] != 58:
            return False
        _, stop = _digits(data, at + 1, end)
        if stop != at + 3:
            return False
        if stop == end:
            return True
    return False


@njit(cache=True, nogil=True)
def parse_date(data, start, end, order):  # type: ignore[no-untyped-def]
    """Return (whether it is plain, days since 1970, votes as bits)."""
    one, at = _digits(data, start, end)
    long_one = at - start
    if long_one == 0 or at >= end or data[at] not in (45, 46, 47):
        return False, 0, 0
    two, stop = _digits(data, at + 1, end)
    long_two = stop - at - 1
    if not 1 <= long_two <= 2 or stop >= end or data[stop] not in (45, 46, 47):
        return False, 0, 0
    three, at = _digits(data, stop + 1, end)
    long_three = at - stop - 1
    if not _is_time(data, at, end):
        return False, 0, 0
    if long_one == 4 and 1 <= long_three <= 2:
        return True, _days(one, two, three), 0
    if order == ISO or long_one > 2 or long_three != 4:
        return False, 0, 0
    month, day = (two, one) if order == DMY else (one, two)
    votes = (int(one > 12) << FIRST) | (int(two > 12) << SECOND) | (int(one != two) << DIFFERENT)
    return True, _days(three, month, day), votes


@njit(cache=True, nogil=True)
def _find_word(data, start, end, words, bounds, first, last):  # type: ignore[no-untyped-def]
    for word in range(first, last):
        begin = bounds[word]
        if bounds[word + 1] - begin == end - start:
            k = 0
            while k < end - start and words[begin + k] == data[start + k]:
                k += 1
            if k == end - start:
                return word - first
    return -1


@njit(cache=True, nogil=True, inline="always")
def cast_votes(votes, column, bits, times):  # type: ignore[no-untyped-def]
    """Add the votes of a cell to its column: `bits` has one a vote, `times` -1 takes them back."""
    if bits:
        for vote in range(VOTES):
            votes[column, vote] += times * ((bits >> vote) & 1)


@njit(cache=True, nogil=True, inline="always")
def parse_cell(  # type: ignore[no-untyped-def]
    data, start, end, plan, column, row, words, bounds, numbers, views, filled
):
    """Parse the trimmed cell into row `row`; return (whether it is plain, votes as bits)."""
    kind, slot = plan[column, KIND], plan[column, SLOT]
    filled[column, row] = 1
    if kind == WORD:
        first, last = plan[column, WORDS], plan[column, WORDS_END]
        found = _find_word(data, start, end, words, bounds, first, last)
        numbers[slot, row] = found
        return found >= 0, 0
    if start == end:
        filled[column, row] = 0
        if kind == TEXT:
            views[slot, row, 0] = 0
        else:
            numbers[slot, row] = 0
        return plan[column, REQUIRED] == 0, 0
    if kind == TEXT:
        if end - start > plan[column, SIZE] or _may_be_blank(data, start, end):
            return False, 0
        _write_view(views, slot, row, data, start, end)
        return True, 0
    mark = plan[column, MARK]
    if kind == NUMBER:
        plain, value, bits = parse_number(data, start, end, mark, plan[column, SIZE])
    else:
        plain, value, bits = parse_date(data, start, end, mark)
    numbers[slot, row] = value
    return plain and plan[column, LEAST] <= value <= plan[column, MOST], bits
