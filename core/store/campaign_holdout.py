"""Who was held out of a campaign."""

from collections.abc import Sequence

from core.store.tenant import Transaction


def store_holdout(tx: Transaction, campaign_id: str, held_out: Sequence[tuple[str, str]]) -> None:
    """Enter the customers, each with her segment, whom a campaign does not write to."""
    tx.execute_many(
        """
        INSERT INTO campaign_holdout (tenant_id, campaign_id, customer, segment)
        VALUES (:tenant, :campaign_id, :customer, :segment)
        """,
        [
            {"campaign_id": campaign_id, "customer": customer, "segment": segment}
            for customer, segment in held_out
        ],
    )
