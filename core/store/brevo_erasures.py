"""Contacts that Brevo has still to delete: their sealed addresses, tried again until it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Store, Tenant, Transaction

_KNOWS = (
    "SELECT 1 FROM contact_push WHERE tenant_id = :tenant AND email_norm = :address LIMIT 1",
    "SELECT 1 FROM customer WHERE tenant_id = :tenant AND email_norm = :address LIMIT 1",
)


@dataclass(frozen=True, kw_only=True)
class BrevoErasure:
    """One contact to be deleted."""

    erasure_id: str
    sealed: str


def ask_deletion(tx: Transaction, request_id: str, sealed: Mapping[str, str], now: datetime) -> int:
    """Enter sealed addresses by the ids of their deletions; return how many are new."""
    return sum(
        tx.execute(
            "INSERT INTO brevo_erasure (tenant_id, erasure_id, request_id, sealed, asked_at)"
            " VALUES (:tenant, :erasure_id, :request_id, :sealed, :now) ON CONFLICT DO NOTHING",
            erasure_id=erasure_id,
            request_id=request_id,
            sealed=text,
            now=now,
        )
        for erasure_id, text in sealed.items()
    )


def load_due(tx: Transaction, tried_before: datetime, limit: int) -> list[BrevoErasure]:
    """Return deletions that are not done and were not tried since, the oldest first."""
    rows = tx.rows(
        "SELECT erasure_id, sealed FROM brevo_erasure"
        " WHERE tenant_id = :tenant AND done_at IS NULL AND sealed IS NOT NULL"
        " AND (tried_at IS NULL OR tried_at < :before)"
        " ORDER BY asked_at, erasure_id LIMIT :limit",
        before=tried_before,
        limit=limit,
    )
    return [BrevoErasure(erasure_id=str(r["erasure_id"]), sealed=r["sealed"]) for r in rows]


def count_pending(tx: Transaction) -> int:
    """Return how many contacts Brevo has still to delete."""
    sql = "SELECT count(*) FROM brevo_erasure WHERE tenant_id = :tenant AND done_at IS NULL"
    return int(tx.scalar(sql))


def note_deleted(tx: Transaction, erasure_id: str, now: datetime) -> None:
    """Close a deletion; its address goes."""
    tx.execute(
        "UPDATE brevo_erasure SET done_at = :now, tried_at = :now, sealed = NULL,"
        " error_code = NULL WHERE tenant_id = :tenant AND erasure_id = :erasure_id",
        erasure_id=erasure_id,
        now=now,
    )


def note_failed(tx: Transaction, erasure_id: str, code: str, now: datetime) -> None:
    """Note that Brevo did not delete a contact, and by which error."""
    tx.execute(
        "UPDATE brevo_erasure SET tried_at = :now, error_code = :code"
        " WHERE tenant_id = :tenant AND erasure_id = :erasure_id",
        erasure_id=erasure_id,
        code=code,
        now=now,
    )


def others_know(store: Store, tenants: Sequence[Tenant], address: str) -> bool:
    """Tell whether one of these companies has an address, and nothing else about it.

    Companies of an instance share its account at Brevo, so a contact there may be several's.
    """
    for tenant in tenants:
        with store.tenant_store(tenant).read() as tx:
            if any(tx.scalar(sql, address=address) for sql in _KNOWS):
                return True
    return False
