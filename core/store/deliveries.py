"""The recipients' rows of a campaign, their moves, and the contact events they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """One recipient's row."""

    delivery_no: int
    batch_no: int
    email_norm: str
    customer: str
    state: str
    payload: str
    payload_sha256: str
    not_after: datetime
    key: str | None = None
    key_no: int = 0
    error_code: str | None = None


DELIVERY_COLUMNS = ", ".join(field.name for field in fields(DeliveryRow))


@dataclass(frozen=True, kw_only=True)
class DeliveryMove:
    """A delivery's next state with what belongs to it."""

    email_norm: str
    before: str
    after: str
    key: str | None = None
    key_no: int = 0
    claimed_at: datetime | None = None
    proof: str | None = None
    error_code: str | None = None


def store_deliveries(
    tx: Transaction, campaign_id: str, mode: str, deliveries: Sequence[DeliveryRow]
) -> None:
    """Enter the recipients' rows of a campaign."""
    tx.execute_many(
        """
        INSERT INTO delivery (
            tenant_id, campaign_id, email_norm, mode, delivery_no, batch_no, customer, state,
            key_no, ambiguous, payload, payload_sha256, not_after
        )
        VALUES (
            :tenant, :campaign_id, :email_norm, :mode, :delivery_no, :batch_no, :customer, :state,
            0, 0, :payload, :payload_sha256, :not_after
        )
        """,
        [{**vars(row), "campaign_id": campaign_id, "mode": mode} for row in deliveries],
    )


def load_deliveries(
    tx: Transaction, campaign_id: str, *, state: str | None = None, limit: int, offset: int = 0
) -> list[DeliveryRow]:
    """Return a campaign's deliveries in their order, of one state or of all."""
    chosen = "" if state is None else "AND state = :state"
    rows = tx.rows(
        f"""
        SELECT {DELIVERY_COLUMNS}
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id {chosen}
        ORDER BY delivery_no LIMIT :limit OFFSET :offset
        """,
        campaign_id=campaign_id,
        limit=limit,
        offset=offset,
        **({} if state is None else {"state": state}),
    )
    return [as_delivery(row) for row in rows]


def has_deliveries(tx: Transaction, campaign_id: str, state: str) -> bool:
    """Tell whether a campaign has a delivery in this state."""
    return bool(load_deliveries(tx, campaign_id, state=state, limit=1))


def as_delivery(row: Mapping[str, Any]) -> DeliveryRow:
    """Return a stored row of the fields of `DeliveryRow`."""
    not_after = as_moment(row["not_after"])
    assert not_after is not None
    key = None if row["key"] is None else str(row["key"])
    return DeliveryRow(**{**row, "not_after": not_after, "key": key})


def move_deliveries(tx: Transaction, campaign_id: str, moves: Sequence[DeliveryMove]) -> None:
    """Move deliveries, each only from the state it is known to be in.

    What a move leaves blank (key, time of claim) stays as it is, proof and error are replaced.
    """
    # Both modes are named for SQLite to search by the address: it would go through the state.
    tx.execute_many(
        """
        UPDATE delivery
        SET state = :after, proof = :proof, error_code = :error_code, key_no = :key_no,
            key = coalesce(:key, key), claimed_at = coalesce(:claimed_at, claimed_at),
            ambiguous = 0, missed_at = NULL
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
            AND email_norm = :email_norm AND mode IN ('dry', 'live') AND state = :before
        """,
        [{**vars(move), "campaign_id": campaign_id} for move in moves],
    )


def move_all_deliveries(
    tx: Transaction, campaign_id: str, before: str, after: str, *, error_code: str | None = None
) -> int:
    """Move every delivery of one state; return how many there were."""
    return tx.execute(
        """
        UPDATE delivery SET state = :after, error_code = :error_code
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = :before
        """,
        campaign_id=campaign_id,
        before=before,
        after=after,
        error_code=error_code,
    )


def store_contacts(
    tx: Transaction,
    campaign_id: str,
    deliveries: Sequence[DeliveryRow],
    *,
    status: str,
    channel: str,
    day: date,
) -> None:
    """Enter one contact event per delivery; a second one of a delivery is an error.

    Campaigns write no file: their events stand outside the versions of imports, visible at
    every head.
    """
    tx.execute_many(
        """
        INSERT INTO contact_history (
            tenant_id, event_key, from_seq, file_id, customer, email_norm, contact_date, status,
            channel, campaign
        )
        VALUES (
            :tenant, :event_key, 0, 0, :customer, :email_norm, :day, :status, :channel,
            :campaign_id
        )
        """,
        [
            {
                "event_key": f"campaign:{campaign_id}:{delivery.delivery_no}:{status}",
                "customer": delivery.customer,
                "email_norm": delivery.email_norm,
                "day": day,
                "status": status,
                "channel": channel,
                "campaign_id": campaign_id,
            }
            for delivery in deliveries
        ],
    )


def find_delivery(
    tx: Transaction, campaign_id: str, email_norm: str, mode: str
) -> DeliveryRow | None:
    """Return the delivery of this campaign to this address, or None."""
    row = tx.row(
        f"""
        SELECT {DELIVERY_COLUMNS} FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
            AND email_norm = :email_norm AND mode = :mode
        """,
        campaign_id=campaign_id,
        email_norm=email_norm,
        mode=mode,
    )
    return None if row is None else as_delivery(row)
