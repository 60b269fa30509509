"""What a run counts for the page Insights, while all lines and facts are at hand."""

from typing import Any

from duckdb import DuckDBPyConnection

from core.policy import Policy
from core.reco.history import History
from core.services.insight_counts import SEGMENTS_BEFORE, compute_insights, compute_moves
from core.services.run_summary import canonical_json
from core.store.run_insights import fetch_segments, store_insights
from core.store.runs import Run, load_runs
from core.store.tenant import TenantStore

RFM, COHORTS, MONTHS, MOVEMENT = "rfm", "cohorts", "months", "movement"


def keep_insights(
    store: TenantStore, run: Run, con: DuckDBPyConnection, history: History, policy: Policy
) -> None:
    """Count what Insights shows, of all customers, and store it under the run, still unseen."""
    figures = compute_insights(con, history, run.as_of, policy.rfm_months)
    figures[MOVEMENT] = _movement(store, run, con)
    told = {name: canonical_json(found) for name, found in figures.items()}
    store_insights(store, run.run_id, told)


def _movement(store: TenantStore, run: Run, con: DuckDBPyConnection) -> dict[str, Any]:
    """Return how customers moved since the run before, whose id is None where there is none."""
    with store.read() as tx:
        before = next(iter(load_runs(tx, limit=1, done_only=True, up_to=run)), None)
        if before is None:
            return {"before": None, "as_of": None, "moves": []}
        fetch_segments(tx, con, before.run_id, SEGMENTS_BEFORE)
    moves = compute_moves(con)
    con.execute(f"DROP TABLE {SEGMENTS_BEFORE}")
    return {"before": before.run_id, "as_of": before.as_of.isoformat(), "moves": moves}
