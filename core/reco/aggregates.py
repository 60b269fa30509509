"""Facts that are sums over the lines of one customer, made in one pass over each customer's lines.

Distinct documents, gaps between days, prices paid and volumes per product, family and sweetness
are windows and groups in SQL, each of which orders or hashes all lines again: together they take
five times as long. `tests/unit/reco/test_reco_aggregates.py` holds both equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiled import njit
from core.reco.history import History
from core.reco.lines import Lines, day_of, is_gift, product_of
from core.reco.shards import joined, run_slices, slices_of
from core.reco.tables import BoolArray, Columns, Int32Array, IntArray
from core.reco.totals import count_documents, sum_paid

ROWS_PER_SLICE = 500_000

TOTALS = (
    "documents", "frequency", "first_day", "last_day", "gaps", "usual_gap_days",
    "revenue_cents", "paid_cents", "paid_volume",
)  # fmt: skip
PRODUCTS = ("customer_no", "product_no", "last_day")
FAMILIES = ("customer_no", "family_no", "volume", "sweet_volume", "paid_cents", "paid_volume")
SWEETNESS = ("customer_no", "family_no", "sweetness_no", "volume")


@dataclass(frozen=True, kw_only=True)
class ProductArrays:
    """What the lines are summed by, per product number; -1 stands for unknown."""

    chain: Int32Array
    pack_ml: IntArray
    is_article: BoolArray
    family: Int32Array
    sweetness: Int32Array
    chains: int
    families: int
    sweetnesses: int


@dataclass(frozen=True, kw_only=True)
class Aggregates:
    """Columns by name (`TOTALS` per customer, the others in the order of their numbers).

    Volumes are in thousandths x millilitres, money in cents, days since 1970-01-01; of a family
    `sweet_volume` is what is of known sweetness. What is paid leaves out gifts and zero amounts,
    and, in `totals` but not within a family, what is no article; `gaps` counts the gaps between
    distinct days, `usual_gap_days` is their median.
    """

    totals: Columns
    products: Columns
    families: Columns
    sweetness: Columns
    history: History


def aggregate(
    lines: Lines, products: ProductArrays, window_start: int, threads: int | None = None
) -> Aggregates:
    """Sum the lines per customer; frequency and revenue count those after day `window_start`."""
    parts = run_slices(
        partial(_sum_slice, lines=lines, products=products, window_start=window_start),
        slices_of(lines.offsets, ROWS_PER_SLICE),
        threads,
    )
    totals, pairs, families, sweetness, own = (
        joined(tables) for tables in zip(*parts, strict=True)
    )
    return Aggregates(
        totals=dict(zip(TOTALS, totals, strict=True)),
        products=dict(zip(PRODUCTS, pairs, strict=True)),
        families=dict(zip(FAMILIES, families, strict=True)),
        sweetness=dict(zip(SWEETNESS, sweetness, strict=True)),
        history=_history_of(own, products.chains),
    )


def _sum_slice(
    low: int, high: int, lines: Lines, products: ProductArrays, window_start: int
) -> list[list[NDArray[Any]]]:
    """Return the columns of each table of `Aggregates`, and those of `_own_items`."""
    given = (low, high, lines.offsets, lines.records)
    taste = (products.pack_ml, products.is_article)
    kinds = (products.families, products.sweetnesses)
    families, sweetness = _sum_tastes(
        *given, products.pack_ml, products.family, products.sweetness, *kinds
    )
    return [
        [*count_documents(*given, window_start), *sum_paid(*given, *taste, window_start)],
        list(_last_days(*given, len(products.chain))),
        list(families),
        list(sweetness),
        list(_own_items(*given, *taste, products.chain)),
    ]


def _history_of(own: Sequence[NDArray[Any]], chains: int) -> History:
    day, item, product, volume, amount, starts, rows = own
    return History(
        offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(rows))),
        item=item,
        product=product,
        basket=np.cumsum(starts, dtype=np.int32) - 1,
        day=day,
        volume=volume,
        amount=amount,
        items=chains,
    )


# The kernels below are written flat: to hand an array to another compiled function in an inner
# loop costs more than what the function does.


@njit(cache=True, nogil=True)
def _last_days(low, high, offsets, records, products):  # type: ignore[no-untyped-def]
    """Return `PRODUCTS`: each product of each customer with the day it was last bought."""
    most = offsets[high] - offsets[low]
    buyer = np.empty(most, np.int32)
    bought = np.empty(most, np.int32)
    last_day = np.empty(most, np.int32)
    row_of = np.full(products, -1, np.int64)
    rows = 0
    for customer in range(low, high):
        start = rows
        for line in range(offsets[customer], offsets[customer + 1]):
            product = product_of(records[line, 0])
            if row_of[product] < 0:
                row_of[product] = rows
                buyer[rows], bought[rows] = customer, product
                rows += 1
            last_day[row_of[product]] = day_of(records[line, 0])  # lines are in order of days
        for row in range(start, rows):
            row_of[bought[row]] = -1
        for row in range(start + 1, rows):
            product, day, place = bought[row], last_day[row], row
            while place > start and bought[place - 1] > product:
                bought[place], last_day[place] = bought[place - 1], last_day[place - 1]
                place -= 1
            bought[place], last_day[place] = product, day
    return buyer[:rows].copy(), bought[:rows].copy(), last_day[:rows].copy()


@njit(cache=True, nogil=True)
def _sum_tastes(  # type: ignore[no-untyped-def]
    low, high, offsets, records, pack_ml, family, sweetness, families, kinds
):
    """Return `FAMILIES` and `SWEETNESS`; within a customer families come in order of number."""
    most = offsets[high] - offsets[low]
    rows, sweet = np.empty((most, 6), np.int64), np.empty((most, 4), np.int64)
    volume_of = np.zeros((families, kinds + 1), np.int64)  # by sweetness, the last one unknown
    cents_of, paid_of = np.zeros(families, np.int64), np.zeros(families, np.int64)
    touched, is_touched = np.empty(families, np.int64), np.zeros(families, np.bool_)
    n_rows = n_sweet = 0
    for customer in range(low, high):
        number = 0
        for line in range(offsets[customer], offsets[customer + 1]):
            product = product_of(records[line, 0])
            group = family[product]
            if group < 0:
                continue
            if not is_touched[group]:
                is_touched[group] = True
                touched[number] = group
                number += 1
            volume, amount = records[line, 2] * pack_ml[product], records[line, 3]
            volume_of[group, sweetness[product]] += volume
            if amount > 0 and not is_gift(records[line, 0]):
                cents_of[group] += amount
                paid_of[group] += volume
        for group in np.sort(touched[:number]):
            known = 0
            for kind in range(kinds + 1):
                volume = volume_of[group, kind]
                known += volume if kind < kinds else 0
                if volume and kind < kinds:
                    sweet[n_sweet, 0], sweet[n_sweet, 1] = customer, group
                    sweet[n_sweet, 2], sweet[n_sweet, 3] = kind, volume
                    n_sweet += 1
                volume_of[group, kind] = 0
            rows[n_rows, 0], rows[n_rows, 1] = customer, group
            rows[n_rows, 2], rows[n_rows, 3] = known + volume, known
            rows[n_rows, 4], rows[n_rows, 5] = cents_of[group], paid_of[group]
            n_rows += 1
            is_touched[group], cents_of[group], paid_of[group] = False, 0, 0
    return (
        (
            rows[:n_rows, 0].astype(np.int32), rows[:n_rows, 1].astype(np.int32),
            rows[:n_rows, 2].copy(), rows[:n_rows, 3].copy(), rows[:n_rows, 4].copy(),
            rows[:n_rows, 5].copy(),
        ),
        (
            sweet[:n_sweet, 0].astype(np.int32), sweet[:n_sweet, 1].astype(np.int32),
            sweet[:n_sweet, 2].astype(np.int32), sweet[:n_sweet, 3].copy(),
        ),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _own_items(low, high, offsets, records, pack_ml, is_article, chain):  # type: ignore[no-untyped-def]
    """Return day, item, product, volume and amount bought for oneself, by basket and item.

    Also 1 where a basket begins, else 0; and how many rows each customer has.
    """
    most = offsets[high] - offsets[low]
    day, item, named = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.int32)
    volume, amount = np.empty(most, np.int64), np.empty(most, np.int64)
    starts = np.zeros(most, np.int32)
    rows_of = np.zeros(high - low, np.int64)
    rows = 0
    for customer in range(low, high):
        begin = basket = rows
        document = np.int64(0)
        for line in range(offsets[customer], offsets[customer + 1]):
            product = product_of(records[line, 0])
            if not is_article[product] or is_gift(records[line, 0]):
                continue
            today = day_of(records[line, 0])
            if rows == begin or day[rows - 1] != today or document != records[line, 1]:
                basket, document = rows, records[line, 1]
                starts[rows] = 1
            name, place = chain[product], rows
            while place > basket and item[place - 1] > name:
                place -= 1
            if place > basket and item[place - 1] == name:
                volume[place - 1] += records[line, 2] * pack_ml[product]
                amount[place - 1] += records[line, 3]
                named[place - 1] = max(named[place - 1], product)
                continue
            for row in range(rows, place, -1):
                item[row], named[row] = item[row - 1], named[row - 1]
                volume[row], amount[row] = volume[row - 1], amount[row - 1]
            item[place], named[place] = name, product
            volume[place] = records[line, 2] * pack_ml[product]
            amount[place] = records[line, 3]
            day[rows] = today
            rows += 1
        rows_of[customer - low] = rows - begin
    return (
        day[:rows].copy(), item[:rows].copy(), named[:rows].copy(),
        volume[:rows].copy(), amount[:rows].copy(), starts[:rows].copy(), rows_of,
    )  # fmt: skip
