"""Back on several dates of the past, knowing what was known then.

The tables handed to the facts and the ranking of such a date hold no later line: neither they
nor anything learned from them can see the future. What the catalogue does not date is taken as a
merchant would have it: a product is on offer from its first sale on, and what stock there was is
not known, so nothing is sold out.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from duckdb import DuckDBPyConnection

from core.policy import Policy
from core.reco.backtest.outcome import Lists
from core.reco.backtest.trials import (
    UNKNOWN_ITEM,
    Asked,
    Trial,
    bought_between,
    hold_out_last,
    known_only,
)
from core.reco.features import Facts, build_facts
from core.reco.history import History
from core.reco.inputs import catalogue_of, read_trade
from core.reco.items import populations_of
from core.reco.learning import Model
from core.reco.lines import day_number
from core.reco.offers import read_offers
from core.reco.ranking import rank_candidates
from core.reco.tables import IntArray, create_table, fetch_columns

LEAST_DAYS_BEFORE = 180  # of history before the first date
_DATED = ("sale_lines", "products", "sent_items")

CUT = (
    """
    CREATE OR REPLACE VIEW sale_lines AS
    SELECT * FROM every_sale_lines WHERE sale_date <= DATE '{as_of}'
    """,
    """
    CREATE OR REPLACE VIEW sent_items AS
    SELECT * FROM every_sent_items WHERE sent_on <= DATE '{as_of}'
    """,
    """
    CREATE OR REPLACE VIEW products AS
    SELECT * REPLACE (
        NULL::BIGINT AS stock_quantity,
        product_key IN (
            SELECT product_key FROM sale_lines
            WHERE coalesce(document_status, 'valid') <> 'cancelled' AND quantity_milli > 0
        ) AS is_active,
        CASE WHEN product_key IN (SELECT product_key FROM sale_lines) THEN margin END AS margin
    )
    FROM every_products
    """,
)

SPAN = """
SELECT min(sale_date), max(sale_date)
FROM every_sale_lines
WHERE customer IS NOT NULL
    AND coalesce(document_status, 'valid') <> 'cancelled'
    AND sale_date <= $as_of
"""

NUMBER_OF_CHAIN = f"""
SELECT coalesce(chain_numbers.chain_no, {UNKNOWN_ITEM})::INTEGER AS number
FROM every_chain
LEFT JOIN chain_numbers USING (chain)
ORDER BY every_chain.chain_no
"""

FIRST_ITEMS = """
SELECT customer_no, position, item, scenario
FROM pool
WHERE position <= $most
"""


@dataclass(frozen=True, kw_only=True)
class Past:
    """Everything that was ever bought, up to the day the backtest is made."""

    history: History
    first: date
    last: date


def set_apart(con: DuckDBPyConnection) -> None:
    """Put the dated tables of the dataset where only `cut` finds them."""
    for table in _DATED:
        con.execute(f"ALTER TABLE {table} RENAME TO every_{table}")


def cut(con: DuckDBPyConnection, as_of: date) -> None:
    """Make the dataset what it was at the end of `as_of`; needs `set_apart`."""
    for view in CUT:
        con.execute(view.format(as_of=as_of.isoformat()))


def read_past(con: DuckDBPyConnection, until: date, policy: Policy) -> tuple[Past, Facts] | None:
    """Return all purchases up to `until` with the facts at that day, None where there are none.

    Returns have undone what they undo, whenever they came: what was taken back was not bought.
    """
    [(first, last)] = con.execute(SPAN, {"as_of": until}).fetchall()
    if first is None:
        return None
    cut(con, until)
    facts = build_facts(con, until, policy)
    create_table(con, "every_chain", "SELECT * FROM chain_numbers")
    return Past(history=facts.history, first=first, last=last), facts


def rolling_dates(first: date, last: date, window_days: int, most: int) -> list[date]:
    """Return at most `most` dates, the earliest first, whose windows do not overlap.

    The last window ends with day `last`; `LEAST_DAYS_BEFORE` lie before each date.

    >>> [str(d) for d in rolling_dates(date(2025, 1, 1), date(2025, 12, 31), 90, 4)]
    ['2025-07-04', '2025-10-02']
    """
    dates = [last - timedelta(days=window_days * number) for number in range(most, 0, -1)]
    return [one for one in dates if (one - first).days >= LEAST_DAYS_BEFORE]


def last_basket_trial(con: DuckDBPyConnection, facts: Facts, as_of: date) -> Trial:
    """Hold out the last basket of each customer; needs the tables of `read_past`."""
    history, asked = hold_out_last(facts.history)
    trial = _trial(con, facts, history, asked, as_of)
    return replace(trial, catalogue=known_only(trial.catalogue, history, facts.tickets))


def rolling_trial(
    con: DuckDBPyConnection, past: Past, as_of: date, window_days: int, policy: Policy, k: int
) -> tuple[Trial, Model, Lists]:
    """Go back to `as_of`, learn and make the lists of a run, and see what was bought then."""
    cut(con, as_of)
    facts = build_facts(con, as_of, policy)
    ranked = rank_candidates(con, facts, as_of, policy)
    day = day_number(as_of)
    number_of = fetch_columns(con, NUMBER_OF_CHAIN)["number"]
    asked = bought_between(past.history, day, day + window_days, number_of, facts.history)
    trial = _trial(con, facts, facts.history, asked, as_of)
    lists = _lists_of(con, asked.customer, facts.history.customers, policy.top_n, k)
    return trial, ranked.model, lists


def _lists_of(
    con: DuckDBPyConnection, chosen: IntArray, customers: int, top_n: int, k: int
) -> Lists:
    """Return the lists of `chosen` numbers of `customers` as a run fills them, before its audit.

    At most `k` items of each list are taken.
    """
    found = fetch_columns(con, FIRST_ITEMS, most=min(top_n, k))
    place = np.full(customers, -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    rows = place[found["customer_no"]] >= 0
    at = place[found["customer_no"][rows]], found["position"][rows] - 1
    item = np.full((len(chosen), k), -1, np.int32)
    scenario = np.full((len(chosen), k), -1, np.int32)
    item[at], scenario[at] = found["item"][rows], found["scenario"][rows]
    return Lists(item=item, scenario=scenario)


def _trial(
    con: DuckDBPyConnection, facts: Facts, history: History, asked: Asked, as_of: date
) -> Trial:
    return Trial(
        history=history,
        tickets=facts.tickets,
        population=populations_of(read_trade(con), history),
        catalogue=catalogue_of(read_offers(con)),
        as_of=day_number(as_of),
        has_dates=True,
        asked=asked,
    )
