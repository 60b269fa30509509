"""The five scenarios of PRODUCT.md: which products may be proposed to whom, and on what ground.

Every candidate set is one query with the same columns: customer, chain, product_key, scenario,
ground (why, in a word), evidence (a count or a percentage, NULL where there is none), affinity.
"""

from datetime import date

from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.policy import CustomerState, Policy
from core.reco.affinity import SPARSE_DOCUMENTS
from core.reco.tables import create_table

FALLBACK_DEPTH = 200  # popular products looked through for one that is new and in reach
BASIS_POINTS = 10_000

RECENT_CHAINS = """
SELECT customer, chain
FROM customer_products
WHERE last_date > $as_of::DATE - $bought_days::INTEGER
UNION
SELECT customer, chain
FROM sent_items
JOIN product_facts USING (product_key)
WHERE sent_on <= $as_of AND sent_on > $as_of::DATE - $sent_days::INTEGER
ORDER BY customer, chain
"""

# What cannot be new to a customer: bought at any time, or sent to her lately.
KNOWN_CHAINS = """
SELECT customer, chain FROM customer_products
UNION
SELECT customer, chain FROM recent_chains
ORDER BY customer, chain
"""

REBUY = f"""
SELECT
    customer,
    chain,
    offers.product_key,
    '{Scenario.REBUY}' AS scenario,
    'due' AS ground,
    purchases AS evidence,
    personal_affinity.affinity
FROM purchase_timing
JOIN personal_affinity USING (customer, chain)
JOIN offers USING (chain)
ANTI JOIN recent_chains USING (customer, chain)
WHERE is_due
"""

CROSS_SELL_NEAR = f"""
SELECT
    customer,
    chain,
    offers.product_key,
    '{Scenario.CROSS_SELL}' AS scenario,
    'neighbours' AS ground,
    NULL::BIGINT AS evidence,
    new_affinity.affinity
FROM new_affinity
JOIN offers USING (chain)
JOIN customer_facts USING (customer)
ANTI JOIN known_chains USING (customer, chain)
WHERE paid75_cents IS NULL
    OR price75_cents IS NULL
    OR {BASIS_POINTS} * price75_cents <= $reach * paid75_cents
"""

# A customer with b known chains finds at least `need` new ones among the b + need most popular.
CROSS_SELL_POPULAR = f"""
WITH served AS (SELECT customer, count(*) AS found FROM {{candidates}} GROUP BY customer),
known AS (SELECT customer, count(*) AS known FROM known_chains GROUP BY customer),
needy AS (
    SELECT
        customer,
        paid75_cents,
        coalesce(known, 0) + $need::INTEGER + $depth::INTEGER AS last_rank
    FROM customer_facts
    LEFT JOIN served USING (customer)
    LEFT JOIN known USING (customer)
    WHERE state <> '{CustomerState.PROSPECT}' AND coalesce(found, 0) < $enough
)
SELECT
    customer,
    chain,
    offers.product_key,
    '{Scenario.CROSS_SELL}' AS scenario,
    'popular' AS ground,
    popularity AS evidence,
    0.0 AS affinity
FROM needy
JOIN offers ON popularity_rank <= last_rank
ANTI JOIN known_chains USING (customer, chain)
ANTI JOIN {{candidates}} AS found USING (customer, chain)
WHERE $reach IS NULL
    OR paid75_cents IS NULL
    OR price75_cents IS NULL
    OR {BASIS_POINTS} * price75_cents <= $reach * paid75_cents
QUALIFY row_number() OVER (PARTITION BY customer ORDER BY popularity_rank) <= $need
"""

