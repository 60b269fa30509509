"""What Brevo told of messages (`brevo_event`), once each, and what it proves of a delivery."""

from dataclasses import asdict, dataclass
from datetime import datetime

from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class BrevoEvent:
    """One event; without a delivery it speaks of the address alone."""

    event_key: str
    campaign_id: str | None
    delivery_no: int | None
    message_id: str | None
    email_norm: str
    event: str
    at: datetime


def store_event(tx: Transaction, event: BrevoEvent, received_at: datetime) -> bool:
    """Enter an event; return False when it is known already."""
    return bool(
        tx.execute(
            """
            INSERT INTO brevo_event (
                tenant_id, event_key, campaign_id, delivery_no, message_id, email_norm, event, at,
                received_at
            )
            VALUES (
                :tenant, :event_key, :campaign_id, :delivery_no, :message_id, :email_norm, :event,
                :at, :received_at
            )
            ON CONFLICT DO NOTHING
            """,
            **asdict(event),
            received_at=received_at,
        )
    )


def find_proof(tx: Transaction, campaign_id: str, delivery_no: int) -> str | None:
    """Return the message id under which Brevo accepted a delivery, as its events tell, or None.

    Brevo tells events only of messages it has accepted.
    """
    found = tx.scalar(
        """
        SELECT min(message_id) FROM brevo_event
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no = :delivery_no
        """,
        campaign_id=campaign_id,
        delivery_no=delivery_no,
    )
    return None if found is None else str(found)


def prove_sent(
    tx: Transaction,
    campaign_id: str,
    delivery_no: int,
    *,
    message_id: str,
    proof: str,
    at: datetime,
) -> datetime | None:
    """Set a live delivery of unknown outcome to SENT; return when it was claimed, else `at`.

    One that is planned was sent before a backup, or before a person ruled to send it again.

    None when it is in any other state: one in CLAIMED is in the hands of its sender, who asks
    `find_proof`.
    """
    row = tx.row(
        """
        UPDATE delivery
        SET state = 'SENT', proof = :proof, message_id = :message_id, error_code = NULL,
            missed_at = NULL, claimed_at = coalesce(claimed_at, :at)
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
            AND delivery_no = :delivery_no AND mode = 'live'
            AND state IN ('UNCONFIRMED', 'REVIEW', 'PLANNED')
        RETURNING claimed_at
        """,
        campaign_id=campaign_id,
        delivery_no=delivery_no,
        message_id=message_id,
        proof=proof,
        at=at,
    )
    return None if row is None else as_moment(row["claimed_at"]) or at
