"""The score of a candidate: a weighted mean of seven components, each in [0, 1].

| component | value |
|---|---|
| affinity | personal frequency, or nearness to what was bought, relative to the customer's best |
| due | of the time since the last purchase, see `timing`; 0 for what is new |
| popularity | square root of buyers / buyers of the most popular |
| price_fit | lower / higher of price and price paid; upsell: 1 at a moderate step, less around |
| family_fit | volume of the family / of the customer's first family, x share of the sweetness |
| season | 1 in season, 0 out of season |
| margin | rank of the product's margin among all |

What is not known counts `NEUTRAL`. Components are rounded before they are weighted, so that the
score can be computed again by hand from `reasons_json`.
"""

from datetime import date

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.policy import Policy, Weights
from core.reco.season import parse_months
from core.reco.tables import create_table, create_table_from_rows

COMPONENTS = tuple(Weights.model_fields)
NEUTRAL = 0.5
BEST_STEP = 0.4  # of the way from the least to the greatest step: where upsell's price fits best

OFFER_TRAITS = f"""
WITH margins AS (
    SELECT product_key, round(percent_rank() OVER (ORDER BY margin), 6) AS margin
    FROM products
    WHERE margin IS NOT NULL
)
SELECT
    chain,
    round(sqrt(popularity / greatest(max(popularity) OVER (), 1)), 6) AS popularity_share,
    coalesce(season, {NEUTRAL}) AS season,
    coalesce(margins.margin, {NEUTRAL}) AS margin
FROM offers
LEFT JOIN margins USING (product_key)
LEFT JOIN season_fits USING (product_key)
"""

FAMILY_FITS = """
SELECT
    customer,
    family,
    paid75_cents,
    round(
        own_volume / greatest(max(own_volume) OVER (PARTITION BY customer), 1), 6
    ) AS volume_share
FROM customer_families
"""

SWEETNESS_FITS = """
SELECT customer, family, sweetness, round(volume / family_volume, 6) AS sweetness_share
FROM customer_sweetness
"""

# Step: by how much the price per 75 cl is above the price paid, as a share of the latter.
CANDIDATE_COMPONENTS = f"""
WITH known_families AS (SELECT DISTINCT customer FROM family_fits),
known_sweetness AS (SELECT DISTINCT customer, family FROM sweetness_fits),
joined AS (
    SELECT
        c.* EXCLUDE (affinity),
        customer_no,
        offers.popularity,
        offers.popularity_rank,
        offers.family,
        offers.price75_cents,
        coalesce(family_fits.paid75_cents, customer_facts.paid75_cents) AS paid75_cents,
        round(c.affinity, 6) AS affinity,
        coalesce(due, 0.0) AS due,
        popularity_share,
        season,
        margin,
        CASE
            WHEN known_families.customer IS NULL OR offers.family IS NULL THEN {NEUTRAL}
            WHEN known_sweetness.customer IS NULL OR offers.sweetness IS NULL
                THEN coalesce(volume_share, 0.0)
            ELSE round(coalesce(volume_share, 0.0) * coalesce(sweetness_share, 0.0), 6)
        END AS family_fit
    FROM scenario_candidates AS c
    JOIN offers ON offers.chain = c.chain
    JOIN offer_traits ON offer_traits.chain = c.chain
    JOIN customer_facts ON customer_facts.customer = c.customer
    JOIN customer_index ON customer_index.customer = c.customer
    LEFT JOIN known_families ON known_families.customer = c.customer
    LEFT JOIN family_fits
        ON family_fits.customer = c.customer AND family_fits.family = offers.family
    LEFT JOIN known_sweetness
        ON known_sweetness.customer = c.customer AND known_sweetness.family = offers.family
    LEFT JOIN sweetness_fits
        ON sweetness_fits.customer = c.customer
        AND sweetness_fits.family = offers.family
        AND sweetness_fits.sweetness = offers.sweetness
    LEFT JOIN purchase_timing
        ON purchase_timing.customer = c.customer AND purchase_timing.chain = c.chain
)
SELECT
    * EXCLUDE (popularity_share),
    popularity_share AS popularity_fit,
    round(CASE
        WHEN coalesce(price75_cents, 0) <= 0 OR coalesce(paid75_cents, 0) <= 0 THEN {NEUTRAL}
        WHEN scenario = '{Scenario.UPSELL}' THEN greatest(
            0.0, 1 - abs(price75_cents / paid75_cents - 1 - $best_step) / $step_range
        )
        ELSE least(price75_cents, paid75_cents) / greatest(price75_cents, paid75_cents)
    END, 6) AS price_fit
FROM joined
"""

