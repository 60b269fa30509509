"""How often customers bought and what they paid: one row of totals per customer."""

import numpy as np

from core.compiled import njit
from core.reco.lines import day_of, is_gift, product_of

FEW_VALUES = 48  # up to here, insertion is faster than any other sort


@njit(cache=True, nogil=True)
def count_documents(low, high, offsets, records, window_start):  # type: ignore[no-untyped-def]
    """Return the first six columns of `aggregates.TOTALS`."""
    documents = np.zeros(high - low, np.int64)
    frequency = np.zeros(high - low, np.int64)
    first_day = np.zeros(high - low, np.int32)
    last_day = np.zeros(high - low, np.int32)
    number = np.zeros(high - low, np.int64)
    usual = np.zeros(high - low, np.float64)
    most = 0
    for customer in range(low, high):
        most = max(most, offsets[customer + 1] - offsets[customer])
    names, gaps = np.empty(most, np.int64), np.empty(most, np.int64)
    for customer in range(low, high):
        first, last, at = offsets[customer], offsets[customer + 1], customer - low
        if first == last:
            continue
        recent = last
        while recent > first and day_of(records[recent - 1, 0]) > window_start:
            recent -= 1
        frequency[at] = _count_different(recent, last, records, names)
        documents[at] = frequency[at]
        if recent > first:
            documents[at] = _count_different(first, last, records, names)
        first_day[at], last_day[at] = day_of(records[first, 0]), day_of(records[last - 1, 0])
        found = 0
        for row in range(first + 1, last):
            gap = day_of(records[row, 0]) - day_of(records[row - 1, 0])
            if gap > 0:
                gaps[found] = gap
                found += 1
        number[at] = found
        if found:
            _sort_few(gaps, found)
            usual[at] = (gaps[(found - 1) // 2] + gaps[found // 2]) / 2
    return documents, frequency, first_day, last_day, number, usual


@njit(cache=True, nogil=True)
def _count_different(first, last, records, names):  # type: ignore[no-untyped-def]
    """Return how many documents the rows hold; a document may go on on another day."""
    found = 0
    for row in range(first, last):
        if found == 0 or records[row, 1] != names[found - 1]:
            names[found] = records[row, 1]
            found += 1
    if found < 2:
        return found
    _sort_few(names, found)
    different = 1
    for at in range(1, found):
        different += names[at] != names[at - 1]
    return different


@njit(cache=True, nogil=True)
def _sort_few(values, number):  # type: ignore[no-untyped-def]
    """Sort the first `number` values in place, without the costs of a call where they are few."""
    if number > FEW_VALUES:
        values[:number] = np.sort(values[:number])
        return
    for at in range(1, number):
        value, place = values[at], at
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@njit(cache=True, nogil=True)
def sum_paid(low, high, offsets, records, pack_ml, is_article, window_start):  # type: ignore[no-untyped-def]
    """Return the last three columns of `aggregates.TOTALS`."""
    revenue = np.zeros(high - low, np.int64)
    paid_cents = np.zeros(high - low, np.int64)
    paid_volume = np.zeros(high - low, np.int64)
    for customer in range(low, high):
        for row in range(offsets[customer], offsets[customer + 1]):
            word, amount = records[row, 0], records[row, 3]
            if day_of(word) > window_start:
                revenue[customer - low] += amount
            product = product_of(word)
            if is_article[product] and amount > 0 and not is_gift(word):
                paid_cents[customer - low] += amount
                paid_volume[customer - low] += records[row, 2] * pack_ml[product]
    return revenue, paid_cents, paid_volume