# Sweetness is kept when it is a usual one of the customer in that family, or none is known.
UPSELL = f"""
WITH known_sweetness AS (SELECT DISTINCT customer, family FROM customer_sweetness)
SELECT
    families.customer,
    offers.chain,
    offers.product_key,
    '{Scenario.UPSELL}' AS scenario,
    'step' AS ground,
    (200 * (price75_cents - paid75_cents) + paid75_cents) // (2 * paid75_cents) AS evidence,
    coalesce(new_affinity.affinity, 0.0) AS affinity
FROM customer_families AS families
JOIN offers
    ON offers.family = families.family
    AND {BASIS_POINTS} * price75_cents >= paid75_cents * ({BASIS_POINTS} + $least)
    AND {BASIS_POINTS} * price75_cents <= paid75_cents * ({BASIS_POINTS} + $greatest)
LEFT JOIN known_sweetness AS known
    ON known.customer = families.customer AND known.family = families.family
LEFT JOIN customer_sweetness AS sweet
    ON sweet.customer = families.customer
    AND sweet.family = families.family
    AND sweet.sweetness = offers.sweetness
LEFT JOIN new_affinity
    ON new_affinity.customer = families.customer AND new_affinity.chain = offers.chain
ANTI JOIN known_chains
    ON known_chains.customer = families.customer AND known_chains.chain = offers.chain
WHERE paid75_cents > 0
    AND (known.customer IS NULL OR {BASIS_POINTS} * sweet.volume >= $share * sweet.family_volume)
"""

WINBACK_FAVOURITES = f"""
SELECT
    customer,
    chain,
    offers.product_key,
    '{Scenario.WINBACK}' AS scenario,
    'favourite' AS ground,
    purchases AS evidence,
    personal_affinity.affinity
FROM personal_affinity
JOIN offers USING (chain)
JOIN customer_facts USING (customer)
ANTI JOIN recent_chains USING (customer, chain)
WHERE state IN ('{CustomerState.LAPSED}', '{CustomerState.LOST}')
"""

# How many customers first bought a chain after the silent customer's last purchase.
WINBACK_TAKEN_UP = f"""
WITH beginnings AS (
    SELECT chain, first_date, count(*) AS beginners
    FROM (SELECT chain, min(first_date) AS first_date FROM purchase_timing GROUP BY customer, chain)
    GROUP BY chain, first_date
),
taken_up AS (
    SELECT
        chain,
        first_date,
        sum(beginners) OVER (PARTITION BY chain ORDER BY first_date)::BIGINT AS so_far,
        sum(beginners) OVER (PARTITION BY chain)::BIGINT AS in_all
    FROM beginnings
),
silent AS (
    SELECT customer, last_date
    FROM customer_facts
    WHERE state IN ('{CustomerState.LAPSED}', '{CustomerState.LOST}')
),
near AS (
    SELECT customer, chain, last_date, affinity FROM new_affinity JOIN silent USING (customer)
),
buyers AS (SELECT DISTINCT chain, in_all FROM taken_up)
SELECT
    near.customer,
    near.chain,
    offers.product_key,
    '{Scenario.WINBACK}' AS scenario,
    'taken_up' AS ground,
    buyers.in_all - coalesce(taken_up.so_far, 0) AS evidence,
    near.affinity
FROM near
ASOF LEFT JOIN taken_up
    ON taken_up.chain = near.chain AND taken_up.first_date <= near.last_date
JOIN buyers ON buyers.chain = near.chain
JOIN offers ON offers.chain = near.chain
ANTI JOIN known_chains
    ON known_chains.customer = near.customer AND known_chains.chain = near.chain
WHERE buyers.in_all > coalesce(taken_up.so_far, 0)
"""

NURTURE_BEGINNERS = f"""
SELECT
    customer,
    chain,
    offers.product_key,
    '{Scenario.NURTURE}' AS scenario,
    'next_step' AS ground,
    NULL::BIGINT AS evidence,
    beginner_affinity.affinity
FROM beginner_affinity
JOIN offers USING (chain)
JOIN customer_facts USING (customer)
ANTI JOIN known_chains USING (customer, chain)
WHERE documents <= {SPARSE_DOCUMENTS}
    AND state IN ('{CustomerState.NEW}', '{CustomerState.ACTIVE}')
"""

