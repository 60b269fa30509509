"""What a run says of each product, for the page Products: counted where all lines are at hand.

A day on which a customer has a positive net quantity of a product is a purchase, unless she brought
all of it back. Cancelled lines and those after the as-of date count for nothing; anonymous lines
count in units and revenue alone; gifts tell neither a gap nor who is due, as on the page of the
customer (`core.services.customer_view`).

A customer is due for an article that she bought on two days or more: one gap after the last,
her own median gap from three days on, else the median of all gaps of the product. Who has waited
two gaps is taken for lost.

The expected demand of the next N days is what was sold in the same N days a year before, where the
product was sold by then; else the pace of the last 90 days.
"""

from datetime import date

import numpy as np
from duckdb import DuckDBPyConnection

from core.reco.neighbours import NOBODY, Neighbours
from core.reco.tables import create_table, create_table_from_arrays

HORIZONS = (30, 60, 90)
"""Days ahead for which a demand is expected."""
GAP_BOUNDS = (30, 60, 90, 180, 365)
"""Gaps are counted up to so many days each, and above the last."""
DUE_LISTED = 20
_NEIGHBOURS = 6
_YEAR, _RECENT = 365, 90

_SOLD = """
SELECT product_no, sale_date AS day,
    sum(quantity_milli)::BIGINT AS units_milli, sum(amount_cents)::BIGINT AS amount_cents
FROM sale_lines JOIN product_numbers USING (product_key)
WHERE sale_date <= $as_of AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY product_no, day
"""
_PASSING = ("product_beside", "product_sold", "brought_back", "product_purchases", "product_gaps")
_BROUGHT_BACK = """
SELECT product_no, customer_no
FROM sale_lines
JOIN product_numbers USING (product_key)
JOIN customer_numbers USING (customer)
SEMI JOIN returned_pairs USING (customer_no, product_no)
WHERE sale_date <= $as_of AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY product_no, customer_no
HAVING sum(quantity_milli) <= 0
"""
_PURCHASES = """
SELECT product_no, customer_no, sale_date AS day,
    coalesce(sum(quantity_milli) FILTER (NOT coalesce(is_gift, FALSE)), 0) > 0 AS is_own
FROM sale_lines
JOIN product_numbers USING (product_key)
JOIN customer_numbers USING (customer)
ANTI JOIN brought_back USING (product_no, customer_no)
WHERE sale_date <= $as_of AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY product_no, customer_no, day
HAVING sum(quantity_milli) > 0
"""
_GAPS = """
SELECT product_no, customer_no, (day - before)::INTEGER AS gap
FROM (
    SELECT *, lag(day) OVER (PARTITION BY product_no, customer_no ORDER BY day) AS before
    FROM product_purchases WHERE is_own
)
WHERE before IS NOT NULL
"""
_BUYERS = """
SELECT product_no, customer_no, count(*) AS days, count(*) FILTER (is_own) AS own_days,
    max(day) FILTER (is_own) AS last_on
FROM product_purchases GROUP BY product_no, customer_no
"""
_DUE = """
WITH of_product AS (
    SELECT product_no, quantile_disc(gap, 0.5) AS gap FROM product_gaps GROUP BY product_no
),
own AS (
    SELECT product_no, customer_no, floor(quantile_cont(gap, 0.5) + 0.5)::INTEGER AS gap
    FROM product_gaps GROUP BY product_no, customer_no HAVING count(*) >= 2
),
expected AS (
    SELECT product_no, customer_no, last_on, coalesce(own.gap, of_product.gap) AS gap
    FROM product_buyers
    JOIN of_product USING (product_no)
    JOIN product_facts USING (product_no)
    LEFT JOIN own USING (product_no, customer_no)
    WHERE own_days >= 2 AND is_article
)
SELECT product_no, customer_no, last_on, last_on + gap AS due_on,
    row_number() OVER (PARTITION BY product_no ORDER BY last_on + gap, customer_no) AS place
FROM expected
WHERE last_on + gap <= $as_of::DATE + $ahead AND last_on + 2 * gap > $as_of::DATE
"""
_BUCKETS = ", ".join(
    f"count(*) FILTER (gap > {low} AND gap <= {high})"
    for low, high in zip((0, *GAP_BOUNDS), (*GAP_BOUNDS, 1_000_000), strict=True)
)
_DEMAND = ", ".join(
    f"""
    CASE WHEN min(day) <= $as_of::DATE - {_YEAR}
        THEN coalesce(sum(units_milli) FILTER (
            day > $as_of::DATE - {_YEAR} AND day <= $as_of::DATE - {_YEAR} + {days}), 0)
        ELSE coalesce(sum(units_milli) FILTER (day > $as_of::DATE - {_RECENT}), 0)
            * {days} // {_RECENT}
    END::BIGINT
    """
    for days in HORIZONS
)
_FIGURES = f"""
WITH sold AS (
    SELECT product_no,
        coalesce(sum(units_milli) FILTER (day > $as_of::DATE - {_YEAR}), 0)::BIGINT AS units_milli,
        coalesce(sum(amount_cents) FILTER (day > $as_of::DATE - {_YEAR}), 0)::BIGINT
            AS revenue_cents,
        max(day) FILTER (units_milli > 0) AS last_sale,
        min(day) <= $as_of::DATE - {_YEAR} AS is_of_last_year,
        [{_DEMAND}] AS demand
    FROM product_sold GROUP BY product_no
),
months AS (
    SELECT product_no,
        to_json(list(struct_pack(month := month, units_milli := units) ORDER BY month)) AS months
    FROM (
        SELECT product_no, strftime(day, '%Y-%m') AS month, sum(units_milli)::BIGINT AS units
        FROM product_sold WHERE day > $as_of::DATE - 2 * {_YEAR} GROUP BY product_no, month
    )
    GROUP BY product_no
),
buyers AS (
    SELECT product_no, count(*) AS buyers, count(*) FILTER (days >= 2) AS repeat_buyers
    FROM product_buyers GROUP BY product_no
),
gaps AS (
    SELECT product_no, quantile_disc(gap, 0.5) AS gap_days, [{_BUCKETS}] AS gaps
    FROM product_gaps GROUP BY product_no
),
due AS (SELECT product_no, count(*) AS due FROM all_due GROUP BY product_no),
named AS (
    SELECT chain_no, arg_max(product_key, (coalesce(vintage, 0), product_key)) AS product_key
    FROM product_facts GROUP BY chain_no
),
beside AS (
    SELECT beside.chain_no,
        to_json(list(
            struct_pack(product_key := named.product_key, buyers := together) ORDER BY place
        )) AS neighbours
    FROM product_beside AS beside JOIN named ON named.chain_no = beside.other_no
    GROUP BY beside.chain_no
)
SELECT
    product_key,
    units_milli,
    revenue_cents,
    coalesce(buyers, 0)::BIGINT AS buyers,
    coalesce(repeat_buyers, 0)::BIGINT AS repeat_buyers,
    last_sale,
    gap_days,
    coalesce(due, 0)::BIGINT AS due_customers,
    coalesce(months, '[]')::VARCHAR AS months_json,
    to_json(coalesce(gaps, []))::VARCHAR AS gaps_json,
    coalesce(neighbours, '[]')::VARCHAR AS neighbours_json,
    to_json(demand)::VARCHAR AS demand_json,
    is_of_last_year
FROM sold
JOIN product_numbers USING (product_no)
LEFT JOIN months USING (product_no)
LEFT JOIN buyers USING (product_no)
LEFT JOIN gaps USING (product_no)
LEFT JOIN due USING (product_no)
LEFT JOIN beside USING (chain_no)
ORDER BY product_key
"""
_LISTED = f"""
SELECT product_key, place::INTEGER AS place, customer, last_on, due_on
FROM all_due
JOIN product_numbers USING (product_no)
JOIN customer_numbers USING (customer_no)
WHERE place <= {DUE_LISTED}
ORDER BY product_key, place
"""


