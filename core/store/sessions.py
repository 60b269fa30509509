"""Rows of sessions: who is signed in where, the token stored as a hash only."""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
from core.store.tenant import Tenant, Transaction, as_moment
from core.store.tickets import delete_tickets_of


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


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session of a user that is not revoked."""

    token_sha256: str
    tenant: Tenant
    created_at: datetime
    seen_at: datetime


def store_session(
    tx: Transaction,
    *,
    token_sha256: str,
    user_id: str,
    tenant_id: str,
    began_at: datetime,
    now: datetime,
) -> None:
    """Open a session, which counts as begun at `began_at`."""
    tx.execute(
        """
        INSERT INTO identity.session (token_sha256, user_id, tenant_id, created_at, seen_at)
        VALUES (:token_sha256, :user_id, :tenant_id, :began_at, :now)
        """,
        token_sha256=token_sha256,
        user_id=user_id,
        tenant_id=tenant_id,
        began_at=began_at,
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
    LEFT JOIN identity.second_factor AS factor ON factor.user_id = session.user_id
    WHERE session.token_sha256 = :token_sha256
        AND session.revoked_at IS NULL
        AND membership.deactivated_at IS NULL
        AND app_user.must_change = :no
        AND (tenant.demands_factor = :no OR factor.confirmed_at IS NOT NULL)
"""


def find_session(tx: Transaction, token_sha256: str) -> SessionRow | None:
    """Return the unrevoked session of a token's hash; None too when she may not enter any more."""
    row = tx.row(_FIND_SESSION, token_sha256=token_sha256, no=False)
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


def load_open_sessions(tx: Transaction, user_id: str) -> list[OpenSession]:
    """Return the sessions of a user that are not revoked, the last used first."""
    rows = tx.rows(
        f"""
        SELECT session.token_sha256, session.created_at, session.seen_at, {TENANT_COLUMNS}
        FROM identity.session AS session
        JOIN identity.tenant AS tenant ON tenant.tenant_id = session.tenant_id
        WHERE session.user_id = :user_id AND session.revoked_at IS NULL
        ORDER BY session.seen_at DESC
        """,
        user_id=user_id,
    )
    return [_as_open(row) for row in rows]


def _as_open(row: dict[str, object]) -> OpenSession:
    created_at, seen_at = as_moment(row["created_at"]), as_moment(row["seen_at"])
    assert created_at is not None
    assert seen_at is not None
    return OpenSession(
        token_sha256=str(row["token_sha256"]),
        tenant=as_tenant(row),
        created_at=created_at,
        seen_at=seen_at,
    )


def revoke_sessions_of(
    tx: Transaction,
    user_id: str,
    now: datetime,
    *,
    tenant_id: str | None = None,
    but: str = "",
) -> int:
    """End the sessions of a user, in one tenant or in all, except that of the token hash `but`.

    What she has begun of signing in there ends with them. Returns how many sessions ended.
    """
    delete_tickets_of(tx, user_id, tenant_id=tenant_id)
    everywhere = "" if tenant_id is None else "AND tenant_id = :tenant_id"
    return tx.execute(
        f"""
        UPDATE identity.session SET revoked_at = :now
        WHERE user_id = :user_id AND revoked_at IS NULL AND token_sha256 <> :but {everywhere}
        """,
        user_id=user_id,
        now=now,
        but=but,
        **({} if tenant_id is None else {"tenant_id": tenant_id}),
    )


def revoke_all_sessions(tx: Transaction, now: datetime) -> int:
    """End every session and sign-in that was begun, of everybody; return how many sessions."""
    tx.execute("DELETE FROM identity.login_ticket")
    return tx.execute(
        "UPDATE identity.session SET revoked_at = :now WHERE revoked_at IS NULL", now=now
    )


def purge_sessions(tx: Transaction, *, tickets_before: datetime, sessions_before: datetime) -> None:
    """Remove tickets and sessions that no rule looks at any more."""
    tx.execute(
        "DELETE FROM identity.login_ticket WHERE expires_at <= :before", before=tickets_before
    )
    tx.execute("DELETE FROM identity.session WHERE created_at <= :before", before=sessions_before)
