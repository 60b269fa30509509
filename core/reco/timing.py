"""When a customer buys a product again: the expected gap of (customer, chain) and how due it is.

Gaps are days between distinct days on which a customer bought for herself. The median of a pair's
own gaps is shrunk to the median of the product, that to the family's, that to the tenant's:

    expected(level) = (n x median + k x expected(wider level)) / (n + k)

with n the gaps seen at the level and k the pseudo-gaps of `PSEUDO_GAPS`. The pair's gap is then
stretched by what was bought last: last quantity / mean quantity per day, within 1/2 and 2.
"""

from datetime import date

from duckdb import DuckDBPyConnection

from core.policy import Policy
from core.reco.tables import create_table

PSEUDO_GAPS = {"pair": 2, "chain": 5, "family": 10}
DUE_FROM = 0.8  # share of the expected gap after which something is due
LOST_AFTER = 4.0  # expected gaps after which the habit is taken for lost
QUANTITY_STRETCH = 2  # a large or small last purchase counts for no more than this factor

PURCHASE_DAYS = """
SELECT
    customer,
    coalesce(chain, product_key) AS chain,
    sale_date,
    sum(quantity_milli)::BIGINT AS quantity_milli,
    sale_date - lag(sale_date) OVER (
        PARTITION BY customer, coalesce(chain, product_key) ORDER BY sale_date
    ) AS gap
FROM net_lines
LEFT JOIN product_facts USING (product_key)
WHERE NOT is_gift AND coalesce(is_article, TRUE)
GROUP BY customer, coalesce(chain, product_key), sale_date
"""

# Vintages of one chain share a family; the newest one names it.
CHAIN_FAMILIES = """
SELECT chain, last(family ORDER BY depth, product_key) AS family
FROM product_facts
GROUP BY chain
"""

TENANT_GAP = "SELECT coalesce(median(gap), $default) AS expected FROM purchase_days"

FAMILY_GAPS = """
SELECT family, round((n * seen + $k * expected) / (n + $k), 2) AS expected
FROM (
    SELECT family, count(gap) AS n, median(gap) AS seen
    FROM purchase_days
    JOIN chain_families USING (chain)
    WHERE gap IS NOT NULL
    GROUP BY family
)
CROSS JOIN tenant_gap
"""

CHAIN_GAPS = """
WITH seen AS (
    SELECT chain, count(gap) AS n, median(gap) AS seen FROM purchase_days GROUP BY chain
)
SELECT
    chain,
    round(
        (n * coalesce(seen, 0) + $k * coalesce(family_gaps.expected, tenant_gap.expected))
        / (n + $k),
        2
    ) AS expected
FROM seen
LEFT JOIN chain_families USING (chain)
LEFT JOIN family_gaps USING (family)
CROSS JOIN tenant_gap
"""

PURCHASE_TIMING = """
WITH pairs AS (
    SELECT
        customer,
        chain,
        count(*) AS purchase_days,
        count(gap) AS n,
        median(gap) AS own_gap_days,
        min(sale_date) AS first_date,
        max(sale_date) AS last_date,
        arg_max(quantity_milli, sale_date) AS last_quantity_milli,
        sum(quantity_milli)::BIGINT AS quantity_milli
    FROM purchase_days
    GROUP BY customer, chain
),
expected AS (
    SELECT
        pairs.*,
        $as_of::DATE - last_date AS elapsed_days,
        greatest(1 / $stretch, least(
            $stretch, last_quantity_milli * purchase_days / quantity_milli
        )) AS stretch,
        greatest(1.0, round(
            (n * coalesce(own_gap_days, 0) + $k * chain_gaps.expected) / (n + $k) * stretch, 2
        )) AS expected_gap_days
    FROM pairs
    JOIN chain_gaps USING (chain)
)
SELECT
    customer,
    chain,
    purchase_days,
    own_gap_days,
    first_date,
    last_date,
    elapsed_days,
    expected_gap_days,
    elapsed_days BETWEEN $due_from * expected_gap_days AND $lost_after * expected_gap_days
        AS is_due,
    round(least(
        1.0, elapsed_days / expected_gap_days, 2 * expected_gap_days / greatest(elapsed_days, 1)
    ), 6) AS due
FROM expected
ORDER BY customer, chain
"""


def build_purchase_timing(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create `purchase_timing`, one row per (customer, chain) the customer bought for herself.

    `due` rises with the elapsed share of the expected gap to 1, stays 1 up to twice the gap and
    falls after it, as habits die: min(1, elapsed / expected, 2 x expected / elapsed). `is_due`
    from `DUE_FROM` to `LOST_AFTER` gaps. `policy.winback_days` stands in for a tenant's gap.
    """
    create_table(con, "purchase_days", PURCHASE_DAYS)
    create_table(con, "chain_families", CHAIN_FAMILIES)
    create_table(con, "tenant_gap", TENANT_GAP, default=float(policy.winback_days))
    create_table(con, "family_gaps", FAMILY_GAPS, k=PSEUDO_GAPS["family"])
    create_table(con, "chain_gaps", CHAIN_GAPS, k=PSEUDO_GAPS["chain"])
    create_table(
        con,
        "purchase_timing",
        PURCHASE_TIMING,
        as_of=as_of,
        k=PSEUDO_GAPS["pair"],
        stretch=float(QUANTITY_STRETCH),
        due_from=DUE_FROM,
        lost_after=LOST_AFTER,
    )
