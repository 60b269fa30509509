"""Facts about customers at an as-of date, in DuckDB SQL over the dataset's tables."""

from datetime import date

from duckdb import DuckDBPyConnection

from core.policy import CustomerState, Policy
from core.reco.catalogue import build_product_facts
from core.reco.netting import build_net_lines
from core.reco.segments import segment_case
from core.reco.tables import create_table

CUSTOMER_PRODUCTS = """
SELECT
    customer,
    product_key,
    coalesce(chain, product_key) AS chain,
    family,
    count(DISTINCT document_id) AS purchases,
    sum(quantity_milli)::BIGINT AS quantity_milli,
    sum(amount_cents)::BIGINT AS amount_cents,
    sum(quantity_milli * coalesce(pack_ml, 750))::BIGINT AS volume,
    min(sale_date) AS first_date,
    max(sale_date) AS last_date,
    bool_and(is_gift) AS gift_only
FROM net_lines
LEFT JOIN product_facts USING (product_key)
GROUP BY ALL
ORDER BY customer, product_key
"""

# Volume is quantity in thousandths x millilitres: 750,000 to a 75-cl bottle.
PAID_LINES = """
SELECT
    customer,
    family,
    amount_cents,
    quantity_milli * coalesce(pack_ml, 750) AS volume
FROM net_lines
LEFT JOIN product_facts USING (product_key)
WHERE NOT is_gift AND amount_cents > 0 AND coalesce(is_article, TRUE)
"""

PAID75 = """
CASE
    WHEN sum(volume) > 0
        THEN ((1500000 * sum(amount_cents) + sum(volume)) // (2 * sum(volume)))::BIGINT
END
"""

CUSTOMER_FAMILIES = f"""
WITH prices AS (
    SELECT customer, family, {PAID75} AS paid75_cents FROM paid_lines GROUP BY ALL
),
tastes AS (
    SELECT customer, family, sum(quantity_milli * pack_ml)::BIGINT AS own_volume
    FROM net_lines
    JOIN product_facts USING (product_key)
    WHERE NOT is_gift
    GROUP BY ALL
)
SELECT
    customer,
    family,
    sum(volume)::BIGINT AS volume,
    coalesce(any_value(own_volume), 0) AS own_volume,
    sum(amount_cents)::BIGINT AS amount_cents,
    any_value(paid75_cents) AS paid75_cents
FROM customer_products
LEFT JOIN prices USING (customer, family)
LEFT JOIN tastes USING (customer, family)
WHERE family IS NOT NULL
GROUP BY customer, family
ORDER BY customer, family
"""

CUSTOMER_SWEETNESS = """
SELECT
    customer,
    customer_products.family,
    sweetness,
    sum(volume)::BIGINT AS volume,
    (sum(sum(volume)) OVER (PARTITION BY customer, customer_products.family))::BIGINT
        AS family_volume
FROM customer_products
JOIN product_facts USING (product_key)
WHERE customer_products.family IS NOT NULL AND sweetness IS NOT NULL
GROUP BY customer, customer_products.family, sweetness
ORDER BY customer, customer_products.family, sweetness
"""

PURCHASE_TOTALS = """
WITH days AS (SELECT DISTINCT customer, sale_date FROM net_lines),
gaps AS (
    SELECT
        customer,
        sale_date - lag(sale_date) OVER (PARTITION BY customer ORDER BY sale_date) AS gap
    FROM days
),
usual AS (
    SELECT customer, median(gap) AS usual_gap_days
    FROM gaps
    GROUP BY customer
    HAVING count(gap) >= 2
),
documents AS (
    SELECT
        customer,
        count(DISTINCT document_id) AS documents,
        count(DISTINCT document_id) FILTER (WHERE sale_date > $rfm_start) AS frequency,
        min(sale_date) AS first_date,
        max(sale_date) AS last_date,
        $as_of::DATE - max(sale_date) AS recency_days
    FROM net_lines
    GROUP BY customer
),
revenue AS (
    SELECT customer, sum(amount_cents)::BIGINT AS monetary_cents
    FROM valid_lines
    WHERE sale_date > $rfm_start
    GROUP BY customer
),
prices AS (SELECT customer, {paid75} AS paid75_cents FROM paid_lines GROUP BY customer)
SELECT * REPLACE (coalesce(monetary_cents, 0) AS monetary_cents)
FROM documents
LEFT JOIN usual USING (customer)
LEFT JOIN revenue USING (customer)
LEFT JOIN prices USING (customer)
""".replace("{paid75}", PAID75)

