"""Tokens that programs call the HTTP API with: each opens one tenant, stored as hashes only."""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
from core.store.tenant import Tenant, Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class ApiTokenRow:
    """A token that was given out; `used_at` is the last use to about an hour."""

    token_id: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


_COLUMNS = """
    token.token_id, token.name AS token_name, token.role, token.created_at, token.expires_at,
    token.revoked_at, token.used_at
"""


def store_token(tx: Transaction, tenant_id: str, token_sha256: str, row: ApiTokenRow) -> None:
    """Keep a new token by its hash."""
    tx.execute(
        """
        INSERT INTO identity.api_token (
            token_sha256, token_id, tenant_id, name, role, created_at, expires_at
        )
        VALUES (:token_sha256, :token_id, :tenant_id, :name, :role, :created_at, :expires_at)
        """,
        token_sha256=token_sha256,
        token_id=row.token_id,
        tenant_id=tenant_id,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def revoke_token(tx: Transaction, tenant_id: str, token_id: str, now: datetime) -> bool:
    """Refuse a token from now on; return False when the tenant has none such that is good."""
    return bool(
        tx.execute(
            """
            UPDATE identity.api_token SET revoked_at = :now
            WHERE tenant_id = :tenant_id AND token_id = :token_id AND revoked_at IS NULL
            """,
            tenant_id=tenant_id,
            token_id=token_id,
            now=now,
        )
    )


def load_tokens(tx: Transaction, tenant_id: str) -> list[ApiTokenRow]:
    """Return the tokens of a tenant, the newest first."""
    rows = tx.rows(
        f"""
        SELECT {_COLUMNS}
        FROM identity.api_token AS token
        WHERE token.tenant_id = :tenant_id
        ORDER BY token.created_at DESC, token.token_id
        """,
        tenant_id=tenant_id,
    )
    return [_as_token(row) for row in rows]


def find_token(tx: Transaction, token_sha256: str) -> tuple[ApiTokenRow, Tenant] | None:
    """Return the token of a hash with its tenant, expired and revoked ones too, or None."""
    row = tx.row(
        f"""
        SELECT {_COLUMNS}, {TENANT_COLUMNS}
        FROM identity.api_token AS token
        JOIN identity.tenant AS tenant ON tenant.tenant_id = token.tenant_id
        WHERE token.token_sha256 = :token_sha256
        """,
        token_sha256=token_sha256,
    )
    return None if row is None else (_as_token(row), as_tenant(row))


def find_good_role(tx: Transaction, token_id: str, tenant_id: str, now: datetime) -> str | None:
    """Return the role of a tenant's token, None for one that is unknown, revoked or expired."""
    role = tx.scalar(
        """
        SELECT role FROM identity.api_token
        WHERE tenant_id = :tenant_id AND token_id = :token_id AND revoked_at IS NULL
            AND coalesce(expires_at > :now, TRUE)
        """,
        tenant_id=tenant_id,
        token_id=token_id,
        now=now,
    )
    return None if role is None else str(role)


def touch_token(tx: Transaction, tenant_id: str, token_id: str, now: datetime) -> None:
    """Note that a token was used."""
    tx.execute(
        """
        UPDATE identity.api_token SET used_at = :now
        WHERE tenant_id = :tenant_id AND token_id = :token_id
        """,
        tenant_id=tenant_id,
        token_id=token_id,
        now=now,
    )


def _as_token(row: dict[str, object]) -> ApiTokenRow:
    created_at = as_moment(row["created_at"])
    assert created_at is not None
    return ApiTokenRow(
        token_id=str(row["token_id"]),
        name=str(row["token_name"]),
        role=str(row["role"]),
        created_at=created_at,
        expires_at=as_moment(row["expires_at"]),
        revoked_at=as_moment(row["revoked_at"]),
        used_at=as_moment(row["used_at"]),
    )
