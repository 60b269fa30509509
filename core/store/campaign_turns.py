"""How far a campaign is let go: a program asks for one batch after the other."""

from core.store.deliveries import load_deliveries
from core.store.tenant import Transaction


def store_last_batch(tx: Transaction, campaign_id: str, batch_no: int | None) -> None:
    """Let a campaign go up to this batch, or as far as there are any."""
    tx.execute(
        "UPDATE campaign SET last_batch = :batch_no"
        " WHERE tenant_id = :tenant AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
        batch_no=batch_no,
    )


def find_last_batch(tx: Transaction, campaign_id: str) -> int | None:
    """Return the batch up to which a campaign is let go, None for all of them."""
    found = tx.scalar(
        "SELECT last_batch FROM campaign WHERE tenant_id = :tenant AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
    )
    return None if found is None else int(found)


def find_next_batch(tx: Transaction, campaign_id: str) -> int | None:
    """Return the batch of the first delivery that is planned or claimed, None without one."""
    first = [
        row.batch_no
        for state in ("PLANNED", "CLAIMED")
        for row in load_deliveries(tx, campaign_id, state=state, limit=1)
    ]
    return min(first, default=None)
