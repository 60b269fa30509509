"""Rows of signing in: tries, one-time tickets, sessions.

Tickets, session tokens and client addresses are stored as hashes only.
"""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant, new_id
from core.store.tenant import Tenant, Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session that is not revoked, with its user's role in its tenant as of now."""

    user_id: str
    username: str
    language: str | None
    is_demo: bool
    role: str
    tenant: Tenant
    created_at: datetime
    seen_at: datetime


def store_try(
    tx: Transaction, *, username_sha256: str, client_sha256: str, tried_at: datetime
) -> str:
    """Record one sign-in try as failed until told otherwise; return its id."""
    attempt_id = new_id()
    tx.execute(
        """
        INSERT INTO identity.sign_in_attempt (
            attempt_id, username_sha256, client_sha256, tried_at, succeeded
        )
        VALUES (:attempt_id, :username_sha256, :client_sha256, :tried_at, :succeeded)
        """,
        attempt_id=attempt_id,
        username_sha256=username_sha256,
        client_sha256=client_sha256,
        tried_at=tried_at,
        succeeded=False,
    )
    return attempt_id


def mark_success(tx: Transaction, attempt_id: str) -> None:
    """Turn a recorded try into a success, which no limit counts."""
    tx.execute(
        "UPDATE identity.sign_in_attempt SET succeeded = :yes WHERE attempt_id = :attempt_id",
        yes=True,
        attempt_id=attempt_id,
    )


def lock_tries(tx: Transaction) -> None:
    """Let one sign-in at a time count the tries (SQLite: a writer is alone already)."""
    if not tx.is_sqlite:
        tx.execute("LOCK TABLE identity.sign_in_attempt IN SHARE ROW EXCLUSIVE MODE")


def count_failures(
    tx: Transaction, *, username_sha256: str, client_sha256: str, since: datetime
) -> tuple[int, int]:
    """Return the failed tries after `since` of (this account, this client address)."""
    row = tx.row(
        """
        SELECT
            sum(CASE WHEN username_sha256 = :username_sha256 THEN 1 ELSE 0 END) AS of_account,
            sum(CASE WHEN client_sha256 = :client_sha256 THEN 1 ELSE 0 END) AS of_client
        FROM identity.sign_in_attempt
        WHERE tried_at > :since
            AND succeeded = :no
            AND (username_sha256 = :username_sha256 OR client_sha256 = :client_sha256)
        """,
        username_sha256=username_sha256,
        client_sha256=client_sha256,
        since=since,
        no=False,
    )
    assert row is not None
    return int(row["of_account"] or 0), int(row["of_client"] or 0)


def store_ticket(
    tx: Transaction, *, ticket_sha256: str, user_id: str, tenant_id: str, expires_at: datetime
) -> None:
    """Keep a one-time ticket."""
    tx.execute(
        """
        INSERT INTO identity.login_ticket (ticket_sha256, user_id, tenant_id, expires_at)
        VALUES (:ticket_sha256, :user_id, :tenant_id, :expires_at)
        """,
        ticket_sha256=ticket_sha256,
        user_id=user_id,
        tenant_id=tenant_id,
        expires_at=expires_at,
    )


def take_ticket(tx: Transaction, ticket_sha256: str, now: datetime) -> tuple[str, str] | None:
    """Remove a ticket and return its (user id, tenant id); None when unknown, used or expired."""
    row = tx.row(
        """
        DELETE FROM identity.login_ticket
        WHERE ticket_sha256 = :ticket_sha256
        RETURNING user_id, tenant_id, expires_at
        """,
        ticket_sha256=ticket_sha256,
    )
    if row is None:
        return None
    expires_at = as_moment(row["expires_at"])
    assert expires_at is not None
    return (str(row["user_id"]), str(row["tenant_id"])) if now < expires_at else None


def store_session(
    tx: Transaction, *, token_sha256: str, user_id: str, tenant_id: str, now: datetime
) -> None:
    """Open a session."""
    tx.execute(
        """
        INSERT INTO identity.session (token_sha256, user_id, tenant_id, created_at, seen_at)
        VALUES (:token_sha256, :user_id, :tenant_id, :now, :now)
        """,
        token_sha256=token_sha256,
        user_id=user_id,
        tenant_id=tenant_id,
        now=now,
    )


_FIND_SESSION = f"""
    SELECT
        session.created_at, session.seen_at, app_user.user_id, app_user.username,
        app_user.language AS user_language, app_user.is_demo, membership.role, {TENANT_COLUMNS}
    FROM identity.session AS session
    JOIN identity.app_user AS app_user ON app_user.user_id = session.user_id
    JOIN identity.membership AS membership
        ON membership.user_id = session.user_id AND membership.tenant_id = session.tenant_id
    JOIN identity.tenant AS tenant ON tenant.tenant_id = session.tenant_id
    WHERE session.token_sha256 = :token_sha256 AND session.revoked_at IS NULL
"""


def find_session(tx: Transaction, token_sha256: str) -> SessionRow | None:
    """Return the unrevoked session of a token's hash; None too when the role was taken away."""
    row = tx.row(_FIND_SESSION, token_sha256=token_sha256)
    if row is None:
        return None
    created_at, seen_at = as_moment(row["created_at"]), as_moment(row["seen_at"])
    assert created_at is not None
    assert seen_at is not None
    return SessionRow(
        user_id=str(row["user_id"]),
        username=row["username"],
        language=row["user_language"],
        is_demo=bool(row["is_demo"]),
        role=row["role"],
        tenant=as_tenant(row),
        created_at=created_at,
        seen_at=seen_at,
    )


def touch_session(tx: Transaction, token_sha256: str, now: datetime) -> None:
    """Note that a session was used."""
    tx.execute(
        "UPDATE identity.session SET seen_at = :now WHERE token_sha256 = :token_sha256",
        token_sha256=token_sha256,
        now=now,
    )


def revoke_session(tx: Transaction, token_sha256: str, now: datetime) -> None:
    """End a session; its token is refused from now on."""
    tx.execute(
        """
        UPDATE identity.session
        SET revoked_at = :now
        WHERE token_sha256 = :token_sha256 AND revoked_at IS NULL
        """,
        token_sha256=token_sha256,
        now=now,
    )


def purge(
    tx: Transaction, *, tries_before: datetime, tickets_before: datetime, sessions_before: datetime
) -> None:
    """Remove tries, tickets and sessions that no rule looks at any more."""
    tx.execute(
        "DELETE FROM identity.sign_in_attempt WHERE tried_at <= :before", before=tries_before
    )
    tx.execute(
        "DELETE FROM identity.login_ticket WHERE expires_at <= :before", before=tickets_before
    )
    tx.execute("DELETE FROM identity.session WHERE created_at <= :before", before=sessions_before)
