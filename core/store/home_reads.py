"""What the page Home counts: small tables, and searches of large ones by an index."""

from core.store.campaigns import CampaignRow, find_campaign
from core.store.dataset import head_of
from core.store.tenant import Transaction

_IN_FLIGHT = """
SELECT CAST(campaign_id AS TEXT) AS campaign_id FROM campaign
WHERE tenant_id = :tenant AND state IN ('PREPARED', 'SENDING', 'PAUSED')
ORDER BY created_at DESC, campaign_id LIMIT :limit
"""
_TO_REVIEW = """
SELECT CAST(campaign.campaign_id AS TEXT) AS campaign_id, (
    SELECT count(*) FROM delivery
    WHERE delivery.tenant_id = :tenant
        AND delivery.campaign_id = campaign.campaign_id
        AND delivery.state = 'REVIEW'
) AS deliveries
FROM campaign
WHERE campaign.tenant_id = :tenant AND campaign.mode = 'live'
    AND campaign.state NOT IN ('PREPARING', 'CANCELLED')
ORDER BY campaign.created_at DESC, campaign.campaign_id LIMIT :limit
"""
_MONTHS = """
SELECT month, row_count FROM month_total
WHERE tenant_id = :tenant AND seq = :seq AND kind = 'sales' ORDER BY month DESC LIMIT :limit
"""


def count_imports_by_state(tx: Transaction) -> dict[str, int]:
    """Return how many imports are in each state, releases and corrections included."""
    rows = tx.rows(
        "SELECT status, count(*) AS imports FROM imports WHERE tenant_id = :tenant GROUP BY status"
    )
    return {row["status"]: int(row["imports"]) for row in rows}


def load_sales_by_month(tx: Transaction, limit: int) -> list[tuple[str, int]]:
    """Return the newest months (`2026-03`) with their sale lines, the oldest first.

    They are the totals that the last load kept; a month without lines is left out.
    """
    rows = tx.rows(_MONTHS, seq=head_of(tx), limit=limit)
    return [(row["month"], int(row["row_count"])) for row in reversed(rows)]


def count_decisions(tx: Transaction) -> int:
    """Return how many decisions reviews hold, withdrawn ones included."""
    return int(tx.scalar("SELECT count(*) FROM review_decision WHERE tenant_id = :tenant") or 0)


def load_in_flight(tx: Transaction, limit: int) -> list[CampaignRow]:
    """Return the newest campaigns that are prepared, under way or paused."""
    rows = tx.rows(_IN_FLIGHT, limit=limit)
    found = [find_campaign(tx, row["campaign_id"]) for row in rows]
    return [campaign for campaign in found if campaign is not None]


def count_to_review(tx: Transaction, limit: int) -> dict[str, int]:
    """Return the deliveries in REVIEW of each of the newest live campaigns that has any."""
    rows = tx.rows(_TO_REVIEW, limit=limit)
    return {row["campaign_id"]: int(row["deliveries"]) for row in rows if row["deliveries"]}
