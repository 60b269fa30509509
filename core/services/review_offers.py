"""What could take a place in a customer's list: candidates and the catalogue, each audited."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
from duckdb import DuckDBPyConnection

from core.audit.rules import RULE_CODES, Level, collect_failures, counting_rules
from core.audit.scope import Scope, load_items
from core.contracts import RuleCode, RunVersion, Scenario, Severity
from core.errors import NotFound
from core.i18n import N_
from core.policy import CustomerState, Policy, parse_policy
from core.reco.features import build_facts
from core.services.run_reports import finished_run
from core.store import run_reads
from core.store.dataset import load_dataset_of
from core.store.reviews import load_reserve
from core.store.tenant import TenantStore

MOST_OFFERED = 20

# Every word of the search stands in the name or in the key, whatever its case and accents.
_SEARCHED_SQL = """
CREATE OR REPLACE TABLE wanted AS
SELECT product_key, NULL::VARCHAR AS scenario, row_number() OVER (ORDER BY product_key) AS place
FROM products
WHERE list_bool_and([
    contains(strip_accents(lower(concat_ws(' ', product_key, name))), word)
    FOR word IN string_split_regex(strip_accents(lower(trim($search))), '\\s+')
])
"""

_RESERVED_SQL = """
CREATE OR REPLACE TABLE wanted AS
SELECT *
FROM (
    SELECT
        unnest($keys::VARCHAR[]) AS product_key,
        unnest($scenarios::VARCHAR[]) AS scenario,
        generate_subscripts($keys::VARCHAR[], 1) AS place
)
"""

_OFFERED_SQL = """
CREATE OR REPLACE TABLE offered AS
SELECT
    0 AS customer_no,
    row_number() OVER (ORDER BY place)::INTEGER AS rank,
    product_no,
    coalesce(
        wanted.scenario,
        CASE WHEN bought.chain_no IS NOT NULL THEN $rebuy ELSE $unknown END
    ) AS scenario,
    wanted.scenario IS NOT NULL AS is_candidate
FROM wanted
JOIN product_numbers USING (product_key)
LEFT JOIN (
    SELECT DISTINCT chain_no FROM customer_products JOIN product_numbers USING (product_no)
) AS bought USING (chain_no)
WHERE NOT list_contains($listed, product_key)
ORDER BY rank
LIMIT $most
"""

_JUDGED_SQL = """
WITH beside AS (
    SELECT chain_no
    FROM product_numbers
    WHERE list_contains($listed, product_key) AND product_key <> $replaced
),
failed AS (
    SELECT rank, rule_code FROM offered_failures
    UNION
    SELECT rank, $duplicate
    FROM offered
    JOIN product_numbers USING (product_no)
    SEMI JOIN beside USING (chain_no)
)
SELECT
    product_key,
    coalesce(products.name, product_key),
    products.family,
    products.price_cents,
    offered.scenario,
    coalesce(
        list(rule_code ORDER BY list_position($codes, rule_code))
            FILTER (rule_code IS NOT NULL),
        []
    ),
    is_candidate
FROM offered
JOIN product_numbers USING (product_no)
JOIN products USING (product_key)
LEFT JOIN failed USING (rank)
GROUP BY ALL
ORDER BY min(offered.rank)
"""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A product that could take the place, and the rules it would break there, in their order.

    `is_candidate`: it was left over by the run; else it was searched for.
    """

    product_key: str
    name: str
    family: str | None
    price_cents: int | None
    scenario: str
    rules: tuple[str, ...]
    is_candidate: bool

    def worst(self, policy: Policy) -> Severity | None:
        """Return the gravest severity of its issues, None when it breaks no rule."""
        found = {policy.audit.severity_of(RuleCode(rule)) for rule in self.rules}
        return next((severity for severity in Severity if severity in found), None)


def offers_for(
    store: TenantStore, run_id: str, customer: str, product_key: str, search: str = ""
) -> tuple[Offer, ...]:
    """Return what could replace `product_key` in the customer's reviewed list.

    Without `search` what the run left over for her, best first; else products of the catalogue
    whose name or key has all its words. At most `MOST_OFFERED`, each judged by the item rules on
    her data as they are now, at the date of the run. Raises `NotFound`.
    """
    with store.read() as tx, duckdb.connect() as con:
        run = finished_run(tx, run_id)
        reviewed = run.at(RunVersion.REVIEWED)
        verdict = run_reads.find_verdict(tx, reviewed, customer)
        if verdict is None:
            raise NotFound(N_("This customer is not in the run."))
        listed = [item["product_key"] for item in run_reads.load_items(tx, reviewed, customer)]
        load_dataset_of(tx, con, customer, verdict["email_norm"])
        _read_wanted(con, [] if search else load_reserve(tx, run_id, customer), search)
        policy = parse_policy(json.loads(run.policy_json))
        _judge(con, run.as_of, policy, listed, verdict["state"])
        return _offers(con, listed, product_key)


def _read_wanted(con: DuckDBPyConnection, reserve: Sequence[Sequence[str]], search: str) -> None:
    if search.strip():
        con.execute(_SEARCHED_SQL, {"search": search})
        return
    values = {"keys": [key for key, _ in reserve], "scenarios": [name for _, name in reserve]}
    con.execute(_RESERVED_SQL, values)


def _judge(
    con: DuckDBPyConnection, as_of: date, policy: Policy, listed: Sequence[str], state: str
) -> None:
    """Create `offered`, and `offered_failures`: what each would break if it stood alone."""
    build_facts(con, as_of, policy)
    unknown = Scenario.NURTURE if state == CustomerState.PROSPECT else Scenario.CROSS_SELL
    values: Mapping[str, object] = {
        "rebuy": Scenario.REBUY,
        "unknown": unknown,
        "listed": list(listed),
        "most": MOST_OFFERED,
    }
    con.execute(_OFFERED_SQL, values)
    load_items(con, "offered", "offered_items")
    scope = Scope(items="offered_items", as_of=as_of, policy=policy.audit, alone=True)
    collect_failures(con, counting_rules(policy.audit, Level.ITEM), scope, "offered_failures")


def _offers(con: DuckDBPyConnection, listed: Sequence[str], replaced: str) -> tuple[Offer, ...]:
    found = con.execute(
        _JUDGED_SQL,
        {
            "listed": list(listed),
            "replaced": replaced,
            "duplicate": RuleCode.RECENT_DUPLICATE,
            "codes": list(RULE_CODES),
        },
    ).fetchall()
    return tuple(
        Offer(
            product_key=key,
            name=name,
            family=family,
            price_cents=price,
            scenario=scenario,
            rules=tuple(rules),
            is_candidate=is_candidate,
        )
        for key, name, family, price, scenario, rules, is_candidate in found
    )
