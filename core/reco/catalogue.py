"""The catalogue as the recommender sees it: vintage chains, stock, successors, popularity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.reco.tables import create_table, create_table_from_rows

POPULARITY_DAYS = 365

PRODUCT_BASE = """
SELECT
    product_key,
    chain,
    depth,
    family,
    sweetness,
    grape,
    vintage,
    price_cents,
    coalesce(volume_ml, 750) * coalesce(units_per_pack, 1) AS pack_ml,
    stock_quantity IS NULL OR stock_quantity > 0 AS in_stock,
    coalesce(is_recommendable, TRUE) AS is_article,
    in_stock AND is_article AND coalesce(is_active, TRUE) AS available
FROM products
JOIN product_chains USING (product_key)
"""

PURCHASES_FOR_POPULARITY = """
SELECT product_key, 'customer' AS kind, customer AS buyer
FROM net_lines
WHERE sale_date > $as_of::DATE - $days::INTEGER
UNION
SELECT product_key, 'anonymous', document_id
FROM sale_lines
WHERE customer IS NULL
    AND sale_date <= $as_of
    AND sale_date > $as_of::DATE - $days::INTEGER
    AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY product_key, document_id
HAVING sum(quantity_milli) > 0
"""

# A product is recommendable when no available vintage of its chain is newer; the chain's offer
# is the newest recommendable one.
PRODUCT_FACTS = """
WITH recommendable AS (
    SELECT
        *,
        available AND depth = max(depth) FILTER (WHERE available) OVER (PARTITION BY chain)
            AS recommendable
    FROM product_base
),
offers AS (
    SELECT chain, product_key AS offer
    FROM recommendable
    WHERE recommendable
    QUALIFY row_number() OVER (
        PARTITION BY chain ORDER BY vintage DESC NULLS LAST, product_key
    ) = 1
),
product_popularity AS (
    SELECT product_key, count(*) AS popularity FROM popularity_buyers GROUP BY product_key
),
chain_popularity AS (
    SELECT chain, count(DISTINCT (kind, buyer)) AS chain_popularity
    FROM popularity_buyers
    JOIN product_base USING (product_key)
    GROUP BY chain
)
SELECT
    product_key,
    chain,
    depth,
    family,
    sweetness,
    grape,
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
    coalesce(popularity, 0) AS popularity,
    coalesce(chain_popularity, 0) AS chain_popularity,
    vintage
FROM recommendable
LEFT JOIN offers USING (chain)
LEFT JOIN product_popularity USING (product_key)
LEFT JOIN chain_popularity USING (chain)
ORDER BY product_key
"""


@dataclass(frozen=True, kw_only=True)
class ChainPlace:
    """Where a product stands in its vintage chain: `depth` 0 is the oldest, the `root`."""

    root: str
    depth: int


def build_product_facts(con: DuckDBPyConnection, as_of: date) -> None:
    """Create `product_facts`, one row per product, from `products` and `net_lines`.

    `is_article` is false for shipping, deposits and the like: bought, but no sign of taste.
    """
    _build_product_chains(con)
    create_table(con, "product_base", PRODUCT_BASE)
    create_table(
        con, "popularity_buyers", PURCHASES_FOR_POPULARITY, as_of=as_of, days=POPULARITY_DAYS
    )
    create_table(con, "product_facts", PRODUCT_FACTS)


def compute_chains(replaces: Mapping[str, str | None]) -> dict[str, ChainPlace]:
    """Place every product in its vintage chain; `replaces` maps each to the earlier vintage.

    A cycle is broken at its bytewise smallest key, which becomes the root. A predecessor that
    is not in the catalogue still names the chain, so that its successors stay together.

    >>> compute_chains({"R22": "R21", "R21": None})["R22"]
    ChainPlace(root='R21', depth=1)
    """
    earlier = _cut_cycles(replaces)
    places: dict[str, ChainPlace] = {}
    for start in replaces:
        path = []
        key: str | None = start
        while key is not None and key not in places:
            path.append(key)
            key = earlier.get(key)
        for step in reversed(path):
            parent = places.get(earlier.get(step) or "")
            places[step] = (
                ChainPlace(root=parent.root, depth=parent.depth + 1)
                if parent
                else ChainPlace(root=step, depth=0)
            )
    return places


def _cut_cycles(replaces: Mapping[str, str | None]) -> dict[str, str | None]:
    earlier = {key: parent or None for key, parent in replaces.items()}
    settled: set[str] = set()
    for start in replaces:
        path: dict[str, int] = {}
        key: str | None = start
        while key is not None and key not in settled and key not in path:
            path[key] = len(path)
            key = earlier.get(key)
        if key is not None and key in path:
            earlier[min(list(path)[path[key] :])] = None
        settled.update(path)
    return earlier


def _build_product_chains(con: DuckDBPyConnection) -> None:
    replaces = dict(con.execute("SELECT product_key, replaces FROM products").fetchall())
    places = compute_chains(replaces)
    rows = [(key, places[key].root, places[key].depth) for key in replaces]
    schema = pa.schema({"product_key": pa.string(), "chain": pa.string(), "depth": pa.int64()})
    create_table_from_rows(con, "product_chains", schema, rows)
