"""What Insights shows is what a plain count of the same purchases gives."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reco.history import history_of_baskets
from core.services.insight_counts import (
    FAMILIES,
    NO_FAMILY,
    SEGMENTS_BEFORE,
    _months,
    compute_moves,
    count_cohorts,
)

AS_OF = date(2026, 2, 20)
_QUARTERS = 12
_days = st.integers(0, 1500).map(lambda ago: AS_OF - timedelta(days=ago))
_purchases = st.lists(st.lists(_days, max_size=6).map(sorted), max_size=12)


def quarter(day: date) -> pd.Period:
    return pd.Period(day, "Q")


def plain_cohorts(customers: list[list[date]]) -> dict[str, list[int]]:
    """Count by sets, customer by customer."""
    found: dict[str, list[int]] = {}
    for days in filter(None, customers):
        first = quarter(days[0])
        row = found.setdefault(str(first), [0] * ((quarter(AS_OF) - first).n + 1))
        for later in {quarter(day) for day in days}:
            row[(later - first).n] += 1
    return found


@given(_purchases)
@settings(max_examples=60, deadline=None)
def test_cohorts_are_those_of_a_plain_count(customers: list[list[date]]) -> None:
    numbers = [[(day - date(1970, 1, 1)).days for day in days] for days in customers]
    history = history_of_baskets([[[0]] * len(d) for d in numbers], 1, numbers)
    found = count_cohorts(history, AS_OF)
    plain = plain_cohorts(customers)
    assert found["since"] == min(plain, default=None)
    counted = {name: row for name, row in found["cohorts"] if row[0]}
    newest = [str(quarter(AS_OF) - back) for back in range(_QUARTERS)]
    assert counted == {name: row for name, row in plain.items() if name in newest}
    assert len(found["cohorts"]) <= _QUARTERS


_lines = st.lists(
    st.tuples(
        st.integers(0, FAMILIES + 4),  # products, each nearly of a family of its own
        _days,
        st.integers(-5, 5),
        st.integers(-900, 900),
        st.sampled_from([None, "valid", "cancelled"]),
    ),
    max_size=120,
)


@given(_lines)
@settings(max_examples=25, deadline=None)
def test_months_of_families_add_up_like_a_plain_sum(lines: list[Any]) -> None:
    frame = pd.DataFrame(lines, columns=["n", "sale_date", "units", "cents", "document_status"])
    frame["product_key"] = "P" + frame.n.astype(str)
    products = pd.DataFrame({"n": range(FAMILIES + 5)})
    products["product_key"] = "P" + products.n.astype(str)
    # The last two are of no family and no article, and the one before them is not known.
    products["family"] = [None if n == FAMILIES + 3 else f"F{n}" for n in products.n]
    products["is_article"] = products.n != FAMILIES + 4
    with duckdb.connect() as con:
        con.register("sold", frame.astype({"product_key": str}))
        con.register("facts", products[products.n != FAMILIES + 2])
        con.execute(
            "CREATE TABLE sale_lines AS SELECT product_key::VARCHAR AS product_key, sale_date::DATE"
            " AS sale_date, (units * 1000)::BIGINT AS quantity_milli, cents::BIGINT AS"
            " amount_cents, document_status::VARCHAR AS document_status FROM sold"
        )
        con.execute(
            "CREATE TABLE product_facts AS SELECT product_key, family, is_article FROM facts"
        )
        found = _months(con, AS_OF)
    frame = frame.merge(products[products.n != FAMILIES + 2], "left", "product_key")
    counted = frame[(frame.document_status != "cancelled") & (frame.is_article != False)]  # noqa: E712
    is_recent = [day.year >= AS_OF.year - 5 for day in counted.sale_date]
    recent = counted[pd.Series(is_recent, counted.index, dtype=bool)]
    by_family = recent.groupby("family").cents.sum()
    ranked = sorted(by_family.index, key=lambda name: (-by_family[name], name))
    assert found["families"] == ranked[:FAMILIES]
    revenue: Counter[tuple[str, int]] = Counter()
    for row in recent.itertuples():
        place = ranked.index(row.family) if isinstance(row.family, str) else NO_FAMILY
        revenue[f"{row.sale_date:%Y-%m}", min(place, FAMILIES)] += row.cents
    assert {(m, place): cents for m, place, _units, cents in found["months"]} == revenue
    assert found["last_sale"] == (max(counted.sale_date).isoformat() if len(counted) else None)


_segments = st.dictionaries(st.integers(0, 20), st.sampled_from("abc"))


@given(_segments, _segments)
@settings(max_examples=25, deadline=None)
def test_moves_count_every_customer_of_either_run_once(
    before: dict[int, str], after: dict[int, str]
) -> None:
    with duckdb.connect() as con:
        for table, found in ((SEGMENTS_BEFORE, before), ("customer_facts", after)):
            con.execute(f"CREATE TABLE {table} (customer VARCHAR, segment VARCHAR)")
            if found:
                rows = [(f"C{n}", name) for n, name in found.items()]
                con.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
        moves = {(old, new): number for old, new, number in compute_moves(con)}
    pairs = [(before.get(n), after.get(n)) for n in sorted({*before, *after})]
    assert moves == {pair: pairs.count(pair) for pair in pairs}
    assert np.sum(list(moves.values()), dtype=int) == len(pairs)
