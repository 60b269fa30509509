"""Who sends a campaign: one sender at a time, fenced by a number and by restores of the data."""

from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction

_EPOCH = "SELECT epoch FROM send_epoch WHERE tenant_id = :tenant"
_HOLD = "UPDATE send_epoch SET epoch = epoch WHERE tenant_id = :tenant"
_BEGIN = """
INSERT INTO send_epoch (tenant_id, epoch, raised_at, raised_by) VALUES (:tenant, 0, :now, '')
ON CONFLICT (tenant_id) DO NOTHING
"""
_RAISE = """
UPDATE send_epoch SET epoch = epoch + 1, raised_at = :now, raised_by = :by
WHERE tenant_id = :tenant
"""

# By the index of states: only these still wait for a reading.
_FORGET_READINGS = """
UPDATE delivery SET missed_at = NULL
WHERE tenant_id = :tenant AND campaign_id = :campaign_id
    AND state IN ('PLANNED', 'CLAIMED', 'UNCONFIRMED', 'REVIEW') AND missed_at IS NOT NULL
"""
_LIVE = """
SELECT campaign_id FROM campaign WHERE tenant_id = :tenant AND mode = 'live' ORDER BY campaign_id
"""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """Who lets a campaign go out, the number of recipients that was typed, and when it begins."""

    recipients: int
    username: str
    user_id: str
    at: datetime
    start_at: datetime | None = None


def current_epoch(tx: Transaction) -> int:
    """Return how often the tenant's data were brought back from a backup."""
    return int(tx.scalar(_EPOCH) or 0)


def raise_epoch(tx: Transaction, now: datetime, by: str) -> None:
    """Note that the tenant's data were brought back from a backup.

    What was looked for in the events before then may have been sent since: it is looked for anew.
    Locks are taken in the order of a claim, the epoch and then campaigns, and those by their ids.
    """
    tx.execute(_BEGIN, now=now)
    tx.execute(_RAISE, now=now, by=by)
    for row in tx.rows(_LIVE):
        hold_campaign(tx, row["campaign_id"])
        tx.execute(_FORGET_READINGS, campaign_id=row["campaign_id"])


def take_campaign(tx: Transaction, campaign_id: str, now: datetime) -> int:
    """Make the caller the campaign's sender, and return its number.

    Senders of earlier numbers claim nothing more.
    """
    tx.execute(_BEGIN, now=now)
    taken = tx.scalar(
        """
        UPDATE campaign SET sender_no = sender_no + 1
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        RETURNING sender_no
        """,
        campaign_id=campaign_id,
    )
    return int(taken)


def is_sender(tx: Transaction, campaign_id: str, sender_no: int) -> bool:
    """Tell whether nobody has become the campaign's sender since this one did."""
    newest = tx.scalar(
        "SELECT sender_no FROM campaign WHERE tenant_id = :tenant AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
    )
    return int(newest) == sender_no


def hold_campaign(tx: Transaction, campaign_id: str) -> None:
    """Let nobody else move a campaign or its deliveries until the transaction ends.

    Whoever changes deliveries holds the campaign first, so that no two wait for each other.
    """
    tx.execute(
        "UPDATE campaign SET state = state"
        " WHERE tenant_id = :tenant AND campaign_id = :campaign_id",
        campaign_id=campaign_id,
    )


def may_claim(tx: Transaction, campaign_id: str, sender_no: int, state: str) -> bool:
    """Tell whether this sender may claim: the campaign is in `state` and no restore holds it.

    A dry run sends nothing, so no restore holds it. Until the transaction ends no other claim of
    the tenant is made, so that two campaigns never claim one address in ignorance of each other.
    """
    tx.execute(_HOLD)
    touched = tx.execute(
        f"""
        UPDATE campaign SET state = state
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = :state
            AND sender_no = :sender_no
            AND (mode = 'dry' OR epoch = coalesce(({_EPOCH}), 0))
        """,
        campaign_id=campaign_id,
        sender_no=sender_no,
        state=state,
    )
    return touched == 1


def store_confirmation(tx: Transaction, campaign_id: str, confirmation: Confirmation) -> None:
    """Enter who lets a campaign go out."""
    tx.execute(
        """
        UPDATE campaign
        SET confirmed_recipients = :recipients, confirmed_by = :username,
            confirmed_user = :user_id, confirmed_at = :at, start_at = :start_at
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
        **vars(confirmation),
    )


def store_epoch(tx: Transaction, campaign_id: str, epoch: int) -> None:
    """Note that a campaign is reconciled with the restores of the data up to `epoch`."""
    tx.execute(
        """
        UPDATE campaign SET epoch = :epoch
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
        epoch=epoch,
    )
