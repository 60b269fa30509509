"""What decisions make of a run's lists, as DuckDB tables over the run's own lists and its data.

Reads the tables of `review_meant`. Of one customer and product the last decision counts.
"""

from datetime import date

from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.i18n import N_, translate
from core.policy import CustomerState, Policy
from core.reco.ranking import Ranked, explain_ranked
from core.services.run_summary import canonical_json

CHOSEN = N_("Chosen by hand for this list.")

_OWN_LISTS_SQL = """
CREATE OR REPLACE TABLE own_items AS
SELECT customer_no, rank, product_no, stored.scenario, score, explain_short, reasons_json
FROM stored_items stored
JOIN customer_numbers USING (customer)
JOIN product_numbers USING (product_key)
"""

# Of two replacements of a product that wait together the last one counts, and neither does when
# it is then rejected in this one list; not so when the product had come back in between.
_WORDS_SQL = """
CREATE OR REPLACE TABLE words AS
WITH said AS (
    SELECT customer, product_key, replacement, number, kind, FALSE AS is_back
    FROM meant
    WHERE in_force AND (kind = 'replace' OR (kind = 'reject' AND of_one))
    UNION ALL
    SELECT customer, replacement, NULL, number, kind, TRUE
    FROM meant
    WHERE in_force AND kind = 'replace'
),
standing AS (
    SELECT customer, replacement, product_key, number
    FROM said
    QUALIFY kind = 'replace' AND NOT is_back AND coalesce(
        lead(is_back) OVER (PARTITION BY customer, product_key ORDER BY number), TRUE
    )
)
SELECT
    customer_no,
    product_numbers.product_no,
    replaced.product_no AS replaced_no,
    number,
    is_in,
    row_number() OVER (
        PARTITION BY customer_no, product_numbers.product_no ORDER BY number DESC, is_in DESC
    ) = 1 AS is_last
FROM (
    SELECT customer, product_key, NULL AS replaced_key, number, FALSE AS is_in
    FROM meant
    WHERE in_force AND kind IN ('reject', 'replace') AND product_key IS NOT NULL
    UNION ALL
    SELECT customer, replacement, product_key, number, TRUE FROM standing
)
SEMI JOIN changed USING (customer)
JOIN customer_numbers USING (customer)
JOIN product_numbers USING (product_key)
LEFT JOIN product_numbers AS replaced ON replaced.product_key = replaced_key
"""

# A replacement stands where that stood which it replaces, itself perhaps a replacement; one
# for a product of the reserve, which had no place of its own, comes after the rest.
_KEPT_SQL = """
CREATE OR REPLACE TABLE kept_items AS
WITH RECURSIVE placed AS (
    SELECT words.customer_no, words.product_no, own_items.rank AS place
    FROM words
    JOIN own_items
        ON own_items.customer_no = words.customer_no AND own_items.product_no = words.replaced_no
    WHERE words.is_in
    UNION
    SELECT words.customer_no, words.product_no, placed.place
    FROM words
    JOIN placed
        ON placed.customer_no = words.customer_no AND placed.product_no = words.replaced_no
    WHERE words.is_in
),
places AS (
    SELECT customer_no, product_no, min(place) AS place FROM placed GROUP BY ALL
),
own AS (
    SELECT customer_no, product_no, scenario, rank AS place, 0 AS number
    FROM own_items
    ANTI JOIN (FROM words WHERE is_last AND NOT is_in) USING (customer_no, product_no)
),
chosen AS (
    SELECT
        words.customer_no,
        words.product_no,
        coalesce(
            pool.scenario,
            CASE
                WHEN bought.customer_no IS NOT NULL THEN $rebuy
                WHEN facts.state = $prospect THEN $nurture
                ELSE $cross_sell
            END
        ) AS scenario,
        coalesce(places.place, 1000) AS place,
        words.number
    FROM words
    JOIN customer_facts facts ON facts.customer_no = words.customer_no
    ANTI JOIN own ON own.customer_no = words.customer_no AND own.product_no = words.product_no
    LEFT JOIN places
        ON places.customer_no = words.customer_no AND places.product_no = words.product_no
    LEFT JOIN candidates pool
        ON pool.customer_no = words.customer_no AND pool.product_no = words.product_no
    LEFT JOIN (
        SELECT DISTINCT customer_no, chain_no
        FROM customer_products
        JOIN product_numbers USING (product_no)
    ) AS bought
        ON bought.customer_no = words.customer_no
        AND bought.chain_no = (
            SELECT chain_no FROM product_numbers WHERE product_no = words.product_no
        )
    WHERE words.is_last AND words.is_in
),
ordered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY customer_no ORDER BY place, number, product_no
        )::INTEGER AS rank
    FROM (FROM own UNION ALL FROM chosen)
)
SELECT customer_no, rank, product_no, scenario
FROM ordered
JOIN wanted_items USING (customer_no)
WHERE rank <= items
ORDER BY customer_no, rank
"""

