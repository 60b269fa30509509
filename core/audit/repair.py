"""Repair of lists: a failing item gives its place to the next candidate that passes.

Only the customers whose list fails are worked on. Their candidates are judged one by one and the
failing ones struck; then, in rounds, the list is filled from those that stand and audited again,
until no item fails or the candidates end. The tables `repair_*` are temporary.

- `repair_pool`    the candidates still standing of the customers under repair, with their facts
- `repair_struck`  the items that failed, with the rule
- `repair_failed`  what failed last, the customers to work on
- `repair_settled` lists on which no item fails
"""

from dataclasses import replace
from datetime import date

from duckdb import DuckDBPyConnection

from core.audit.rules import (
    RULES,
    Level,
    Rule,
    active_rules,
    collect_failures,
    counting_rules,
    write_issues,
)
from core.audit.scope import MICRO, Scope, load_items, share_in_micro
from core.contracts import RuleCode, Severity
from core.counts import count_rows
from core.policy import AuditPolicy, Policy

_FIRST_ITEMS = "(SELECT * FROM candidates WHERE position <= {top_n})"
_POOL = """(
    SELECT candidates.*
    FROM candidates
    SEMI JOIN {failures} failed ON failed.customer_no = candidates.customer_no
    ANTI JOIN repair_struck struck
        ON struck.customer_no = candidates.customer_no AND struck.rank = candidates.position
)"""

# The numbers are literals: with them DuckDB keeps the first rows of a group without sorting it.
_FILL_SQL = """
CREATE OR REPLACE TEMP TABLE repair_round AS
SELECT *
FROM {standing}
QUALIFY row_number() OVER (PARTITION BY customer_no ORDER BY rank) <= {top_n}
"""

# At most `cap` candidates of one family; unknown families are each their own.
_CAPPED_SQL = """(
    SELECT *
    FROM repair_pool
    QUALIFY row_number() OVER (
        PARTITION BY customer_no, family, CASE WHEN family IS NULL THEN rank END ORDER BY rank
    ) <= {cap}
)"""

_STRIKE_SQL = """
CREATE OR REPLACE TEMP TABLE repair_pool AS
SELECT * FROM repair_pool ANTI JOIN repair_failed USING (customer_no, rank)
"""

_KEEP_FAILING_SQL = """
CREATE OR REPLACE TEMP TABLE repair_pool AS
SELECT * FROM repair_pool SEMI JOIN repair_failed USING (customer_no)
"""

_REPLACE_LISTS_SQL = """
CREATE OR REPLACE TEMP TABLE repair_list AS
SELECT * FROM repair_list ANTI JOIN {replaced} USING (customer_no)
UNION ALL
SELECT * FROM {better}
"""

# A swap mends a list when it keeps its length and no longer fails.
_MENDED_SQL = """
CREATE OR REPLACE TEMP TABLE repair_mended AS
WITH settled AS (SELECT customer_no, count(*) AS items FROM repair_settled GROUP BY 1),
present AS (SELECT customer_no, count(*) AS items FROM repair_list GROUP BY 1)
SELECT repair_settled.*
FROM repair_settled
SEMI JOIN (
    SELECT customer_no FROM settled JOIN present USING (customer_no, items)
) USING (customer_no)
ANTI JOIN repair_uniform_after USING (customer_no)
"""

_WORSE_SQL = """
CREATE OR REPLACE TEMP TABLE repair_worse AS
SELECT first.*
FROM repair_first first
SEMI JOIN (
    SELECT customer_no, sum(points) AS total
    FROM (
        SELECT customer_no, {points} AS points FROM repair_issues_after
        UNION ALL
        SELECT customer_no, -{points} AS points FROM repair_issues_before
    )
    GROUP BY customer_no
    HAVING total > 0
) USING (customer_no)
"""

_TOUCHED_SQL = """
CREATE OR REPLACE TEMP TABLE repair_touched AS
SELECT customer_no FROM repair_struck UNION SELECT customer_no FROM repair_uniform
"""

_FAILING_LISTS_SQL = """
CREATE OR REPLACE TEMP TABLE repair_list AS
SELECT * FROM repair_first SEMI JOIN repair_touched USING (customer_no)
"""

