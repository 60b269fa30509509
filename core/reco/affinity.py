"""What a customer is likely to buy: personal frequency, and neighbours of what was bought.

Everything is counted per vintage chain over what customers bought for themselves (gifts left
out). Counts and weighted sums are whole numbers, so their order cannot change a result.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from duckdb import DuckDBPyConnection

from core.policy import Policy
from core.reco.neighbours import FloatArray, find_neighbours, read_matrix, sum_over_items
from core.reco.tables import IntArray, create_table, create_table_from_arrays, fetch_arrays

CANDIDATES_PER_POOL = 3  # new items kept per customer, in pools: scenarios filter them further
HISTORY_LIMIT = 500  # the newest items of one buyer that count, so that giants stay affordable
SPARSE_DOCUMENTS = 2  # customers with no more documents than this are compared with beginners

OFFERS = """
SELECT
    chain,
    product_key,
    family,
    sweetness,
    price75_cents,
    chain_popularity AS popularity,
    row_number() OVER (ORDER BY chain_popularity DESC, product_key) AS popularity_rank
FROM product_facts
WHERE recommendable
QUALIFY row_number() OVER (PARTITION BY chain ORDER BY vintage DESC NULLS LAST, product_key) = 1
ORDER BY product_key
"""

# `place` orders chains by popularity, then bytewise by what is offered: the tie order everywhere.
CHAIN_INDEX = """
WITH chains AS (
    SELECT DISTINCT chain FROM product_facts
    UNION
    SELECT DISTINCT chain FROM customer_products
)
SELECT
    chain,
    row_number() OVER (ORDER BY chain) - 1 AS chain_no,
    row_number() OVER (
        ORDER BY popularity_rank NULLS LAST, chain
    ) - 1 AS place,
    popularity_rank IS NOT NULL AS offered
FROM chains
LEFT JOIN offers USING (chain)
ORDER BY chain
"""

CUSTOMER_INDEX = """
SELECT customer, row_number() OVER (ORDER BY customer) - 1 AS customer_no
FROM customers
ORDER BY customer
"""

# Each purchase counts 0.5 ^ (age / half life), in millionths; the best item of a customer is 1.
PERSONAL_AFFINITY = """
WITH purchases AS (
    SELECT customer, coalesce(chain, product_key) AS chain, document_id,
        max(sale_date) AS sale_date
    FROM net_lines
    LEFT JOIN product_facts USING (product_key)
    WHERE NOT is_gift AND coalesce(is_article, TRUE)
    GROUP BY ALL
),
decayed AS (
    SELECT
        customer,
        chain,
        count(*) AS purchases,
        max(sale_date) AS last_date,
        sum(greatest(1, round(
            1000000 * pow(0.5, ($as_of::DATE - sale_date) / $half_life)
        ))::BIGINT)::BIGINT AS frequency_micro
    FROM purchases
    GROUP BY customer, chain
),
newest AS (
    SELECT customer, chain, last(product_key ORDER BY last_date, product_key) AS bought_key
    FROM customer_products
    WHERE NOT gift_only
    GROUP BY customer, chain
)
SELECT
    * EXCLUDE (place, offered),
    greatest(1, round(
        1000 * pow(0.5, ($as_of::DATE - last_date) / $half_life)
    ))::BIGINT AS interest_milli,
    round(
        frequency_micro / max(frequency_micro) OVER (PARTITION BY customer), 6
    ) AS affinity
FROM decayed
JOIN newest USING (customer, chain)
JOIN customer_index USING (customer)
JOIN chain_index USING (chain)
ORDER BY customer, chain
"""

# Anonymous documents are buyers here: what they show is what goes together, nothing personal.
BUYER_ITEMS = """
WITH items AS (
    SELECT 'customer' AS kind, customer AS buyer, chain, last_date FROM personal_affinity
    UNION ALL
    SELECT 'anonymous', document_id, chain, max(sale_date)
    FROM sale_lines
    JOIN product_facts USING (product_key)
    WHERE customer IS NULL
        AND is_article
        AND sale_date <= $as_of
        AND coalesce(document_status, 'valid') <> 'cancelled'
    GROUP BY document_id, chain
    HAVING sum(quantity_milli) > 0
)
SELECT dense_rank() OVER (ORDER BY kind, buyer) - 1 AS row_no, chain_no AS column_no, 1 AS value
FROM items
JOIN chain_index USING (chain)
QUALIFY row_number() OVER (PARTITION BY kind, buyer ORDER BY last_date DESC, chain) <= $limit
"""

# A beginning is the first purchase day; what comes next, the second one without the first's items.
FIRST_STEPS = """
WITH steps AS (
    SELECT customer, chain, dense_rank() OVER (PARTITION BY customer ORDER BY sale_date) AS step
    FROM purchase_days
)
SELECT customer, chain, min(step) AS step
FROM steps
WHERE step <= 2
GROUP BY customer, chain
QUALIFY row_number() OVER (PARTITION BY customer, min(step) ORDER BY chain) <= $limit
"""

STEP_ITEMS = """
SELECT customer_no AS row_no, chain_no AS column_no, 1 AS value
FROM first_steps
JOIN customer_index USING (customer)
JOIN chain_index USING (chain)
WHERE step = {step}
"""

INTERESTS = """
SELECT customer_no AS row_no, chain_no AS column_no, interest_milli AS value
FROM personal_affinity
QUALIFY row_number() OVER (PARTITION BY customer ORDER BY last_date DESC, chain) <= {limit}
"""

BEGINNINGS = """
SELECT customer_no AS row_no, chain_no AS column_no, 1 AS value
FROM first_steps
JOIN customer_facts USING (customer)
JOIN customer_index USING (customer)
JOIN chain_index USING (chain)
WHERE step = 1 AND documents <= {documents}
"""

BOUGHT = """
SELECT DISTINCT customer_no AS row_no, chain_no AS column_no, 1 AS value
FROM customer_products
JOIN customer_index USING (customer)
JOIN chain_index USING (chain)
"""

NEIGHBOURS = """
SELECT
    items.chain,
    others.chain AS neighbour,
    count AS buyers,
    value / 1000000.0 AS strength,
    row_no AS chain_no,
    column_no AS neighbour_no,
    value AS strength_micro
