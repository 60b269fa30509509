"""From facts to every customer's pool of candidates, in the order the list is filled."""

from datetime import date

from duckdb import DuckDBPyConnection

from core.contracts import Scenario
from core.policy import CUSTOMER_STATES, Policy
from core.reco.affinity import build_affinities
from core.reco.explain import explain_pool
from core.reco.scenarios import build_scenario_candidates
from core.reco.scoring import score_candidates
from core.reco.selection import Candidates, order_candidates
from core.reco.tables import create_table, create_table_from_arrays, fetch_arrays
from core.reco.timing import build_purchase_timing


def _numbers(column: str, names: tuple[str, ...]) -> str:
    tests = " ".join(f"WHEN '{name}' THEN {number}" for number, name in enumerate(names))
    return f"CASE {column} {tests} END"


# An unknown family is its own: one number per chain.
CANDIDATE_NUMBERS = f"""
SELECT
    customer_no AS customer,
    {_numbers("state", CUSTOMER_STATES)} AS state,
    {_numbers("scenario", tuple(str(s) for s in Scenario))} AS scenario,
    dense_rank() OVER (ORDER BY customer_no, chain) - 1 AS chain,
    dense_rank() OVER (
        ORDER BY customer_no, scored.family, CASE WHEN scored.family IS NULL THEN chain END
    ) - 1 AS family
FROM scored_candidates AS scored
JOIN customer_facts USING (customer)
ORDER BY row_no
"""

POOL = """
SELECT scored.*, position::INTEGER AS position
FROM pool_rows
JOIN scored_candidates AS scored USING (row_no)
"""


def rank_candidates(
    con: DuckDBPyConnection, as_of: date, policy: Policy, language_of_tenant: str
) -> None:
    """Create `candidates`, every customer's pool in the order her list is filled.

    Needs the tables of `features.build_facts`. Columns: customer, position (from 1), product_key,
    scenario, score (rounded to 6), explain_short (in `language_of_tenant`), reasons_json. No
    product or vintage chain comes twice; at most `policy.pool_size` rows per customer. Total
    order of ties: score, then popularity, both descending, then product_key bytewise.
    """
    build_purchase_timing(con, as_of, policy)
    build_affinities(con, as_of, policy)
    build_scenario_candidates(con, as_of, policy)
    score_candidates(con, as_of, policy)
    _build_pool(con, policy)
    explain_pool(con, as_of, language_of_tenant)


def _build_pool(con: DuckDBPyConnection, policy: Policy) -> None:
    numbers = fetch_arrays(con, CANDIDATE_NUMBERS)
    rows, position = order_candidates(Candidates(**numbers), CUSTOMER_STATES, policy)
    create_table_from_arrays(con, "pool_rows", {"row_no": rows, "position": position})
    create_table(con, "pool", POOL)