_REPAIRED_LISTS_SQL = """
CREATE OR REPLACE TABLE repaired_list AS
SELECT * RENAME (position AS rank)
FROM candidates
ANTI JOIN repair_touched USING (customer_no)
WHERE position <= {top_n}
UNION ALL
SELECT candidates.* REPLACE (row_number() OVER (
    PARTITION BY candidates.customer_no ORDER BY position
)::INTEGER AS position)
FROM candidates
SEMI JOIN repair_list chosen
    ON chosen.customer_no = candidates.customer_no AND chosen.rank = candidates.position
"""

# The n-th item dropped from a list gave its place to the n-th item taken in. An item that failed
# no rule of its own was swapped for the sake of diversity.
_REPAIRS_SQL = """
CREATE OR REPLACE TABLE repairs AS
WITH dropped AS (
    SELECT *, row_number() OVER (PARTITION BY customer_no ORDER BY rank) AS place
    FROM repair_first
    SEMI JOIN repair_touched USING (customer_no)
    ANTI JOIN repair_list USING (customer_no, rank)
),
taken AS (
    SELECT *, row_number() OVER (PARTITION BY customer_no ORDER BY rank) AS place
    FROM repair_list ANTI JOIN repair_first USING (customer_no, rank)
),
struck AS (
    SELECT customer_no, rank, rule_code, details_json
    FROM repair_struck
    QUALIFY row_number() OVER (
        PARTITION BY customer_no, rank ORDER BY list_position($codes, rule_code)
    ) = 1
)
SELECT
    dropped.customer_no,
    dropped.product_no,
    coalesce(struck.rule_code, uniform.rule_code) AS rule_code,
    taken.product_no AS replaced_by,
    json_object(
        'evidence', coalesce(struck.details_json, uniform.details_json)::JSON,
        'rank', dropped.rank,
        'repaired_by', repaired.product_key
    )::VARCHAR AS details_json
FROM dropped
LEFT JOIN taken ON taken.customer_no = dropped.customer_no AND taken.place = dropped.place
LEFT JOIN product_numbers repaired ON repaired.product_no = taken.product_no
LEFT JOIN struck ON struck.customer_no = dropped.customer_no AND struck.rank = dropped.rank
LEFT JOIN repair_uniform uniform ON uniform.customer_no = dropped.customer_no
ORDER BY dropped.customer_no, dropped.rank
"""

_TEMPORARY_TABLES = (
    "repair_first",
    "repair_touched",
    "repair_list",
    "repair_pool",
    "repair_struck",
    "repair_failed",
    "repair_round",
    "repair_settled",
    "repair_uniform",
    "repair_uniform_after",
    "repair_unmended",
    "repair_mended",
    "repair_worse",
    "repair_issues_before",
    "repair_issues_after",
)


def repair_lists(con: DuckDBPyConnection, as_of: date, policy: Policy) -> None:
    """Create `repaired_list` and `repairs` from `candidates`, at most `policy.top_n` items each.

    `candidates` has positions 1, 2, … per customer. The list is its first `top_n` that pass, in
    order of position, re-ranked 1..n. Rules of severity INFO repair nothing. A repair that
    would lower the audit score is not made.
    `repaired_list` has the columns of `candidates` with `rank` in the place of `position`;
    `repairs(customer_no, product_no, rule_code, replaced_by, details_json)`, one row per item
    dropped from the first list; replaced_by is NULL when the candidates had ended.
    """
    first = Scope(items="repair_first", as_of=as_of, policy=policy.audit)
    load_items(con, _FIRST_ITEMS.format(top_n=policy.top_n), first.items, rank="position")
    _repair_items(con, first, policy)
    _repair_diversity(con, replace(first, items="repair_list"), policy)
    _withdraw_worse(con, first)
    con.execute(_REPAIRED_LISTS_SQL.format(top_n=policy.top_n))
    con.execute(_REPAIRS_SQL, {"codes": [rule.code.value for rule in RULES]})
    for table in _TEMPORARY_TABLES:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _repair_items(con: DuckDBPyConnection, first: Scope, policy: Policy) -> None:
    collect_failures(con, counting_rules(policy.audit, Level.ITEM), first, "repair_struck")
    collect_failures(con, _on_diversity(policy.audit), first, "repair_uniform")
    con.execute(_TOUCHED_SQL)
    con.execute(_FAILING_LISTS_SQL)
    con.execute("CREATE OR REPLACE TEMP TABLE repair_failed AS FROM repair_struck")
    _settle(con, first, policy, "repair_pool")
    con.execute(_REPLACE_LISTS_SQL.format(replaced="repair_struck", better="repair_settled"))


