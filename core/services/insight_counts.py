"""What a run says of all customers together, for the page Insights: counted where all lines are.

Nothing here names a customer: these are counts and sums by segment, quarter, month and family.

A cohort is who bought first in the same quarter; bought again is who bought in a later quarter.
Bought is what stands after returns, without gifts and what is no article (`core.reco.history`).
Months have the net revenue and units of articles, anonymous lines included, each return in its
own month. The movement joins the segments of this run with those of the run before it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from core.reco.features import rfm_cut_points
from core.reco.history import History
from core.reco.tables import Int32Array

COHORTS = 12
"""Quarters of first purchase, the newest; each is followed up to the as-of date."""
FAMILIES = 20
"""Families that stay apart, by revenue; what is of others comes together."""
YEARS = 5
"""So many years before that of the as-of date are counted by month."""
NO_FAMILY = -1
SEGMENTS_BEFORE = "segments_before"

_CELLS = """
SELECT r::INTEGER, f::INTEGER, segment, count(*)::BIGINT, sum(monetary_cents)::BIGINT
FROM customer_facts
WHERE r IS NOT NULL
GROUP BY r, f, segment
ORDER BY r, f, segment
"""
_PROSPECTS = "SELECT count(*) FROM customer_facts WHERE r IS NULL"
_MOVES = f"""
SELECT older.segment AS segment_before, newer.segment AS segment_after, count(*)::BIGINT
FROM {SEGMENTS_BEFORE} AS older
FULL JOIN (SELECT customer, segment FROM customer_facts) AS newer USING (customer)
GROUP BY segment_before, segment_after
ORDER BY segment_before NULLS FIRST, segment_after NULLS FIRST
"""
_SOLD = """
CREATE OR REPLACE TEMP TABLE sold_by_month AS
SELECT
    strftime(sale_date, '%Y-%m') AS month,
    family,
    sum(quantity_milli)::BIGINT AS units_milli,
    sum(amount_cents)::BIGINT AS amount_cents,
    min(sale_date) AS first_sale,
    max(sale_date) AS last_sale
FROM sale_lines
LEFT JOIN product_facts USING (product_key)
WHERE sale_date <= $as_of
    AND coalesce(document_status, 'valid') <> 'cancelled'
    AND coalesce(is_article, TRUE)
GROUP BY month, family
"""
_KEPT = f"""
SELECT family FROM sold_by_month
WHERE family IS NOT NULL AND month >= $since
GROUP BY family
ORDER BY sum(amount_cents) DESC, family
LIMIT {FAMILIES}
"""
# A family that is not kept has no place in the list: it counts as the one behind the last.
_MONTHS = f"""
SELECT
    month,
    CASE
        WHEN family IS NULL THEN {NO_FAMILY}
        ELSE coalesce(list_position($kept, family), len($kept) + 1) - 1
    END::INTEGER AS place,
    sum(units_milli)::BIGINT,
    sum(amount_cents)::BIGINT
FROM sold_by_month
WHERE month >= $since
GROUP BY month, place
ORDER BY month, place
"""


def compute_insights(
    con: DuckDBPyConnection, history: History, as_of: date, rfm_months: int
) -> dict[str, dict[str, Any]]:
    """Return the figures by name, JSON-ready: `rfm`, `cohorts` and `months`.

    Needs the tables of the facts; `history` is that of all customers.
    """
    return {
        "rfm": {**_rfm(con), "months": rfm_months},
        "cohorts": count_cohorts(history, as_of),
        "months": _months(con, as_of),
    }


def compute_moves(con: DuckDBPyConnection) -> list[list[Any]]:
    """Return segment before, segment after, customers; None for who is not in the other run.

    Needs `customer_facts`, and `SEGMENTS_BEFORE` with customer and segment of the run before.
    """
    return [list(row) for row in con.execute(_MOVES).fetchall()]


def _rfm(con: DuckDBPyConnection) -> dict[str, Any]:
    """Return the cells (r, f, segment, customers, cents) and the cut points of the scores."""
    (prospects,) = con.execute(_PROSPECTS).fetchone() or (0,)
    points = {
        score: [[one.score, one.least, one.greatest, one.customers] for one in found]
        for score, found in rfm_cut_points(con).items()
    }
    cells = [list(row) for row in con.execute(_CELLS).fetchall()]
    return {"cells": cells, "cut_points": points, "prospects": prospects}


def count_cohorts(history: History, as_of: date) -> dict[str, Any]:
    """Return who bought first in which quarter, and how many of them in each quarter after it.

    `cohorts` has the quarter (`2025Q3`) and the counts: of the cohort, then of those who bought in
    the first quarter after it, and so on up to that of `as_of`. `since` is the first quarter that
    anybody bought in, None without one.
    """
    last = _quarter_of(as_of)
    first, later = _quarters_bought(history)
    begin = max(last - COHORTS + 1, int(first.min(initial=last)))
    shown = first >= begin
    width = last - begin + 1
    place, after = first[shown] - begin, later[shown] - first[shown]
    counts = np.bincount(place * width + after, minlength=width * width).reshape(width, width)
    return {
        "since": _name_of(int(first.min())) if len(first) else None,
        "cohorts": [
            [_name_of(begin + row), counts[row, : width - row].tolist()] for row in range(width)
        ]
        if len(first)
        else [],
    }


def _quarters_bought(history: History) -> tuple[Int32Array, Int32Array]:
    """Return each quarter in which a customer bought, beside her first one; each pair once."""
    quarters = _quarters_of(history.day)
    customer = np.repeat(np.arange(history.customers, dtype=np.int32), np.diff(history.offsets))
    begins = np.flatnonzero(np.diff(customer, prepend=-1))
    is_new = np.diff(quarters, prepend=-1) != 0
    is_new[begins] = True
    first = np.repeat(quarters[begins], np.diff(np.append(begins, len(quarters))))
    return first[is_new], quarters[is_new]


def _quarters_of(day: Int32Array) -> Int32Array:
    """Return the quarter of each day since 1970-01-01, looked up: there are few different days."""
    if not len(day):
        return day
    low, high = int(day.min()), int(day.max())
    months = np.arange(low, high + 1).astype("datetime64[D]").astype("datetime64[M]")
    return (months.astype(np.int64) // 3).astype(np.int32)[day - low]


def _quarter_of(day: date) -> int:
    return (day.year - 1970) * 4 + (day.month - 1) // 3


def _name_of(quarter: int) -> str:
    return f"{1970 + quarter // 4}Q{quarter % 4 + 1}"


def _months(con: DuckDBPyConnection, as_of: date) -> dict[str, Any]:
    """Return month, place in `families`, units and cents; a place behind the last is "others"."""
    since = f"{as_of.year - YEARS}-01"
    con.execute(_SOLD, {"as_of": as_of})
    kept = [family for (family,) in con.execute(_KEPT, {"since": since}).fetchall()]
    found = con.execute(_MONTHS, {"since": since, "kept": kept}).fetchall()
    days = con.execute("SELECT min(first_sale), max(last_sale) FROM sold_by_month").fetchone()
    con.execute("DROP TABLE sold_by_month")
    return {
        "families": kept,
        "months": [list(row) for row in found],
        **dict(zip(("first_sale", "last_sale"), _as_text(days or ()), strict=True)),
    }


def _as_text(days: Sequence[date | None]) -> list[str | None]:
    return [None if day is None else day.isoformat() for day in days]
