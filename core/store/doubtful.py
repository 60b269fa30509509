"""Deliveries of which only an event, a webhook or a person can say whether they left."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.store.deliveries import DELIVERY_COLUMNS, DeliveryRow, as_delivery
from core.store.tenant import Transaction, as_moment

_CLEARED = "cleared"


@dataclass(frozen=True, kw_only=True)
class SeenEvent:
    """What Brevo knows of a message: any event of it proves that it was taken."""

    email_norm: str
    message_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Doubtful:
    """A delivery of which only an event can say whether it left."""

    row: DeliveryRow
    missed_at: datetime | None
    claimed_at: datetime | None


def load_doubtful(
    tx: Transaction, campaign_id: str, batch_no: int, states: Sequence[str]
) -> list[Doubtful]:
    """Return the deliveries of a batch that are in one of `states`, in their order."""
    rows = tx.rows(
        f"""
        SELECT {DELIVERY_COLUMNS}, missed_at, claimed_at
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND batch_no = :batch_no
            AND state {tx.among("states")}
        ORDER BY delivery_no
        """,
        campaign_id=campaign_id,
        batch_no=batch_no,
        states=tx.list_of(list(states)),
    )
    return [
        Doubtful(
            missed_at=as_moment(row.pop("missed_at")),
            claimed_at=as_moment(row.pop("claimed_at")),
            row=as_delivery(row),
        )
        for row in rows
    ]


def doubtful_batches(tx: Transaction, campaign_id: str, states: Sequence[str]) -> list[int]:
    """Return the batches that have a delivery in one of `states`, never missed ones first.

    Those that wait for a person alone come last: they are looked for again at every reading.
    """
    rows = tx.rows(
        f"""
        SELECT batch_no, min(
            CASE WHEN state = 'REVIEW' THEN 'z' ELSE coalesce(CAST(missed_at AS TEXT), '') END
        ) AS looked_at
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state {tx.among("states")}
        GROUP BY batch_no
        ORDER BY looked_at, batch_no
        """,
        campaign_id=campaign_id,
        states=tx.list_of(list(states)),
    )
    return [int(row["batch_no"]) for row in rows]


def cleared_entry(batch_no: int, epoch: int) -> dict[str, object]:
    """Return the line of the journal by which a batch needs no further reading after a restore."""
    return {"event": _CLEARED, "batch_no": batch_no, "detail": {"epoch": epoch}}


def cleared_batches(tx: Transaction, campaign_id: str, epoch: int) -> frozenset[int]:
    """Return the batches whose two readings after the restore `epoch` are done."""
    rows = tx.rows(
        """
        SELECT batch_no FROM brevo_logs
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND event = :event
            AND delivery_no IS NULL AND detail_json = :detail
        """,
        campaign_id=campaign_id,
        event=_CLEARED,
        detail=json.dumps({"epoch": epoch}),
    )
    return frozenset(int(row["batch_no"]) for row in rows)


def unsure_campaigns(
    tx: Transaction, claimed_before: datetime, missed_before: datetime
) -> list[str]:
    """Return the campaigns whose events may settle something: read never, or long enough ago."""
    rows = tx.rows(
        """
        SELECT campaign_id FROM campaign
        WHERE tenant_id = :tenant AND mode = 'live' AND EXISTS (
            SELECT 1 FROM delivery
            WHERE delivery.tenant_id = campaign.tenant_id
                AND delivery.campaign_id = campaign.campaign_id AND delivery.state = 'UNCONFIRMED'
                AND (missed_at <= :missed_before
                    OR (missed_at IS NULL AND claimed_at <= :claimed_before))
        )
        """,
        claimed_before=claimed_before,
        missed_before=missed_before,
    )
    return sorted(str(row["campaign_id"]) for row in rows)


def unasked_campaigns(tx: Transaction, claimed_before: datetime) -> list[str]:
    """Return the campaigns with a message that nobody could ask about since then."""
    rows = tx.rows(
        """
        SELECT campaign_id FROM campaign
        WHERE tenant_id = :tenant AND mode = 'live' AND EXISTS (
            SELECT 1 FROM delivery
            WHERE delivery.tenant_id = campaign.tenant_id
                AND delivery.campaign_id = campaign.campaign_id AND delivery.state = 'UNCONFIRMED'
                AND claimed_at <= :claimed_before
        )
        """,
        claimed_before=claimed_before,
    )
    return sorted(str(row["campaign_id"]) for row in rows)


def load_unasked(
    tx: Transaction, campaign_id: str, claimed_before: datetime, limit: int
) -> list[DeliveryRow]:
    """Return unconfirmed deliveries of a campaign that were claimed by then, in their order."""
    rows = tx.rows(
        f"""
        SELECT {DELIVERY_COLUMNS}
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = 'UNCONFIRMED'
            AND claimed_at <= :claimed_before
        ORDER BY delivery_no LIMIT :limit
        """,
        campaign_id=campaign_id,
        claimed_before=claimed_before,
        limit=limit,
    )
    return [as_delivery(row) for row in rows]


def newest_unasked(tx: Transaction, campaign_id: str) -> datetime | None:
    """Return when the last of a campaign's unconfirmed deliveries was claimed, None without any."""
    newest = tx.scalar(
        """
        SELECT max(claimed_at) FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = 'UNCONFIRMED'
        """,
        campaign_id=campaign_id,
    )
    return as_moment(newest)


def move_doubtful(
    tx: Transaction,
    campaign_id: str,
    row: DeliveryRow,
    after: str,
    *,
    error_code: str | None = None,
    event: SeenEvent | None = None,
    proof: str | None = None,
) -> bool:
    """Move a delivery that is still as it was read; False when it went on since."""
    return bool(
        tx.execute(
            """
            UPDATE delivery
            SET state = :after, proof = :proof, error_code = :error_code, missed_at = NULL,
                claimed_at = coalesce(claimed_at, :sent_at),
                message_id = coalesce(:message_id, message_id)
            WHERE tenant_id = :tenant AND campaign_id = :campaign_id
                AND email_norm = :email_norm AND mode = 'live' AND state = :before
                AND key_no = :key_no
            """,
            campaign_id=campaign_id,
            email_norm=row.email_norm,
            before=row.state,
            key_no=row.key_no,
            after=after,
            error_code=error_code,
            proof=proof,
            message_id=event.message_id if event else None,
            sent_at=event.at if event else None,
        )
    )


def note_missed(tx: Transaction, campaign_id: str, row: DeliveryRow, now: datetime) -> None:
    """Remember when the events were first read without finding a delivery."""
    tx.execute(
        """
        UPDATE delivery SET missed_at = coalesce(missed_at, :now)
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND email_norm = :email_norm
        """,
        campaign_id=campaign_id,
        email_norm=row.email_norm,
        now=now,
    )


def find_numbered(tx: Transaction, campaign_id: str, delivery_no: int) -> DeliveryRow | None:
    """Return the delivery of a campaign that has this number, or None."""
    row = tx.row(
        f"""
        SELECT {DELIVERY_COLUMNS}
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no = :delivery_no
        """,
        campaign_id=campaign_id,
        delivery_no=delivery_no,
    )
    return None if row is None else as_delivery(row)
