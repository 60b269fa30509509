"""Refill of lists changed by hand: what a person keeps stays, and vacant places are filled.

A candidate is taken when no item rule that counts fails on it, neither alone nor beside what is
kept; those that would bring the list above the diversity cap come last. What is kept is not
judged here: the audit that follows tells what is wrong with it. The tables `refill_*` are
temporary.

- `refill_pool`    the candidates still standing, as the rules read items; `rank` is their turn
- `refill_round`   what is kept, and as many candidates as there are vacant places
- `refill_failed`  what failed last
"""

from dataclasses import replace
from datetime import date

from duckdb import DuckDBPyConnection

from core.audit.rules import Level, collect_failures, counting_rules
from core.audit.scope import MICRO, Scope, load_items, share_in_micro
from core.counts import count_rows
from core.policy import Policy

_LAST = 1_000_000  # added to the turn of candidates: kept items come before them

_POOL = f"""(
    SELECT candidates.*, position + {_LAST} AS turn
    FROM candidates
    SEMI JOIN wanted_items USING (customer_no)
    ANTI JOIN kept_items USING (customer_no, product_no)
)"""

# Within a family the candidates beyond the cap of the list wait until all others had their turn.
_CAPPED_SQL = f"""
CREATE OR REPLACE TEMP TABLE refill_pool AS
WITH of_family AS (
    SELECT customer_no, family_no, count(*) AS kept
    FROM refill_kept
    WHERE family_no IS NOT NULL
    GROUP BY ALL
)
SELECT pool.* REPLACE (
    pool.rank + CASE
        WHEN pool.family_no IS NOT NULL
            AND coalesce(of_family.kept, 0) + row_number() OVER (
                PARTITION BY pool.customer_no, pool.family_no ORDER BY pool.rank
            ) > CASE
                WHEN wanted_items.items >= {{min_items}}
                    THEN wanted_items.items * {{max_share_micro}} // {MICRO}
                ELSE wanted_items.items
            END
            THEN {_LAST}
        ELSE 0
    END AS rank
)
FROM refill_pool pool
JOIN wanted_items USING (customer_no)
LEFT JOIN of_family USING (customer_no, family_no)
"""

_ROUND_SQL = """
CREATE OR REPLACE TEMP TABLE refill_round AS
SELECT * FROM refill_kept SEMI JOIN refill_open USING (customer_no)
UNION ALL
SELECT pool.*
FROM refill_pool pool
JOIN refill_open USING (customer_no)
QUALIFY row_number() OVER (PARTITION BY customer_no ORDER BY rank) <= refill_open.vacant
"""

_OPEN_SQL = """
CREATE OR REPLACE TEMP TABLE refill_open AS
SELECT customer_no, wanted_items.items - count(kept_items.product_no) AS vacant
FROM wanted_items
LEFT JOIN kept_items USING (customer_no)
GROUP BY customer_no, wanted_items.items
"""

_STRIKE_SQL = """
CREATE OR REPLACE TEMP TABLE refill_pool AS
SELECT * FROM refill_pool ANTI JOIN refill_failed USING (customer_no, rank)
"""

_KEEP_FAILING_SQL = f"""
CREATE OR REPLACE TEMP TABLE refill_open AS
SELECT * FROM refill_open
SEMI JOIN (SELECT * FROM refill_failed WHERE rank > {_LAST}) USING (customer_no)
"""

_SETTLE_SQL = f"""
INSERT INTO refill_settled
SELECT * FROM refill_round
ANTI JOIN (SELECT * FROM refill_failed WHERE rank > {_LAST}) USING (customer_no)
"""

_REFILLED_SQL = f"""
CREATE OR REPLACE TABLE refilled_list AS
SELECT
    customer_no,
    row_number() OVER (PARTITION BY customer_no ORDER BY rank)::INTEGER AS rank,
    product_no,
    scenario,
    rank > {_LAST} AS is_refill
FROM refill_settled
ORDER BY customer_no, rank
"""

_TEMPORARY_TABLES = ("kept", "pool", "open", "round", "failed", "settled")


def refill_lists(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create `refilled_list` from `kept_items`, `wanted_items` and `candidates`.

    `kept_items(customer_no, rank, product_no, scenario)` is what stays, in order, and
    `wanted_items(customer_no, items)` says how long each list shall be, for all whose list is
    made; `candidates(customer_no, position, product_no, scenario)` is what may be taken. A list
    stays shorter when the candidates end. `refilled_list(customer_no, rank, product_no, scenario,
    is_refill)` is ranked 1..n.
    """
    kept = Scope(items="refill_kept", as_of=as_of, policy=policy.audit)
    load_items(con, "kept_items", kept.items)
    load_items(con, _POOL, "refill_pool", rank="turn")
    rules = counting_rules(policy.audit, Level.ITEM)
    collect_failures(con, rules, replace(kept, items="refill_pool", alone=True), "refill_failed")
    con.execute(_STRIKE_SQL)
    share = share_in_micro(policy.audit.diversity_max_share)
    min_items = policy.audit.diversity_min_items
    con.execute(_CAPPED_SQL.format(min_items=min_items, max_share_micro=share))
    con.execute(_OPEN_SQL)
    con.execute("CREATE OR REPLACE TEMP TABLE refill_settled AS FROM refill_kept LIMIT 0")
    while count_rows(con, "refill_open"):
        con.execute(_ROUND_SQL)
        collect_failures(con, rules, replace(kept, items="refill_round"), "refill_failed")
        con.execute(_SETTLE_SQL)
        con.execute(_STRIKE_SQL)
        con.execute(_KEEP_FAILING_SQL)
    con.execute(_REFILLED_SQL)
    for table in _TEMPORARY_TABLES:  # there was no round where no list is made
        con.execute(f"DROP TABLE IF EXISTS refill_{table}")