def _repair_diversity(con: DuckDBPyConnection, present: Scope, policy: Policy) -> None:
    rules = _on_diversity(policy.audit)
    collect_failures(con, rules, present, "repair_uniform")
    con.execute("CREATE OR REPLACE TEMP TABLE repair_failed AS FROM repair_uniform")
    cap = share_in_micro(policy.audit.diversity_max_share) * policy.top_n // MICRO
    _settle(con, present, policy, _CAPPED_SQL.format(cap=cap))
    settled = replace(present, items="repair_settled")
    collect_failures(con, rules, settled, "repair_uniform_after")
    con.execute(_MENDED_SQL)
    con.execute(_REPLACE_LISTS_SQL.format(replaced="repair_mended", better="repair_mended"))


def _settle(con: DuckDBPyConnection, scope: Scope, policy: Policy, standing: str) -> None:
    """Fill `repair_settled` for the customers of `repair_failed`.

    `standing` is the pool, or what of it may be chosen. Each round settles a customer's list or
    strikes at least one of its candidates, so the rounds end.
    """
    candidates = replace(scope, items="repair_pool", alone=True)
    load_items(con, _POOL.format(failures="repair_failed"), candidates.items, rank="position")
    con.execute("CREATE OR REPLACE TEMP TABLE repair_settled AS FROM repair_pool LIMIT 0")
    _strike_failing(con, candidates)
    while count_rows(con, "repair_pool"):
        con.execute(_FILL_SQL.format(standing=standing, top_n=policy.top_n))
        _strike_failing(con, replace(scope, items="repair_round"))
        con.execute(
            "INSERT INTO repair_settled "
            "SELECT * FROM repair_round ANTI JOIN repair_failed USING (customer_no)"
        )
        con.execute(_KEEP_FAILING_SQL)


def _strike_failing(con: DuckDBPyConnection, scope: Scope) -> None:
    collect_failures(con, counting_rules(scope.policy, Level.ITEM), scope, "repair_failed")
    con.execute("INSERT INTO repair_struck FROM repair_failed")
    con.execute(_STRIKE_SQL)


def _withdraw_worse(con: DuckDBPyConnection, first: Scope) -> None:
    """Put the first list back where the repaired one costs more points.

    Only a list that fails as a whole can, having become uniform or short: after the repair no
    item fails any more.
    """
    policy = first.policy
    rules = [rule for rule in active_rules(policy) if rule.level != Level.CUSTOMER]
    on_lists = [rule for rule in rules if rule.level == Level.LIST]
    collect_failures(con, on_lists, replace(first, items="repair_list"), "repair_unmended")
    for items, issues in (
        ("repair_first", "repair_issues_before"),
        ("repair_list", "repair_issues_after"),
    ):
        changed = f"(SELECT * FROM {items} SEMI JOIN repair_unmended USING (customer_no))"
        scope = replace(first, items="repair_round")
        load_items(con, changed, scope.items)
        collect_failures(con, rules, scope, "repair_failed")
        write_issues(con, "repair_failed", issues, policy)
    con.execute(_WORSE_SQL.format(points=_points_sql(policy)))
    con.execute(_REPLACE_LISTS_SQL.format(replaced="repair_worse", better="repair_worse"))


def _points_sql(policy: AuditPolicy) -> str:
    return (
        f"CASE severity WHEN '{Severity.ERROR.value}' THEN {policy.error_points:d} "
        f"WHEN '{Severity.WARN.value}' THEN {policy.warning_points:d} ELSE 0 END"
    )


def _on_diversity(policy: AuditPolicy) -> list[Rule]:
    """Return the one rule on the whole list that a swap can mend."""
    on_lists = counting_rules(policy, Level.LIST)
    return [rule for rule in on_lists if rule.code == RuleCode.LOW_DIVERSITY]
