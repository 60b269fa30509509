"""How fast a campaign was sent, read from its journal."""

from datetime import datetime
from statistics import median

from core.store.tenant import Transaction, as_moment

_LEAST = 50
"""Messages of a batch below which its pace says little."""
_LINES = 5_000

_BATCHES = """
SELECT batch_no, count(*) AS messages, min(created_at) AS first_at, max(created_at) AS last_at
FROM brevo_logs
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND log_no <= :lines AND event = 'sent'
GROUP BY batch_no
HAVING count(*) >= :least
"""


def load_pace(tx: Transaction, campaign_id: str) -> float | None:
    """Return the seconds that one message took, None when too few tell.

    The median over the first batches, so that a pause in one of them does not count.
    """
    rows = tx.rows(_BATCHES, campaign_id=campaign_id, lines=_LINES, least=_LEAST)
    paces = [
        (_moment(row["last_at"]) - _moment(row["first_at"])).total_seconds() / row["messages"]
        for row in rows
    ]
    return median(paces) if paces else None


def _moment(value: object) -> datetime:
    moment = as_moment(value)
    assert moment is not None
    return moment
