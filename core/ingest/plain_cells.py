"""The cells that can be read in one way only, and what they mean.

A column is read as one of the kinds below. Numbers come out as integers of `SIZE` digits after
the decimal sign, dates as days since 1970, words as their number in the list of known ones. A
cell may be refused without a reason: SQL then decides about its row.
"""

from numpy import int64, uint64

from core.compiled import njit
from core.ingest.byte_words import first_bytes, load_word, lowest_bit

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
_SHORT = 8  # bytes of a number that are read at once
_DAY_LENGTH = 10  # of a date with every zero: 2025-03-14
_NO_DAY = -(1 << 62)


@njit(cache=True, nogil=True)
def _is_digit(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57


@njit(cache=True, nogil=True)
def _parse_short(word, length, point, scale):  # type: ignore[no-untyped-def]
    # A number of at most eight bytes that begins with a digit, or (False, 0, 0): the point is
    # found among all bytes at once and taken out, then the digits are added up two by two.
    word = first_bytes(word, length)
    other = word ^ (uint64(point) * uint64(0x0101010101010101))
    point_bits = (other - uint64(0x0101010101010101)) & ~other & uint64(0x8080808080808080)
    whole, decimals, digits = length, 0, word
    if point_bits:
        whole = lowest_bit(point_bits) >> 3
        decimals = length - whole - 1
        if decimals == 0 or decimals > scale:
            return False, 0, 0
        before = (uint64(1) << uint64(8 * whole)) - uint64(1)
        digits = (word & before) | ((word >> uint64(8)) & ~before)
    blank = 8 * (_SHORT - whole - decimals)
    digits <<= uint64(blank)
    digits |= uint64(0x3030303030303030) & ((uint64(1) << uint64(blank)) - uint64(1))
    tens = uint64(0xF0F0F0F0F0F0F0F0)
    above = ((digits + uint64(0x0606060606060606)) & tens) >> uint64(4)
    if (digits & tens) | above != uint64(0x3333333333333333):
        return False, 0, 0
    digits -= uint64(0x3030303030303030)
    pairs = digits * uint64(10) + (digits >> uint64(8))
    low = (pairs & uint64(0x000000FF000000FF)) * uint64(0x000F424000000064)
    high = ((pairs >> uint64(16)) & uint64(0x000000FF000000FF)) * uint64(0x0000271000000001)
    value = int64((low + high) >> uint64(32))
    for _ in range(decimals, scale):
        value *= 10
    return True, value, _decimal_vote(decimals, whole, word & uint64(0xFF) == uint64(48))


@njit(cache=True, nogil=True)
def _decimal_vote(decimals, whole, is_zero):  # type: ignore[no-untyped-def]
    # What a number says of the sign before its decimals, as bits; `is_zero`: it begins with one.
    if decimals == 0:
        return 0
    if decimals != 3 or (whole == 1 and is_zero):
        return 1 << SURE
    return 1 << EITHER if whole <= 3 and not is_zero else 0


@njit(cache=True, nogil=True)
def parse_number(data, start, end, point, scale):  # type: ignore[no-untyped-def]
    """Return (whether it is plain, value times 10**scale, votes as bits)."""
    if end - start <= _SHORT and _is_digit(data[start]):
        plain, value, votes = _parse_short(load_word(data, start), end - start, point, scale)
        if plain:
            return True, value, votes
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
    decimals = 0
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
    for _ in range(decimals, scale):
        value *= 10
    votes = _decimal_vote(decimals, whole, data[first] == 48)
    return True, -value if negative else value, votes


@njit(cache=True, nogil=True)
def _days(year, month, day):  # type: ignore[no-untyped-def]
    # Days since 1970 of a date of the Gregorian calendar (Hinnant, days_from_civil); a day that
    # the month lacks gives the first lowest integer.
    longest = 30 + ((month + (month >> 3)) & 1)
    if month == 2:
        longest = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
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
def _is_between(byte):  # type: ignore[no-untyped-def]
    # A hyphen, a point or a slash.
    return 45 <= byte <= 47


@njit(cache=True, nogil=True)
def _two_digits(data, at):  # type: ignore[no-untyped-def]
    # The number of two digits, below zero where they are none.
    if _is_digit(data[at]) and _is_digit(data[at + 1]):
        return (data[at] - 48) * 10 + data[at + 1] - 48
    return -10_000


@njit(cache=True, nogil=True)
def _date_votes(one, two):  # type: ignore[no-untyped-def]
    return (int(one > 12) << FIRST) | (int(two > 12) << SECOND) | (int(one != two) << DIFFERENT)


@njit(cache=True, nogil=True)
def _parse_ten(data, start, order):  # type: ignore[no-untyped-def]
    # A date of ten bytes, whose digits stand in their places, or (False, 0, 0).
    if _is_between(data[start + 4]) and _is_between(data[start + 7]):
        year = _two_digits(data, start) * 100 + _two_digits(data, start + 2)
        month, day = _two_digits(data, start + 5), _two_digits(data, start + 8)
        if year >= 0 and month >= 0 and day >= 0:
            return True, _days(year, month, day), 0
    elif order != ISO and _is_between(data[start + 2]) and _is_between(data[start + 5]):
        one, two = _two_digits(data, start), _two_digits(data, start + 3)
        year = _two_digits(data, start + 6) * 100 + _two_digits(data, start + 8)
        if year >= 0 and one >= 0 and two >= 0:
            month, day = (two, one) if order == DMY else (one, two)
            return True, _days(year, month, day), _date_votes(one, two)
    return False, 0, 0


@njit(cache=True, nogil=True)
def parse_date(data, start, end, order):  # type: ignore[no-untyped-def]
    """Return (whether it is plain, days since 1970, votes as bits)."""
    if end - start == _DAY_LENGTH:
        plain, value, votes = _parse_ten(data, start, order)
        if plain:
            return True, value, votes
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
    return True, _days(three, month, day), _date_votes(one, two)
