"""What may be proposed: one product per vintage chain, with what its score is made of."""

from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection

from core.contracts.products import AROMA_FIELDS
from core.counts import count_rows
from core.reco.season import Seasons, parse_months
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray, fetch_columns
from core.reco.tastes import Tastes
from core.reco.wines import wines_of

NEUTRAL = 0.5  # of what is not known

AROMA = ", ".join(f"coalesce(products.{note}, 'NaN'::DOUBLE) AS {note}" for note in AROMA_FIELDS)
# One row per chain: the product proposed, else the newest one known, for its taste.
OFFERS = f"""
WITH margins AS (
    SELECT product_key, round(percent_rank() OVER (ORDER BY margin), 6) AS margin
    FROM products
    WHERE margin IS NOT NULL
),
chosen AS (
    SELECT *
    FROM product_facts
    QUALIFY row_number() OVER (
        PARTITION BY chain_no
        ORDER BY is_offer DESC, vintage DESC NULLS LAST, depth DESC, product_no
    ) = 1
)
SELECT
    chain_numbers.chain_no,
    coalesce(product_no, -1) AS product_no,
    coalesce(is_offer, FALSE) AS offered,
    coalesce(family_no, -1) AS family_no,
    coalesce(sweetness_no, -1) AS sweetness_no,
    coalesce(grape_no, -1) AS grape_no,
    coalesce(price75_cents, 0) AS price75_cents,
    coalesce(chosen.price_cents, 0) AS price_cents,
    coalesce(products.name, '') AS name,
    coalesce(chosen.vintage, 0)::INTEGER AS vintage,
    coalesce(margins.margin, {NEUTRAL}) AS margin,
    {AROMA}
FROM chain_numbers
LEFT JOIN chosen USING (chain_no)
LEFT JOIN margins USING (product_key)
LEFT JOIN products USING (product_key)
ORDER BY chain_numbers.chain_no
"""

TAGS = """
SELECT chain_no, season_tags
FROM product_facts
JOIN products USING (product_key)
WHERE is_offer AND season_tags IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Offers:
    """Per item (chain number) what is proposed for it, and its traits; -1 and 0 are unknown.

    `product` is the number of the product proposed, `price75` its price per 75 cl in cents and
    `price` as it is sold, `wine` the number that all formats of a wine share (`core.reco.wines`),
    `margin` the rank of its margin among all, in [0, 1]; `families` and `sweetnesses` there are.
    """

    product: Int32Array
    offered: BoolArray
    family: Int32Array
    sweetness: Int32Array
    tastes: Tastes
    price75: IntArray
    price: IntArray
    wine: Int32Array
    margin: FloatArray
    tagged_months: dict[int, frozenset[int]]
    families: int
    sweetnesses: int

    def season_fit(self, seasons: Seasons, month: int) -> FloatArray:
        """Return how well each item fits `month`: by its tags, else as its family sells.

        Wine is bought ahead: what fits the month after fits as well.
        """
        ahead = month % 12 + 1
        fit: FloatArray = np.maximum(seasons.fit(month), seasons.fit(ahead))
        for item, months in self.tagged_months.items():
            fit[item] = float(month in months or ahead in months)
        return fit


def read_offers(con: DuckDBPyConnection) -> Offers:
    """Return the offers of `product_facts`."""
    found = fetch_columns(con, OFFERS)
    tastes = Tastes(
        family=found["family_no"],
        grape=found["grape_no"],
        sweetness=found["sweetness_no"],
        aroma=np.stack([found[note].astype(np.float64) for note in AROMA_FIELDS], axis=1),
    )
    tags = con.execute(TAGS).fetchall()
    named = {item: parse_months(text) for item, text in tags}
    return Offers(
        product=found["product_no"],
        offered=found["offered"].astype(np.bool_),
        family=found["family_no"],
        sweetness=found["sweetness_no"],
        tastes=tastes,
        price75=found["price75_cents"].astype(np.int64),
        price=found["price_cents"].astype(np.int64),
        wine=wines_of(
            found["name"].tolist(), found["vintage"].tolist(), tastes.family, tastes.grape
        ),
        margin=found["margin"].astype(np.float64),
        tagged_months={item: months for item, months in named.items() if months},
        families=count_rows(con, "family_numbers"),
        sweetnesses=count_rows(con, "sweetness_numbers"),
    )
