"""Rows of signing in: one-time tickets and sessions, stored as hashes only."""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
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


@dataclass(frozen=True, kw_only=True)
class TicketRow:
    """A ticket under way, with what is still owed before it opens a session."""

    user_id: str
    username: str
    password_hash: str
    tenant_id: str | None
    owes_code: bool
    owes_password: bool
    began_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session of a user that is not revoked."""

    token_sha256: str
    tenant: Tenant
    created_at: datetime
    seen_at: datetime


def store_ticket(
    tx: Transaction,
    *,
    ticket_sha256: str,
    user_id: str,
    tenant_id: str | None,
    code_passed: bool,
    expires_at: datetime,
    began_at: datetime | None = None,
) -> None:
    """Keep a one-time ticket; `tenant_id` is None while she has a choice to make.

    `began_at`: when the session began that this one goes on from, in another tenant.
    """
    tx.execute(
        """
        INSERT INTO identity.login_ticket (
            ticket_sha256, user_id, tenant_id, code_passed, began_at, expires_at
        )
        VALUES (:ticket_sha256, :user_id, :tenant_id, :code_passed, :began_at, :expires_at)
        """,
        ticket_sha256=ticket_sha256,
        user_id=user_id,
        tenant_id=tenant_id,
        code_passed=code_passed,
        began_at=began_at,
        expires_at=expires_at,
    )


_FIND_TICKET = """
    SELECT
        ticket.user_id, ticket.tenant_id, ticket.code_passed, ticket.began_at, app_user.username,
        app_user.must_change, app_user.password_hash, factor.confirmed_at IS NOT NULL AS has_factor
    FROM identity.login_ticket AS ticket
    JOIN identity.app_user AS app_user ON app_user.user_id = ticket.user_id
    LEFT JOIN identity.second_factor AS factor ON factor.user_id = ticket.user_id
    WHERE ticket.ticket_sha256 = :ticket_sha256 AND ticket.expires_at > :now
"""


def find_ticket(tx: Transaction, ticket_sha256: str, now: datetime) -> TicketRow | None:
    """Return an unused ticket; None when unknown, used or expired."""
    row = tx.row(_FIND_TICKET, ticket_sha256=ticket_sha256, now=now)
    if row is None:
        return None
    return TicketRow(
        user_id=str(row["user_id"]),
        username=row["username"],
        password_hash=row["password_hash"],
        tenant_id=None if row["tenant_id"] is None else str(row["tenant_id"]),
        owes_code=bool(row["has_factor"]) and not row["code_passed"],
        owes_password=bool(row["must_change"]),
        began_at=as_moment(row["began_at"]),
    )


def note_code_passed(tx: Transaction, ticket_sha256: str) -> None:
    """Note that the code was right."""
    tx.execute(
        """
        UPDATE identity.login_ticket SET code_passed = :yes
        WHERE ticket_sha256 = :ticket_sha256
        """,
        yes=True,
        ticket_sha256=ticket_sha256,
    )


def store_choice(tx: Transaction, ticket_sha256: str, tenant_id: str) -> None:
    """Note which tenant was chosen."""
    tx.execute(
        """
        UPDATE identity.login_ticket SET tenant_id = :tenant_id
        WHERE ticket_sha256 = :ticket_sha256
        """,
        tenant_id=tenant_id,
        ticket_sha256=ticket_sha256,
    )


def delete_ticket(tx: Transaction, ticket_sha256: str) -> bool:
    """Use a ticket up; return False when somebody else was faster."""
    return bool(
        tx.execute(
            "DELETE FROM identity.login_ticket WHERE ticket_sha256 = :ticket_sha256",
            ticket_sha256=ticket_sha256,
        )
    )


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
    WHERE session.token_sha256 = :token_sha256
        AND session.revoked_at IS NULL
        AND membership.deactivated_at IS NULL
        AND app_user.must_change = :no
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


def delete_tickets_of(
    tx: Transaction, user_id: str, *, tenant_id: str | None = None, but: str = ""
) -> None:
    """End what a user has begun of signing in, except the ticket of the hash `but`.

    With `tenant_id`, only what leads there, or may (no tenant was chosen yet), and what was begun
    out of a session, which may be one there that ends.
    """
    of_tenant = "AND (tenant_id = :tenant_id OR tenant_id IS NULL OR began_at IS NOT NULL)"
    there = "" if tenant_id is None else of_tenant
    tx.execute(
        f"""
        DELETE FROM identity.login_ticket
        WHERE user_id = :user_id AND ticket_sha256 <> :but {there}
        """,
        user_id=user_id,
        but=but,
        **({} if tenant_id is None else {"tenant_id": tenant_id}),
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


def purge_sessions(tx: Transaction, *, tickets_before: datetime, sessions_before: datetime) -> None:
    """Remove tickets and sessions that no rule looks at any more."""
    tx.execute(
        "DELETE FROM identity.login_ticket WHERE expires_at <= :before", before=tickets_before
    )
    tx.execute("DELETE FROM identity.session WHERE created_at <= :before", before=sessions_before)