# rank() - 1 counts the customers strictly worse, so equal values get equal scores.
RFM_SCORES = """
SELECT
    *,
    1 + 5 * (rank() OVER (ORDER BY recency_days DESC) - 1) // count(*) OVER () AS r,
    1 + 5 * (rank() OVER (ORDER BY frequency) - 1) // count(*) OVER () AS f,
    1 + 5 * (rank() OVER (ORDER BY monetary_cents) - 1) // count(*) OVER () AS m
FROM purchase_totals
"""

CUSTOMER_FACTS = f"""
SELECT
    customers.customer,
    CASE
        WHEN rfm.customer IS NULL THEN '{CustomerState.PROSPECT}'
        WHEN documents = 1 AND recency_days <= $new_days THEN '{CustomerState.NEW}'
        WHEN recency_days > $lost_days THEN '{CustomerState.LOST}'
        WHEN recency_days
            > greatest($winback_days, $gap_factor * coalesce(usual_gap_days, 0))
            THEN '{CustomerState.LAPSED}'
        ELSE '{CustomerState.ACTIVE}'
    END AS state,
    {segment_case()} AS segment,
    coalesce(customers.customer_type = 'trade', FALSE) AS is_trade,
    customers.language,
    coalesce(documents, 0) AS documents,
    first_date,
    last_date,
    recency_days,
    usual_gap_days,
    coalesce(frequency, 0) AS frequency,
    coalesce(monetary_cents, 0) AS monetary_cents,
    r,
    f,
    m,
    paid75_cents
FROM customers
LEFT JOIN rfm_scores AS rfm USING (customer)
ORDER BY customers.customer
"""


def build_facts(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create the tables of facts from the dataset's tables, as known at the end of `as_of`.

    `net_lines`, `product_facts`, `customer_facts`, `customer_products`, `customer_families` and
    `customer_sweetness`, each ordered by its key columns. Later and cancelled lines count for
    nothing; anonymous lines count for popularity only. Money is in cents, quantity in
    thousandths, volume in thousandths x millilitres, price per 75 cl.
    """
    build_net_lines(con, as_of)
    build_product_facts(con, as_of)
    create_table(con, "customer_products", CUSTOMER_PRODUCTS)
    create_table(con, "paid_lines", PAID_LINES)
    create_table(con, "customer_families", CUSTOMER_FAMILIES)
    create_table(con, "customer_sweetness", CUSTOMER_SWEETNESS)
    _build_customer_facts(con, as_of, policy)


def _build_customer_facts(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    create_table(
        con,
        "purchase_totals",
        PURCHASE_TOTALS,
        as_of=as_of,
        rfm_start=_months_before(con, as_of, policy.rfm_months),
    )
    create_table(con, "rfm_scores", RFM_SCORES)
    create_table(
        con,
        "customer_facts",
        CUSTOMER_FACTS,
        new_days=policy.new_days,
        lost_days=policy.lost_days,
        winback_days=policy.winback_days,
        gap_factor=policy.usual_gap_factor,
    )


def _months_before(con: DuckDBPyConnection, as_of: date, months: int) -> date:
    row = con.execute(
        "SELECT ($as_of::DATE - to_months($months::INTEGER))::DATE",
        {"as_of": as_of, "months": months},
    ).fetchone()
    assert row is not None
    start: date = row[0]
    return start