_WANTED_SQL = """
CREATE OR REPLACE TABLE wanted_items AS
SELECT customer_no, count(*)::INTEGER AS items FROM own_items GROUP BY customer_no
"""

# What a person threw out of a list does not come back as the next candidate, nor into the lists of
# those who might have had it.
_CANDIDATES_SQL = """
CREATE OR REPLACE TEMP TABLE reserve AS
SELECT candidates.*
FROM candidates
ANTI JOIN (FROM words WHERE is_last AND NOT is_in) USING (customer_no, product_no)
ANTI JOIN (
    SELECT customer_no, product_no
    FROM barred
    JOIN customer_numbers USING (customer)
    JOIN product_numbers USING (product_key)
) USING (customer_no, product_no)
"""

# The repairs of the run stay in its record.
_REPAIRS_SQL = """
CREATE OR REPLACE TABLE repairs AS
SELECT customer_no, product_no, rule_code, NULL::INTEGER AS replaced_by, details_json
FROM stored_issues
JOIN customer_numbers USING (customer)
LEFT JOIN product_numbers USING (product_key)
WHERE severity = 'INFO' AND json_exists(details_json, '$.repaired_by')
"""

_TAKEN_SQL = """
CREATE OR REPLACE TABLE taken AS
SELECT listed.customer_no, listed.rank, listed.product_no, pool.pool_position
FROM repaired_list listed
ANTI JOIN own_items USING (customer_no, product_no)
JOIN candidates pool USING (customer_no, product_no)
"""

_FINAL_SQL = """
CREATE OR REPLACE TABLE final_list AS
SELECT
    listed.customer_no,
    numbers.customer,
    listed.rank,
    listed.product_no,
    products.product_key,
    listed.scenario,
    coalesce(own.score, explained.score, 0) AS score,
    coalesce(own.explain_short, explained.explain_short, $sentence) AS explain_short,
    coalesce(
        own.reasons_json,
        explained.reasons_json,
        replace($reasons, '<scenario>', listed.scenario)
    ) AS reasons_json
FROM repaired_list listed
JOIN customer_numbers numbers ON numbers.customer_no = listed.customer_no
JOIN product_numbers products ON products.product_no = listed.product_no
LEFT JOIN own_items own
    ON own.customer_no = listed.customer_no AND own.product_no = listed.product_no
LEFT JOIN explained
    ON explained.customer_no = listed.customer_no AND explained.product_no = listed.product_no
ORDER BY listed.customer_no, listed.rank
"""


def arrange_kept(con: DuckDBPyConnection) -> None:
    """Create `kept_items` and `wanted_items` for `refill_lists`, and `repairs`.

    Needs the facts, `candidates`, and the tables of `read_decisions`. Candidates that were thrown
    out leave `candidates`.
    """
    con.execute(_OWN_LISTS_SQL)
    con.execute(_WORDS_SQL)
    con.execute(_WANTED_SQL)
    con.execute(
        _KEPT_SQL,
        {
            "rebuy": Scenario.REBUY,
            "nurture": Scenario.NURTURE,
            "cross_sell": Scenario.CROSS_SELL,
            "prospect": CustomerState.PROSPECT,
        },
    )
    con.execute(_CANDIDATES_SQL)
    con.execute("CREATE OR REPLACE VIEW candidates AS FROM reserve")
    con.execute(_REPAIRS_SQL)


def explain_reviewed(
    con: DuckDBPyConnection, ranked: Ranked, as_of: date, policy: Policy, language: str
) -> None:
    """Create `final_list` from `repaired_list`: kept items with their own words and scores.

    What came from the candidates is explained as in a run; what neither was proposed nor a
    candidate says that a person chose it, and has no score.
    """
    con.execute(_TAKEN_SQL)
    explain_ranked(con, ranked, "taken", as_of, policy, language)
    con.execute("CREATE OR REPLACE TABLE explained AS FROM final_list")
    reasons = {
        "as_of": as_of.isoformat(),
        "scenario": "<scenario>",
        "ground": "chosen",
        "evidence": {},
        "score": 0,
    }
    con.execute(
        _FINAL_SQL,
        {"sentence": translate(language, CHOSEN), "reasons": canonical_json(reasons)},
    )
