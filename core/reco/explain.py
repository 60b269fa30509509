"""Why a product is proposed: one true sentence, and the evidence to compute its score again."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.reco import phrases
from core.reco.scoring import COMPONENTS
from core.reco.tables import create_table, create_table_from_rows

CHAIN_NUMBERS = 16_777_216  # more chains than any catalogue has

# The three of the customer's own items that speak most for a product. Millions of pairs are
# looked through: numbers, and `max(.., 3)` over weight and item in one, take a tenth of the time
# of names and a window. Equal weights: the bytewise first chain.
POOL_NEIGHBOURS = f"""
WITH pool_numbers AS (
    SELECT row_no, customer_no, chain_no AS neighbour_no, ground
    FROM pool
    JOIN chain_index USING (chain)
),
pairs AS MATERIALIZED (
    SELECT row_no, neighbour_no, chain_no, interest_milli
    FROM pool_numbers
    JOIN personal_affinity USING (customer_no)
    WHERE ground IN ('neighbours', 'taken_up', 'step')
),
beginnings AS (
    SELECT row_no, neighbour_no, own.chain_no
    FROM pool_numbers
    JOIN personal_affinity AS own USING (customer_no)
    SEMI JOIN (SELECT * FROM first_steps WHERE step = 1) AS steps
        ON steps.customer = own.customer AND steps.chain = own.chain
    WHERE ground = 'next_step'
),
weighed AS (
    SELECT row_no, chain_no, buyers, interest_milli * strength_micro AS weight
    FROM pairs
    JOIN item_neighbours USING (chain_no, neighbour_no)
    UNION ALL
    SELECT row_no, chain_no, buyers, strength_micro
    FROM beginnings
    JOIN next_neighbours USING (chain_no, neighbour_no)
),
strongest AS (
    SELECT
        row_no,
        max({CHAIN_NUMBERS} * weight + {CHAIN_NUMBERS} - 1 - chain_no, 3) AS coded,
        max(struct_pack(
            code := {CHAIN_NUMBERS} * weight + {CHAIN_NUMBERS} - 1 - chain_no, buyers := buyers
        )).buyers AS neighbour_buyers
    FROM weighed
    GROUP BY row_no
),
listed AS (
    SELECT row_no, neighbour_buyers, unnest(coded) AS code FROM strongest
)
SELECT
    row_no,
    list(bought_key ORDER BY code DESC) AS neighbours,
    first(bought_key ORDER BY code DESC) AS neighbour_key,
    any_value(neighbour_buyers) AS neighbour_buyers
FROM listed
JOIN pool_numbers USING (row_no)
JOIN personal_affinity AS own
    ON own.customer_no = pool_numbers.customer_no
    AND own.chain_no = {CHAIN_NUMBERS} - 1 - code % {CHAIN_NUMBERS}
GROUP BY row_no
"""

# `words`: which sentence is said; `counted`: the number in it.
POOL_EVIDENCE = """
SELECT
    pool.*,
    neighbours,
    neighbour_key,
    own.bought_key,
    CASE
        WHEN ground IN ('due', 'favourite') AND own.bought_key <> pool.product_key
            THEN CASE WHEN evidence > 1 THEN 'vintage' ELSE 'vintage_once' END
        WHEN ground = 'due' AND timing.purchase_days >= 3 THEN 'habit'
        WHEN ground = 'favourite' AND evidence >= 2 THEN 'favourite'
        WHEN ground IN ('due', 'favourite') THEN 'bought'
        WHEN ground IN ('popular', 'first_purchase') AND evidence = 0 AND popularity = 0 THEN 'new'
        WHEN ground = 'first_purchase' AND evidence = 0 THEN 'popular'
        ELSE ground
    END AS words,
    CASE
        WHEN ground IN ('neighbours', 'next_step') THEN neighbour_buyers
        WHEN words = 'popular' THEN popularity
        ELSE evidence
    END AS counted,
    timing.purchase_days,
    timing.own_gap_days,
    timing.expected_gap_days,
    coalesce(timing.first_date, facts.first_date) AS first_date,
    coalesce(timing.last_date, facts.last_date) AS last_date,
    coalesce(timing.elapsed_days, facts.recency_days) AS elapsed_days
FROM pool
JOIN customer_facts AS facts USING (customer)
LEFT JOIN pool_neighbours USING (row_no)
LEFT JOIN personal_affinity AS own
    ON own.customer = pool.customer AND own.chain = pool.chain
LEFT JOIN purchase_timing AS timing
    ON timing.customer = pool.customer AND timing.chain = pool.chain
