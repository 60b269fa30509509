"""Readings of Brevo's events, counted because it allows few of them in an hour."""

from datetime import datetime, timedelta

from core.store.tenant import Transaction

READS_IN_AN_HOUR = 60
_HOUR = timedelta(hours=1)


def reserve_read(tx: Transaction, now: datetime) -> bool:
    """Count a reading; False, and nothing counted, when the hour's are used up.

    False also to who counts one at the same moment as another: it may be made later.
    """
    if not reads_left(tx, now):
        return False
    tx.execute(
        "DELETE FROM event_read WHERE tenant_id = :tenant AND read_at <= :since",
        since=now - _HOUR,
    )
    made = tx.execute(
        """
        INSERT INTO event_read (tenant_id, read_no, read_at)
        SELECT :tenant, coalesce(max(read_no), 0) + 1, :now
        FROM event_read WHERE tenant_id = :tenant
        ON CONFLICT DO NOTHING
        """,
        now=now,
    )
    return made == 1


def reads_left(tx: Transaction, now: datetime) -> int:
    """Return how many readings the hour still permits."""
    made = tx.scalar(
        "SELECT count(*) FROM event_read WHERE tenant_id = :tenant AND read_at > :since",
        since=now - _HOUR,
    )
    return max(0, READS_IN_AN_HOUR - int(made))