# One list of popular first purchases per kind of customer (private, trade), the same for all its
# prospects; where the kind has none, what any customer began with, then what is popular.
NURTURE_PROSPECTS = f"""
WITH starts AS (
    SELECT is_trade, chain, count(*) AS starters
    FROM first_steps
    JOIN customer_facts USING (customer)
    WHERE step = 1
    GROUP BY is_trade, chain
),
all_starts AS (SELECT chain, sum(starters)::BIGINT AS starters FROM starts GROUP BY chain),
first_offers AS (
    SELECT
        kinds.is_trade,
        offers.chain,
        offers.product_key,
        coalesce(starts.starters, 0) AS starters,
        coalesce(starts.starters, 0)
            / greatest(max(starts.starters) OVER (PARTITION BY kinds.is_trade), 1) AS affinity
    FROM (VALUES (TRUE), (FALSE)) AS kinds(is_trade)
    CROSS JOIN offers
    LEFT JOIN starts ON starts.is_trade = kinds.is_trade AND starts.chain = offers.chain
    LEFT JOIN all_starts ON all_starts.chain = offers.chain
    QUALIFY row_number() OVER (
        PARTITION BY kinds.is_trade
        ORDER BY coalesce(starts.starters, 0) DESC, coalesce(all_starts.starters, 0) DESC,
            popularity_rank
    ) <= $kept
)
SELECT
    customer,
    chain,
    product_key,
    '{Scenario.NURTURE}' AS scenario,
    'first_purchase' AS ground,
    starters AS evidence,
    coalesce(affinity, 0.0) AS affinity
FROM customer_facts
JOIN first_offers USING (is_trade)
ANTI JOIN recent_chains USING (customer, chain)
WHERE state = '{CustomerState.PROSPECT}'
"""


def build_scenario_candidates(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create `scenario_candidates` from the facts, the timing and the affinities."""
    create_table(
        con,
        "recent_chains",
        RECENT_CHAINS,
        as_of=as_of,
        bought_days=max(policy.rebuy_silence_days, policy.audit.recent_days),
        sent_days=policy.audit.recent_days,
    )
    create_table(con, "known_chains", KNOWN_CHAINS)
    create_table(con, "scenario_candidates", REBUY)
    _add_cross_sell(con, policy)
    _add_upsell(con, policy)
    _add(con, WINBACK_FAVOURITES)
    _add(con, WINBACK_TAKEN_UP)
    _add(con, NURTURE_BEGINNERS)
    _add(con, NURTURE_PROSPECTS, kept=policy.pool_size)
    _add_last_resort(con, policy)


def _add(con: DuckDBPyConnection, query: str, **parameters: object) -> None:
    con.execute(f"INSERT INTO scenario_candidates {query}", parameters)


def _add_cross_sell(con: DuckDBPyConnection, policy: Policy) -> None:
    """Near products in reach; where they are few, popular ones in reach."""
    reach = _basis_points(policy.price_reach)
    create_table(con, "cross_sell_near", CROSS_SELL_NEAR, reach=reach)
    _add(con, "SELECT * FROM cross_sell_near")
    _add(
        con,
        CROSS_SELL_POPULAR.format(candidates="cross_sell_near"),
        need=2 * policy.top_n,
        enough=2 * policy.top_n,
        depth=FALLBACK_DEPTH,
        reach=reach,
    )


def _add_upsell(con: DuckDBPyConnection, policy: Policy) -> None:
    _add(
        con,
        UPSELL,
        least=_basis_points(policy.upsell_min_step),
        greatest=_basis_points(policy.upsell_max_step),
        share=_basis_points(policy.audit.sugar_min_share),
    )


def _add_last_resort(con: DuckDBPyConnection, policy: Policy) -> None:
    """Popular products at any price, for customers nothing else was found for."""
    con.execute("CREATE OR REPLACE TABLE found_so_far AS SELECT * FROM scenario_candidates")
    _add(
        con,
        CROSS_SELL_POPULAR.format(candidates="found_so_far"),
        need=policy.top_n,
        enough=1,
        depth=0,
        reach=None,
    )


def _basis_points(share: float) -> int:
    return round(BASIS_POINTS * share)