def compute_product_figures(con: DuckDBPyConnection, neighbours: Neighbours, as_of: date) -> None:
    """Create `product_figures` and `product_due` of what was sold up to `as_of`.

    `product_figures`: product_key; units_milli and revenue_cents of the last 365 days; buyers,
    repeat_buyers (on two days or more), last_sale, gap_days (the median), due_customers;
    months_json ([{month, units_milli}] of two years), gaps_json (counts by `GAP_BOUNDS`),
    neighbours_json ([{product_key, buyers}], buyers of both), demand_json (units_milli by
    `HORIZONS`), is_of_last_year (demand from the year before). `product_due`: product_key,
    place, customer, last_on, due_on of the `DUE_LISTED` who are due first. Needs the tables of
    the facts.
    """
    create_table_from_arrays(con, "product_beside", _beside(neighbours))
    create_table(con, "product_sold", _SOLD, as_of=as_of)
    create_table(con, "brought_back", _BROUGHT_BACK, as_of=as_of)
    create_table(con, "product_purchases", _PURCHASES, as_of=as_of)
    create_table(con, "product_gaps", _GAPS)
    create_table(con, "product_buyers", _BUYERS)
    create_table(con, "all_due", _DUE, as_of=as_of, ahead=HORIZONS[0])
    create_table(con, "product_figures", _FIGURES, as_of=as_of)
    create_table(con, "product_due", _LISTED)
    for table in _PASSING:
        con.execute(f"DROP TABLE {table}")


def _beside(neighbours: Neighbours) -> dict[str, np.ndarray]:
    """Return the strongest neighbours as rows: chain_no, place, other_no, together."""
    item = neighbours.item[:, :_NEIGHBOURS]
    chain, place = np.nonzero(item != NOBODY)
    return {
        "chain_no": chain.astype(np.int32),
        "place": place.astype(np.int32),
        "other_no": item[chain, place],
        "together": neighbours.together[chain, place],
    }
