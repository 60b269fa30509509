"""Secrets of the addresses that Brevo posts to: each opens one tenant, stored as hashes only."""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
from core.store.tenant import Tenant, Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class WebhookSecret:
    """A secret that was given out; the hash names it."""

    secret_sha256: str
    created_at: datetime
    revoked_at: datetime | None


def store_secret(tx: Transaction, tenant_id: str, secret_sha256: str, now: datetime) -> None:
    """Keep the hash of a new secret."""
    tx.execute(
        """
        INSERT INTO identity.webhook_secret (secret_sha256, tenant_id, created_at)
        VALUES (:secret_sha256, :tenant_id, :now)
        """,
        secret_sha256=secret_sha256,
        tenant_id=tenant_id,
        now=now,
    )


def revoke_secrets(
    tx: Transaction, tenant_id: str, now: datetime, *, beginning: str = "", but: str = ""
) -> int:
    """Revoke a tenant's secrets whose hash begins like this, but one; return how many."""
    return tx.execute(
        """
        UPDATE identity.webhook_secret
        SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND revoked_at IS NULL
            AND secret_sha256 LIKE :pattern AND secret_sha256 <> :but
        """,
        tenant_id=tenant_id,
        now=now,
        pattern=f"{beginning}%",
        but=but,
    )


def load_secrets(tx: Transaction, tenant_id: str) -> list[WebhookSecret]:
    """Return the secrets of a tenant, the newest first."""
    rows = tx.rows(
        """
        SELECT secret_sha256, created_at, revoked_at
        FROM identity.webhook_secret
        WHERE tenant_id = :tenant_id
        ORDER BY created_at DESC, secret_sha256
        """,
        tenant_id=tenant_id,
    )
    return [_secret(row) for row in rows]


def _secret(row: dict[str, object]) -> WebhookSecret:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    return WebhookSecret(
        secret_sha256=str(row["secret_sha256"]),
        created_at=created_at,
        revoked_at=as_moment(row["revoked_at"]),
    )


def find_secret(tx: Transaction, secret_sha256: str) -> tuple[str, Tenant] | None:
    """Return the stored hash and the tenant of an unrevoked secret, or None."""
    row = tx.row(
        f"""
        SELECT secret.secret_sha256, {TENANT_COLUMNS}
        FROM identity.webhook_secret AS secret
        JOIN identity.tenant AS tenant ON tenant.tenant_id = secret.tenant_id
        WHERE secret.secret_sha256 = :secret_sha256 AND secret.revoked_at IS NULL
        """,
        secret_sha256=secret_sha256,
    )
    return None if row is None else (str(row["secret_sha256"]), as_tenant(row))
