"""The sums over lines against the same sums in SQL."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from core.reco import aggregates
from core.reco.aggregates import FAMILIES, PRODUCTS, SWEETNESS, TOTALS, ProductArrays, aggregate
from core.reco.lines import arrange

CUSTOMERS, PRODUCTS_SOLD, WINDOW_START = 30, 9, 19_500

TOTALS_SQL = f"""
WITH days AS (
    SELECT customer_no, day - lag(day) OVER (PARTITION BY customer_no ORDER BY day) AS gap
    FROM (SELECT DISTINCT customer_no, day FROM lines)
),
gaps AS (
    SELECT customer_no, count(gap) AS gaps, coalesce(median(gap), 0) AS usual_gap_days
    FROM days
    GROUP BY customer_no
),
sums AS (
    SELECT
        customer_no,
        count(DISTINCT document) AS documents,
        count(DISTINCT document) FILTER (day > {WINDOW_START}) AS frequency,
        min(day) AS first_day,
        max(day) AS last_day,
        sum(amount_cents) FILTER (day > {WINDOW_START}) AS revenue_cents,
        sum(amount_cents) FILTER (is_paid) AS paid_cents,
        sum(volume) FILTER (is_paid) AS paid_volume
    FROM lines
    GROUP BY customer_no
)
SELECT {", ".join(f"coalesce({name}, 0) AS {name}" for name in TOTALS)}
FROM range({CUSTOMERS}) AS everybody(customer_no)
LEFT JOIN sums USING (customer_no)
LEFT JOIN gaps USING (customer_no)
ORDER BY customer_no
"""

PRODUCTS_SQL = """
SELECT customer_no, product_no, max(day) AS last_day FROM lines GROUP BY ALL ORDER BY ALL
"""

FAMILIES_SQL = """
SELECT
    customer_no,
    family AS family_no,
    sum(volume) AS volume,
    coalesce(sum(volume) FILTER (sweetness >= 0), 0) AS sweet_volume,
    coalesce(sum(amount_cents) FILTER (has_price), 0) AS paid_cents,
    coalesce(sum(volume) FILTER (has_price), 0) AS paid_volume
FROM lines
WHERE family >= 0
GROUP BY customer_no, family
ORDER BY customer_no, family
"""

SWEETNESS_SQL = """
SELECT customer_no, family AS family_no, sweetness AS sweetness_no, sum(volume) AS volume
FROM lines
WHERE family >= 0 AND sweetness >= 0
GROUP BY ALL
ORDER BY ALL
"""

HISTORY = ("customer_no", "basket", "item", "day", "product", "volume", "amount")
HISTORY_SQL = """
SELECT
    customer_no,
    dense_rank() OVER (ORDER BY customer_no, day, document) - 1 AS basket,
    chain AS item,
    day,
    max(product_no) AS product,
    sum(volume) AS volume,
    sum(amount_cents) AS amount
FROM lines
WHERE is_article AND gift = 0
GROUP BY customer_no, day, document, chain
ORDER BY customer_no, basket, item
"""

LINES_SQL = """
CREATE TABLE lines AS
SELECT
    sold.*,
    products.*,
    quantity_milli * pack_ml AS volume,
    gift = 0 AND amount_cents > 0 AS has_price,
    is_article AND has_price AS is_paid
FROM sold JOIN products USING (product_no)
"""


def random_sold(seed, number=400):
    """Gifts, free lines, several products of a chain in one document, days far apart."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, CUSTOMERS - 2, number)  # the last two buy nothing
    document = customer * 10 + rng.integers(0, 7, number)
    return {
        "customer_no": customer.astype(np.int32),
        "product_no": rng.integers(0, PRODUCTS_SOLD, number).astype(np.int32),
        "document": document,
        # most documents have one day, as they should; every 20th line has another one
        "day": np.where(rng.random(number) < 0.05, 19_000, 19_300 + document * 53 % 70 * 10),
        "quantity_milli": rng.choice([500, 1000, 6000], number),
        "amount_cents": rng.choice([-300, 0, 900, 2500], number),
        "gift": (rng.random(number) < 0.2).astype(np.uint8),
    }


def random_products(seed):
    rng = np.random.default_rng(seed)
    return ProductArrays(
        chain=np.array([3, 0, 0, 1, 1, 1, 2, 4, 5], np.int32),
        pack_ml=rng.choice([375, 750, 4500], PRODUCTS_SOLD),
        is_article=np.arange(PRODUCTS_SOLD) != 6,
        family=rng.integers(-1, 3, PRODUCTS_SOLD).astype(np.int32),
        sweetness=rng.integers(-1, 2, PRODUCTS_SOLD).astype(np.int32),
        chains=6,
        families=3,
        sweetnesses=2,
    )


def plain(sold, products):
    """A connection with `lines`: what was sold, with the traits of its product."""
    con = duckdb.connect()
    traits = ("chain", "pack_ml", "is_article", "family", "sweetness")
    table = {"product_no": np.arange(PRODUCTS_SOLD)} | {n: getattr(products, n) for n in traits}
    con.register("sold", pa.table(sold))
    con.register("products", pa.table(table))
    con.execute(LINES_SQL)
    return con


def assert_same(names, found, con, query):
    expected = con.execute(query).fetchnumpy()
    for name in names:
        assert np.array_equal(found[name], expected[name].astype(found[name].dtype)), name


@pytest.fixture(params=range(4))
def both(request, monkeypatch):
    monkeypatch.setattr(aggregates, "ROWS_PER_SLICE", 90)
    sold, products = random_sold(request.param), random_products(request.param)
    sums = aggregate(arrange([sold], CUSTOMERS), products, WINDOW_START, threads=2)
    return sums, plain(sold, products)


def test_sums_per_customer_product_family_and_sweetness_are_those_of_sql(both):
    sums, con = both
    assert_same(TOTALS, sums.totals, con, TOTALS_SQL)
    assert_same(PRODUCTS, sums.products, con, PRODUCTS_SQL)
    assert_same(FAMILIES, sums.families, con, FAMILIES_SQL)
    assert_same(SWEETNESS, sums.sweetness, con, SWEETNESS_SQL)


def test_history_is_what_was_bought_for_oneself_chain_by_chain(both):
    sums, con = both
    history = sums.history
    customer = np.repeat(np.arange(CUSTOMERS), np.diff(history.offsets))
    found = {name: getattr(history, name) for name in HISTORY[1:]} | {"customer_no": customer}
    assert_same(HISTORY, found, con, HISTORY_SQL)
    assert history.items == 6
