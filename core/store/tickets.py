"""Rows of sign-ins under way: one-time tickets, stored as hashes only, and what each still owes."""

from dataclasses import dataclass
from datetime import datetime

from core.store.tenant import Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class TicketRow:
    """A ticket under way, with what is still owed before it opens a session."""

    user_id: str
    username: str
    password_hash: str
    tenant_id: str | None
    owes_code: bool
    owes_password: bool
    owes_factor: bool
    began_at: datetime | None

    @property
    def owes_anything(self) -> bool:
        """True before it may open a session of the tenant chosen."""
        return self.owes_code or self.owes_password or self.owes_factor


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
        app_user.must_change, app_user.password_hash, factor.confirmed_at IS NOT NULL AS has_factor,
        tenant.demands_factor
    FROM identity.login_ticket AS ticket
    JOIN identity.app_user AS app_user ON app_user.user_id = ticket.user_id
    LEFT JOIN identity.second_factor AS factor ON factor.user_id = ticket.user_id
    LEFT JOIN identity.tenant AS tenant ON tenant.tenant_id = ticket.tenant_id
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
        owes_factor=bool(row["demands_factor"]) and not row["has_factor"],
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
