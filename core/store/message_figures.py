"""How many messages stand how, and who works: figures of the whole instance."""

from collections.abc import Mapping
from datetime import datetime

from core.store.tenant import Store, Transaction, as_moment

# By the index of states, whose rows know no mode: that is the campaign's.
_MESSAGES = """
SELECT c.mode, d.state, count(*) AS messages
FROM campaign AS c
JOIN delivery AS d ON d.tenant_id = c.tenant_id AND d.campaign_id = c.campaign_id
WHERE c.tenant_id = :tenant AND d.tenant_id = :tenant
GROUP BY c.mode, d.state
"""


def count_messages(tx: Transaction) -> Mapping[tuple[str, str], int]:
    """Return the number of a tenant's messages by mode and state."""
    return {(row["mode"], row["state"]): int(row["messages"]) for row in tx.rows(_MESSAGES)}


def last_beats(store: Store, since: datetime) -> Mapping[str, datetime]:
    """Return when each worker was seen last, of those seen after `since`."""
    with store.identity() as tx:
        rows = tx.rows(
            "SELECT worker_id, seen_at FROM identity.worker_heartbeat WHERE seen_at > :since",
            since=since,
        )
    return {row["worker_id"]: seen for row in rows if (seen := as_moment(row["seen_at"]))}