# Enough of each scenario and family to fill any list. popularity_rank orders offers by popularity,
# then bytewise by product_key; customer_no orders customers bytewise.
SCORED_CANDIDATES = """
WITH scored AS (
    SELECT
        c.rowid AS component_row,
        customer_no,
        scenario,
        family,
        popularity_rank,
        round((
            w.affinity * c.affinity
            + w.due * c.due
            + w.popularity * c.popularity_fit
            + w.price_fit * c.price_fit
            + w.family_fit * c.family_fit
            + w.season * c.season
            + w.margin * c.margin
        ) / w.total, 6) AS score
    FROM candidate_components AS c
    JOIN scenario_weights AS w USING (scenario)
),
best AS (
    SELECT *
    FROM scored
    QUALIFY
        row_number() OVER (
            PARTITION BY customer_no, scenario ORDER BY score DESC, popularity_rank
        ) <= $pool_size
        OR row_number() OVER (
            PARTITION BY customer_no, scenario, coalesce(family, '')
            ORDER BY score DESC, popularity_rank
        ) <= $top_n
)
SELECT
    c.*,
    score,
    row_number() OVER (
        ORDER BY c.customer_no, score DESC, c.popularity_rank, c.scenario
    ) - 1 AS row_no
FROM best
JOIN candidate_components AS c ON c.rowid = best.component_row
ORDER BY row_no
"""


def score_candidates(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create `scored_candidates` from `scenario_candidates`, best first per customer.

    Carries every component, `paid75_cents` (of the offer's family, else overall), `score`
    rounded to 6 digits and `row_no`, the place in the total order.
    """
    step_range = policy.upsell_max_step - policy.upsell_min_step
    _build_offer_traits(con, as_of)
    _build_scenario_weights(con, policy)
    create_table(con, "family_fits", FAMILY_FITS)
    create_table(con, "sweetness_fits", SWEETNESS_FITS)
    create_table(
        con,
        "candidate_components",
        CANDIDATE_COMPONENTS,
        best_step=policy.upsell_min_step + BEST_STEP * step_range,
        step_range=step_range,
    )
    create_table(
        con,
        "scored_candidates",
        SCORED_CANDIDATES,
        pool_size=policy.pool_size,
        top_n=policy.top_n,
    )


def weights_of(policy: Policy, scenario: Scenario) -> dict[str, float]:
    """Return the weights of `scenario` by component, as the policy states them."""
    weights = policy.weights.get(scenario, Weights())
    return {name: float(getattr(weights, name)) for name in COMPONENTS}


def _build_offer_traits(con: DuckDBPyConnection, as_of: date) -> None:
    tagged = con.execute(
        "SELECT product_key, season_tags FROM products WHERE season_tags IS NOT NULL"
    ).fetchall()
    named = [(key, parse_months(tags)) for key, tags in tagged]
    rows = [(key, float(as_of.month in months)) for key, months in named if months]
    schema = pa.schema({"product_key": pa.string(), "season": pa.float64()})
    create_table_from_rows(con, "season_fits", schema, rows)
    create_table(con, "offer_traits", OFFER_TRAITS)


def _build_scenario_weights(con: DuckDBPyConnection, policy: Policy) -> None:
    schema = pa.schema(
        {"scenario": pa.string(), **dict.fromkeys((*COMPONENTS, "total"), pa.float64())}
    )
    weights = {scenario: weights_of(policy, scenario) for scenario in Scenario}
    rows = [(str(s), *named.values(), sum(named.values())) for s, named in weights.items()]
    create_table_from_rows(con, "scenario_weights", schema, rows)
