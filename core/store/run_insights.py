"""What a run keeps of all customers together (`run_insight`), by name, as JSON."""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.tenant import TenantStore, Transaction

_SEGMENTS = """
SELECT customer, segment FROM next_action_output
WHERE tenant_id = :tenant AND run_id = :run_id AND since_review = 0
"""
_STORE = """
INSERT INTO run_insight (tenant_id, run_id, name, figures_json)
VALUES (:tenant, :run_id, :name, :figures_json)
"""
_FIND = """
SELECT figures_json FROM run_insight
WHERE tenant_id = :tenant AND run_id = :run_id AND name = :name
"""
_DELETE = "DELETE FROM run_insight WHERE tenant_id = :tenant AND run_id = :run_id"


def store_insights(store: TenantStore, run_id: str, figures: Mapping[str, str]) -> None:
    """Store the figures of a run that is not done yet, JSON by name, still unseen."""
    rows = [{"run_id": run_id, "name": n, "figures_json": told} for n, told in figures.items()]
    with store.begin() as tx:
        tx.execute_many(_STORE, rows)


def delete_insights(tx: Transaction, run_id: str) -> None:
    """Remove what a run that is not done has stored."""
    tx.execute(_DELETE, run_id=run_id)


def find_insight(tx: Transaction, run_id: str, name: str) -> str | None:
    """Return the figures of this name that a run keeps, None of a run that counted none."""
    found = tx.row(_FIND, run_id=run_id, name=name)
    return None if found is None else str(found["figures_json"])


def fetch_segments(tx: Transaction, con: DuckDBPyConnection, run_id: str, table: str) -> None:
    """Create `table` of the customers of a run and their segments, as it left them."""
    types = {"customer": "VARCHAR", "segment": "VARCHAR"}
    fetch_table(tx, con, table, types, _SEGMENTS, run_id=run_id)
