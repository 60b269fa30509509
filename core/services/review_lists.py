"""What decisions make of a run's lists, as DuckDB tables over the run's own lists and its data.

`meant(number, kind, customer, product_key, replacement)` has a row for each customer whom a
decision in force means, `changed(customer)` those whose list is made again, `rejected(customer)`
those who are not exported. Of one customer and product the last decision counts.
"""

from collections.abc import Sequence
from datetime import date

from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.i18n import N_, translate
from core.policy import CustomerState, Policy
from core.reco.ranking import Ranked, explain_ranked
from core.services.run_summary import canonical_json
from core.store.review_rows import fetch_stored
from core.store.reviews import Decision, fetch_subjects
from core.store.run_outputs import RunAt
from core.store.tenant import Transaction

APPROVE, REJECT, REPLACE = "approve", "reject", "replace"
CHOSEN = N_("Chosen by hand for this list.")

_MEANT_SQL = """
CREATE OR REPLACE TABLE meant (
    number INTEGER, kind VARCHAR, customer VARCHAR, product_key VARCHAR, replacement VARCHAR,
    waits BOOLEAN, in_force BOOLEAN
)
"""

_ADD_MEANT_SQL = """
INSERT INTO meant
SELECT $number, $kind, customer, $product_key, $replacement, $waits, $in_force FROM subjects
"""

# An approved product changes no list.
_CHANGED_SQL = """
CREATE OR REPLACE TABLE changed AS
SELECT DISTINCT customer
FROM meant
SEMI JOIN customers USING (customer)
WHERE waits AND NOT (kind = 'approve' AND product_key IS NOT NULL)
ORDER BY customer
"""

_REJECTED_SQL = """
CREATE OR REPLACE TABLE rejected AS
SELECT customer
FROM meant
WHERE in_force AND product_key IS NULL
GROUP BY customer
HAVING arg_max(kind, number) = 'reject'
ORDER BY customer
"""

_OWN_LISTS_SQL = """
CREATE OR REPLACE TABLE own_items AS
SELECT customer_no, rank, product_no, stored.scenario, score, explain_short, reasons_json
FROM stored_items stored
JOIN customer_numbers USING (customer)
JOIN product_numbers USING (product_key)
"""

_WORDS_SQL = """
CREATE OR REPLACE TABLE words AS
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
    SELECT customer, replacement, product_key, number, TRUE
    FROM meant
    WHERE in_force AND kind = 'replace'
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

# What a person threw out of a list does not come back as the next candidate.
_CANDIDATES_SQL = """
CREATE OR REPLACE TEMP TABLE reserve AS
SELECT candidates.*
FROM candidates
ANTI JOIN (FROM words WHERE is_last AND NOT is_in) USING (customer_no, product_no)
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
SELECT listed.customer_no, listed.rank, listed.product_no, pool.row_no
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


def read_decisions(
    tx: Transaction, con: DuckDBPyConnection, run_id: str, decisions: Sequence[Decision]
) -> None:
    """Create `meant`, `changed` and `rejected`, and what the run stored of those who change."""
    con.execute(_MEANT_SQL)
    for decision in decisions:
        if decision.withdrawn_at is None or decision.waits:
            fetch_subjects(tx, con, run_id, decision)
            con.execute(
                _ADD_MEANT_SQL,
                {
                    "number": decision.number,
                    "kind": decision.kind,
                    "product_key": decision.product_key,
                    "replacement": decision.replacement,
                    "waits": decision.waits,
                    "in_force": decision.withdrawn_at is None,
                },
            )
    con.execute(_CHANGED_SQL)
    con.execute(_REJECTED_SQL)
    changed = [row[0] for row in con.execute("FROM changed").fetchall()]
    original = RunAt(run_id=run_id, review=0)
    for table in ("stored_items", "stored_issues"):
        fetch_stored(tx, con, table, original, customers=changed)


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
