"""The frozen audience and template of a campaign, and what became of its deliveries."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.store.tenant import Transaction


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What a campaign planned and the number of its deliveries in each state, read at once."""

    planned: int
    shared: int
    held_out: int
    states: Mapping[str, int]


def load_audience(tx: Transaction, campaign_id: str) -> dict[str, Any]:
    """Return the frozen audience of a campaign as it was stored."""
    stored = tx.scalar(
        """
        SELECT audience_json FROM campaign
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
    )
    found: dict[str, Any] = json.loads(stored or "{}")
    return found


def load_template(tx: Transaction, campaign_id: str) -> dict[str, Any] | None:
    """Return what the template of a campaign at Brevo said when it was prepared, or None."""
    stored = tx.scalar(
        """
        SELECT template_json FROM campaign
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
    )
    found: dict[str, Any] | None = None if stored is None else json.loads(stored)
    return found


def load_journal(tx: Transaction, campaign_id: str) -> Journal:
    """Return the plan and the states of a campaign's deliveries by one statement.

    The plan is read first: else SQLite parses the audience for every delivery. The states are
    counted before they are joined to it: from an index in its order, in a quarter of the time.
    """
    planned, shared, held_out = (
        f"CAST(audience_json ->> '{name}' AS INTEGER)"
        if tx.is_sqlite
        else f"CAST(CAST(audience_json AS JSON) ->> '{name}' AS INTEGER)"
        for name in ("planned", "shared", "held_out")
    )
    rows = tx.rows(
        f"""
        WITH plan AS MATERIALIZED (
            SELECT {planned} AS planned, {shared} AS shared, {held_out} AS held_out
            FROM campaign WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        ),
        counted AS MATERIALIZED (
            SELECT state, count(*) AS rows_in FROM delivery
            WHERE tenant_id = :tenant AND campaign_id = :campaign_id
            GROUP BY state
        )
        SELECT plan.planned, plan.shared, plan.held_out, counted.state, counted.rows_in
        FROM plan LEFT JOIN counted ON true
        """,
        campaign_id=campaign_id,
    )
    return Journal(
        planned=rows[0]["planned"] or 0,
        shared=rows[0]["shared"] or 0,
        held_out=rows[0]["held_out"] or 0,
        states={row["state"]: row["rows_in"] for row in rows if row["state"] is not None},
    )
