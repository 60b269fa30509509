"""The catalogue as the recommender sees it: vintage chains, prices, stock, successors."""

import numpy as np
from duckdb import DuckDBPyConnection

from core.counts import count_rows
from core.reco.aggregates import ProductArrays
from core.reco.tables import create_table, fetch_columns

TASTE_NUMBERS = """
SELECT {name}, (row_number() OVER (ORDER BY {name}) - 1)::INTEGER AS {name}_no
FROM (SELECT DISTINCT {name} FROM products WHERE {name} IS NOT NULL)
ORDER BY {name}
"""

# A product is recommendable when no available vintage of its chain is newer; the chain's offer
# is the newest recommendable one.
PRODUCT_FACTS = """
WITH base AS (
    SELECT
        products.*,
        product_no,
        chain_no,
        chain,
        depth,
        coalesce(volume_ml, 750) * coalesce(units_per_pack, 1) AS pack_ml,
        stock_quantity IS NULL OR stock_quantity > 0 AS in_stock,
        coalesce(is_recommendable, TRUE) AS is_article,
        in_stock AND is_article AND coalesce(is_active, TRUE) AS available
    FROM products
    JOIN product_chains USING (product_key)
    JOIN product_numbers USING (product_key)
),
recommendable AS (
    SELECT
        *,
        available AND depth = max(depth) FILTER (WHERE available) OVER (PARTITION BY chain)
            AS recommendable
    FROM base
),
offers AS (
    SELECT chain, product_key AS offer
    FROM recommendable
    WHERE recommendable
    QUALIFY row_number() OVER (
        PARTITION BY chain ORDER BY vintage DESC NULLS LAST, product_key
    ) = 1
)
SELECT
    product_key,
    product_no,
    chain,
    chain_no,
    depth,
    family,
    family_no,
    sweetness,
    sweetness_no,
    grape,
    grape_no,
    price_cents,
    CASE
        WHEN price_cents > 0 AND pack_ml > 0
            THEN (1500 * price_cents + pack_ml) // (2 * pack_ml)
    END AS price75_cents,
    pack_ml,
    is_article,
    recommendable,
    in_stock,
    CASE WHEN NOT recommendable THEN offer END AS successor,
    coalesce(product_key = offer, FALSE) AS is_offer,
    vintage
FROM recommendable
LEFT JOIN offers USING (chain)
LEFT JOIN family_numbers USING (family)
LEFT JOIN sweetness_numbers USING (sweetness)
LEFT JOIN grape_numbers USING (grape)
ORDER BY product_no
"""

# What is not in the catalogue is an article of unknown taste.
PRODUCT_ARRAYS = """
SELECT
    numbers.chain_no,
    coalesce(pack_ml, 750) AS pack_ml,
    coalesce(is_article, TRUE) AS is_article,
    coalesce(family_no, -1) AS family_no,
    coalesce(sweetness_no, -1) AS sweetness_no
FROM product_numbers AS numbers
LEFT JOIN product_facts USING (product_no)
ORDER BY product_no
"""


def build_product_facts(con: DuckDBPyConnection) -> None:
    """Create `product_facts`, one row per product of the catalogue.

    `is_article` is false for shipping, deposits and the like: bought, but no sign of taste. Of a
    chain at most one product `is_offer`: the one that is proposed.
    """
    for name in ("family", "sweetness", "grape"):
        create_table(con, f"{name}_numbers", TASTE_NUMBERS.format(name=name))
    create_table(con, "product_facts", PRODUCT_FACTS)


def read_product_arrays(con: DuckDBPyConnection) -> ProductArrays:
    """Return what sale lines are summed by, per product number."""
    found = fetch_columns(con, PRODUCT_ARRAYS)
    return ProductArrays(
        chain=found["chain_no"],
        pack_ml=found["pack_ml"].astype(np.int64),
        is_article=found["is_article"].astype(np.bool_),
        family=found["family_no"],
        sweetness=found["sweetness_no"],
        chains=count_rows(con, "chain_numbers"),
        families=count_rows(con, "family_numbers"),
        sweetnesses=count_rows(con, "sweetness_numbers"),
    )
