"""How the lists and verdicts of one policy differ from those of another, on the same data."""

from collections.abc import Mapping, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.reco.shards import Slice
from core.services.run_summary import REASONS

EXAMPLES = 8

_SAMPLED_ALL = "CREATE OR REPLACE TABLE sampled AS SELECT customer_no FROM customer_numbers"
_SAMPLED = f"{_SAMPLED_ALL} WHERE list_contains($lows, customer_no - customer_no % $size)"

# Kept apart from the tables of the next computation: `before_…` and `after_…`.
_KEEP: Mapping[str, str] = {
    "{side}_list": """
        SELECT customer_no, rank, scenario, product_key
        FROM repaired_list
        SEMI JOIN sampled USING (customer_no)
        JOIN product_numbers USING (product_no)
    """,
    "{side}_verdict": """
        SELECT customer_no, customer, eligible, reason
        FROM verdicts
        SEMI JOIN sampled USING (customer_no)
        JOIN customer_numbers USING (customer_no)
    """,
}

_DIFFERENT = """
CREATE OR REPLACE TABLE different AS
SELECT customer_no
FROM (
    (SELECT * FROM before_list EXCEPT ALL SELECT * FROM after_list)
    UNION ALL
    (SELECT * FROM after_list EXCEPT ALL SELECT * FROM before_list)
)
GROUP BY customer_no
ORDER BY customer_no
"""

_COUNTS = """
SELECT
    count(*) AS sampled,
    count(*) FILTER (before.eligible) AS eligible_before,
    count(*) FILTER (after.eligible) AS eligible_after,
    count(*) FILTER (after.eligible AND NOT before.eligible) AS newly_eligible,
    count(*) FILTER (before.eligible AND NOT after.eligible) AS no_longer_eligible,
    (SELECT count(*) FROM different) AS lists_changed
FROM before_verdict AS before
JOIN after_verdict AS after USING (customer_no)
"""

_GROUPS = """
SELECT
    {name},
    count(*) FILTER (side = 'before') AS before,
    count(*) FILTER (side = 'after') AS after
FROM (
    SELECT {name}, 'before' AS side FROM before_{table}
    UNION ALL
    SELECT {name}, 'after' AS side FROM after_{table}
)
GROUP BY {name}
ORDER BY list_position($order, {name})
"""

# As many as asked, evenly spread over the customers whose list changes.
_EXAMPLES = """
SELECT customer_no, customer, before.reason AS reason_before, after.reason AS reason_after
FROM (
    SELECT customer_no, row_number() OVER (ORDER BY customer_no) AS place, count(*) OVER () AS n
    FROM different
)
JOIN before_verdict AS before USING (customer_no)
JOIN after_verdict AS after USING (customer_no, customer)
WHERE place * $examples // n > (place - 1) * $examples // n
ORDER BY customer_no
"""

_LIST = "SELECT rank, scenario, product_key FROM {side}_list WHERE customer_no = $no ORDER BY rank"


def keep_sample(con: DuckDBPyConnection, sample: Sequence[Slice] | None, side: str) -> None:
    """Keep lists and verdicts of the sampled customers as those of `side` (before or after)."""
    if sample is None:
        con.execute(_SAMPLED_ALL)
    else:
        low, high = sample[0]
        con.execute(_SAMPLED, {"lows": [one[0] for one in sample], "size": high - low})
    for table, query in _KEEP.items():
        con.execute(f"CREATE OR REPLACE TABLE {table.format(side=side)} AS {query}")


def compute_differences(con: DuckDBPyConnection) -> dict[str, Any]:
    """Return counts, scenarios, verdicts and examples of what `keep_sample` kept, JSON-ready."""
    con.execute(_DIFFERENT)
    scenarios = _GROUPS.format(name="scenario", table="list")
    reasons = _GROUPS.format(name="reason", table="verdict")
    return {
        **_records(con, _COUNTS)[0],
        "scenarios": _records(con, scenarios, order=[s.value for s in Scenario]),
        "reasons": _records(con, reasons, order=list(REASONS)),
        "examples": [_with_lists(con, row) for row in _records(con, _EXAMPLES, examples=EXAMPLES)],
    }


def _with_lists(con: DuckDBPyConnection, example: dict[str, Any]) -> dict[str, Any]:
    number = example.pop("customer_no")
    lists = {side: _records(con, _LIST.format(side=side), no=number) for side in _SIDES}
    return {**example, **lists}


_SIDES = ("before", "after")


def _records(con: DuckDBPyConnection, sql: str, **values: object) -> list[dict[str, Any]]:
    result = con.execute(sql, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