"""

# Names come last: they may hold anything, marks included.
EXPLAIN_SHORT = """
replace(replace(replace(replace(replace(replace(replace(
    coalesce(said.text, counted_said.text),
    '{times}', coalesce(times_said.text, '')),
    '{gap}', coalesce(gap_said.text, '')),
    '{elapsed}', coalesce(elapsed_said.text, '')),
    '{percent}', coalesce(evidence::VARCHAR, '')),
    '{family}', coalesce(e.family, '')),
    '{former}', coalesce(formers.name, bought_key, '')),
    '{neighbour}', coalesce(near.name, neighbour_key, ''))
"""

COMPONENT_COLUMNS = {name: {"popularity": "popularity_fit"}.get(name, name) for name in COMPONENTS}

# Keys in bytewise order; the merge with an empty object drops what is not known.
REASONS_JSON = f"""
json_merge_patch('{{}}', to_json({{
    'as_of': $as_of::DATE,
    'components': {{{
    ", ".join(f"'{name}': e.{COMPONENT_COLUMNS[name]}" for name in sorted(COMPONENTS))
}}},
    'evidence': {{
        'bought_key': bought_key,
        'count': e.counted,
        'elapsed_days': elapsed_days,
        'expected_gap_days': expected_gap_days,
        'family': e.family,
        'first_date': first_date,
        'last_date': last_date,
        'neighbours': neighbours,
        'own_gap_days': own_gap_days,
        'paid75_cents': paid75_cents,
        'price75_cents': price75_cents,
        'purchase_days': purchase_days
    }},
    'ground': ground,
    'scenario': e.scenario,
    'score': score,
    'weights': {{{", ".join(f"'{name}': w.{name}" for name in sorted(COMPONENTS))}}}
}}))
"""

CANDIDATES = f"""
SELECT
    e.customer,
    e.position,
    e.product_key,
    e.scenario,
    e.score,
    {EXPLAIN_SHORT} AS explain_short,
    {REASONS_JSON}::VARCHAR AS reasons_json
FROM pool_evidence AS e
JOIN scenario_weights AS w ON w.scenario = e.scenario
LEFT JOIN said ON said.words = e.words
LEFT JOIN counted_said ON counted_said.words = e.words AND counted_said.counted = e.counted
LEFT JOIN times_said ON times_said.value = e.evidence
LEFT JOIN gap_said ON gap_said.value = e.own_gap_days
LEFT JOIN elapsed_said ON elapsed_said.value = e.elapsed_days
LEFT JOIN products AS formers ON formers.product_key = bought_key
LEFT JOIN products AS near ON near.product_key = neighbour_key
ORDER BY e.customer, e.position
"""


def explain_pool(con: DuckDBPyConnection, as_of: date, language: str) -> None:
    """Create `candidates` from `pool`: the sentence in `language` and the reasons as JSON.

    `reasons_json` holds as_of, scenario, ground, evidence (dates, gaps in days, prices in cents
    per 75 cl, product keys of neighbours), the components, their weights and the score, which is
    the sum of weight x component over the sum of the weights.
    """
    create_table(con, "pool_neighbours", POOL_NEIGHBOURS)
    create_table(con, "pool_evidence", POOL_EVIDENCE)
    _say_grounds(con, language)
    _say_values(con, "times_said", "evidence", pa.int64(), lambda n: phrases.times(language, n))
    _say_values(con, "gap_said", "own_gap_days", pa.float64(), lambda d: phrases.gap(language, d))
    _say_values(
        con, "elapsed_said", "elapsed_days", pa.int64(), lambda d: phrases.elapsed(language, d)
    )
    create_table(con, "candidates", CANDIDATES, as_of=as_of)


def _say_grounds(con: DuckDBPyConnection, language: str) -> None:
    plain = [(words, phrases.sentence(language, words)) for words in phrases.SENTENCES]
    create_table_from_rows(
        con, "said", pa.schema({"words": pa.string(), "text": pa.string()}), plain
    )
    counted = con.execute(
        "SELECT DISTINCT words, counted FROM pool_evidence WHERE list_contains($words, words)",
        {"words": list(phrases.COUNTED_SENTENCES)},
    ).fetchall()
    rows = [(words, n, phrases.counted_sentence(language, words, n)) for words, n in counted]
    schema = pa.schema({"words": pa.string(), "counted": pa.int64(), "text": pa.string()})
    create_table_from_rows(con, "counted_said", schema, rows)


def _say_values(
    con: DuckDBPyConnection, table: str, column: str, type_: pa.DataType, say: Callable[[Any], str]
) -> None:
    """Create `table`(value, text) for the distinct values of a column of the pool's evidence."""
    values = con.execute(
        f"SELECT DISTINCT {column} FROM pool_evidence WHERE {column} IS NOT NULL"
    ).fetchall()
    rows = [(value, say(value)) for (value,) in values]
    create_table_from_rows(con, table, pa.schema({"value": type_, "text": pa.string()}), rows)