FROM neighbours_found AS found
JOIN chain_index AS items ON items.chain_no = found.row_no
JOIN chain_index AS others ON others.chain_no = found.column_no
ORDER BY items.chain, neighbour
"""

NEIGHBOUR_CELLS = """
SELECT row_no, column_no, value FROM neighbours_found
"""

NEW_ITEMS = """
SELECT customer, chain, value / 1000000.0 AS affinity
FROM new_items_found
JOIN customer_index ON customer_no = row_no
JOIN chain_index ON chain_no = column_no
ORDER BY customer, chain
"""


@dataclass(frozen=True, kw_only=True)
class Index:
    """Numbers of customers and chains; per chain its place in the tie order, and if offered."""

    customers: int
    place: IntArray
    offered: IntArray

    @property
    def chains(self) -> int:
        """Return the number of chains."""
        return len(self.place)


def build_affinities(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create the affinities from the facts and `purchase_days`.

    `offers`: one recommendable product per chain. `personal_affinity`: decayed frequency of what
    was bought. `item_neighbours` and `next_neighbours`: what goes with a chain, and what follows
    it in a second purchase. `new_affinity` and `beginner_affinity`: what each customer has never
    bought, by the sum of these over her items, relative to her best.
    """
    half_life = float(policy.frequency_half_life_days)
    create_table(con, "offers", OFFERS)
    create_table(con, "chain_index", CHAIN_INDEX)
    create_table(con, "customer_index", CUSTOMER_INDEX)
    create_table(con, "personal_affinity", PERSONAL_AFFINITY, as_of=as_of, half_life=half_life)
    create_table(con, "first_steps", FIRST_STEPS, limit=HISTORY_LIMIT)
    create_table(con, "buyer_items", BUYER_ITEMS, as_of=as_of, limit=HISTORY_LIMIT)
    index = _read_index(con)
    _build_item_neighbours(con, policy, index)
    _build_new_items(con, "new_affinity", INTERESTS.format(limit=HISTORY_LIMIT), policy, index)
    _build_next_neighbours(con, policy, index)
    beginnings = BEGINNINGS.format(documents=SPARSE_DOCUMENTS)
    _build_new_items(con, "beginner_affinity", beginnings, policy, index)


def _read_index(con: DuckDBPyConnection) -> Index:
    customers = fetch_arrays(con, "SELECT count(*) AS n FROM customer_index")["n"]
    chains = fetch_arrays(con, "SELECT place, offered FROM chain_index ORDER BY chain_no")
    return Index(customers=int(customers[0]), place=chains["place"], offered=chains["offered"])


def _build_item_neighbours(con: DuckDBPyConnection, policy: Policy, index: Index) -> None:
    cells = fetch_arrays(con, "SELECT * FROM buyer_items")
    items = read_matrix(cells, int(cells["row_no"].max(initial=-1)) + 1, index.chains)
    root: FloatArray = np.sqrt(np.bincount(cells["column_no"], minlength=index.chains))

    def cosine_scale(rows: IntArray, columns: IntArray) -> FloatArray:
        return root[rows] * root[columns] + policy.affinity_shrinkage

    found = find_neighbours(
        items,
        items,
        cosine_scale,
        place=index.place,
        offered=index.offered,
        keep=policy.neighbours,
    )
    create_table_from_arrays(con, "neighbours_found", found)
    create_table(con, "item_neighbours", NEIGHBOURS)


def _build_next_neighbours(con: DuckDBPyConnection, policy: Policy, index: Index) -> None:
    first, then = (fetch_arrays(con, STEP_ITEMS.format(step=step)) for step in (1, 2))
    starters: FloatArray = np.bincount(first["column_no"], minlength=index.chains).astype(float)

    def share_scale(rows: IntArray, _columns: IntArray) -> FloatArray:
        return starters[rows] + policy.affinity_shrinkage

    found = find_neighbours(
        read_matrix(first, index.customers, index.chains),
        read_matrix(then, index.customers, index.chains),
        share_scale,
        place=index.place,
        offered=index.offered,
        keep=policy.neighbours,
    )
    create_table_from_arrays(con, "neighbours_found", found)
    create_table(con, "next_neighbours", NEIGHBOURS)


def _build_new_items(
    con: DuckDBPyConnection, table: str, interests: str, policy: Policy, index: Index
) -> None:
    """Create `table` from `neighbours_found` and the items that `interests` selects."""
    shape = (index.customers, index.chains)
    found = sum_over_items(
        read_matrix(fetch_arrays(con, interests), *shape),
        read_matrix(fetch_arrays(con, NEIGHBOUR_CELLS), index.chains, index.chains),
        read_matrix(fetch_arrays(con, BOUGHT), *shape),
        place=index.place,
        keep=CANDIDATES_PER_POOL * policy.pool_size,
    )
    create_table_from_arrays(con, "new_items_found", found)
    create_table(con, table, NEW_ITEMS)
