"""What a rule is asked about: a list with its products' facts, a day and the policy's numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from core.policy import AuditPolicy

MICRO = 1_000_000  # shares are compared as whole millionths, so that exactly 70 % stays exact

_ITEMS_SQL = """
CREATE OR REPLACE TEMP TABLE {items} AS
SELECT
    listed.customer_no,
    listed.{rank} AS rank,
    listed.product_no,
    listed.scenario,
    numbers.chain_no,
    facts.family_no,
    facts.family,
    facts.sweetness_no,
    facts.sweetness,
    facts.price75_cents
FROM {listed} listed
JOIN product_numbers numbers ON numbers.product_no = listed.product_no
LEFT JOIN product_facts facts ON facts.product_no = listed.product_no
"""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The arguments of every rule.

    `items` names a table made by `load_items`; `as_of` is the day of the run. With `alone` each
    item is judged as if it were the only one of its list: the way to judge candidates.
    """

    items: str
    as_of: date
    policy: AuditPolicy
    alone: bool = False

    def days_before(self, days: int) -> date:
        """Return the day `days` before the as-of date: windows begin after it."""
        return self.as_of - timedelta(days=days)


@dataclass(frozen=True, kw_only=True)
class Query:
    """SQL with its bound values.

    It returns `customer_no`, `rank` (NULL unless one item fails), `product_no` (likewise) and
    `details_json`, one row per failure. A rule on the customer returns `customer` and
    `details_json` alone. Where `needs` is given and returns no row, nobody fails: it costs a tenth
    of the rule, which counts where few people are asked about.
    """

    sql: str
    values: Mapping[str, object]
    needs: "Query | None" = None


def load_items(con: DuckDBPyConnection, listed: str, items: str, *, rank: str = "rank") -> None:
    """Create the table `items` from `listed` with the facts of each product.

    `listed` is a table, or a sub-select in parentheses, with customer_no, product_no, scenario
    and the order of the list in column `rank`. A product without facts is of unknown family,
    sweetness and price.
    """
    con.execute(_ITEMS_SQL.format(items=items, listed=listed, rank=rank))


def share_in_micro(share: float) -> int:
    """Return a share of the policy in whole millionths."""
    return round(share * MICRO)
