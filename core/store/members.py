"""Who belongs to which tenant, in which role, and who is invited to."""

from dataclasses import dataclass
from datetime import datetime

from core.store.identity import TENANT_COLUMNS, as_tenant
from core.store.tenant import Tenant, Transaction, as_moment


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """A user of a tenant; `seen_at` is the newest use of a session there that is still kept."""

    user_id: str
    username: str
    role: str
    is_demo: bool
    must_change: bool
    has_second_factor: bool
    deactivated_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class InvitationRow:
    """An invitation that waits; the name may be nobody's."""

    tenant: Tenant
    username: str
    role: str
    invited_at: datetime


def lock_members(tx: Transaction, tenant_id: str) -> None:
    """Let one change of a tenant's members at a time begin (SQLite: a writer is alone already)."""
    if not tx.is_sqlite:
        tx.scalar(
            "SELECT key FROM identity.tenant WHERE tenant_id = :tenant_id FOR UPDATE",
            tenant_id=tenant_id,
        )


def lock_user(tx: Transaction, user_id: str) -> None:
    """Let nobody add this user to a tenant, or change the password, at the same time."""
    if not tx.is_sqlite:
        tx.scalar(
            "SELECT username FROM identity.app_user WHERE user_id = :user_id FOR UPDATE",
            user_id=user_id,
        )


def store_membership(tx: Transaction, user_id: str, tenant_id: str, role: str) -> None:
    """Give a user a role in a tenant, in place of an earlier one; a deactivated one is back.

    An invitation there waits no more: it would bring back, later on, who was shut out meanwhile.
    """
    lock_user(tx, user_id)
    tx.execute(
        """
        DELETE FROM identity.invitation
        WHERE tenant_id = :tenant_id AND username = (
            SELECT username FROM identity.app_user WHERE user_id = :user_id
        )
        """,
        user_id=user_id,
        tenant_id=tenant_id,
    )
    tx.execute(
        """
        INSERT INTO identity.membership (user_id, tenant_id, role)
        VALUES (:user_id, :tenant_id, :role)
        ON CONFLICT (user_id, tenant_id)
        DO UPDATE SET role = excluded.role, deactivated_at = NULL
        """,
        user_id=user_id,
        tenant_id=tenant_id,
        role=role,
    )


def find_role(tx: Transaction, user_id: str, tenant_id: str) -> str | None:
    """Return the user's role in a tenant, None without one or while it is deactivated."""
    role = tx.scalar(
        """
        SELECT role FROM identity.membership
        WHERE user_id = :user_id AND tenant_id = :tenant_id AND deactivated_at IS NULL
        """,
        user_id=user_id,
        tenant_id=tenant_id,
    )
    return None if role is None else str(role)


def load_tenants_of(tx: Transaction, user_id: str) -> list[Tenant]:
    """Return the tenants that a user may enter, ordered bytewise by key."""
    rows = tx.rows(
        f"""
        SELECT {TENANT_COLUMNS}
        FROM identity.membership AS membership
        JOIN identity.tenant AS tenant ON tenant.tenant_id = membership.tenant_id
        WHERE membership.user_id = :user_id AND membership.deactivated_at IS NULL
        """,
        user_id=user_id,
    )
    return sorted((as_tenant(row) for row in rows), key=lambda tenant: tenant.key)


def names_of(tx: Transaction, user_id: str) -> list[str]:
    """Return what a user is known by: the user name, and name and key of each tenant."""
    rows = tx.rows(
        """
        SELECT app_user.username, tenant.name, tenant.key
        FROM identity.app_user AS app_user
        LEFT JOIN identity.membership AS membership ON membership.user_id = app_user.user_id
        LEFT JOIN identity.tenant AS tenant ON tenant.tenant_id = membership.tenant_id
        WHERE app_user.user_id = :user_id
        """,
        user_id=user_id,
    )
    return sorted({str(name) for row in rows for name in row.values() if name is not None})


_MEMBERS = """
    SELECT
        app_user.user_id, app_user.username, app_user.is_demo, app_user.must_change,
        membership.role, membership.deactivated_at,
        factor.confirmed_at IS NOT NULL AS has_second_factor,
        (
            SELECT max(session.seen_at)
            FROM identity.session AS session
            WHERE session.user_id = membership.user_id
                AND session.tenant_id = membership.tenant_id
        ) AS seen_at
    FROM identity.membership AS membership
    JOIN identity.app_user AS app_user ON app_user.user_id = membership.user_id
    LEFT JOIN identity.second_factor AS factor ON factor.user_id = membership.user_id
    WHERE membership.tenant_id = :tenant_id
"""


def load_members(tx: Transaction, tenant_id: str) -> list[MemberRow]:
    """Return the users of a tenant, deactivated ones too, ordered bytewise by name."""
    rows = tx.rows(_MEMBERS, tenant_id=tenant_id)
    return sorted((_as_member(row) for row in rows), key=lambda member: member.username)


def find_member(tx: Transaction, tenant_id: str, user_id: str) -> MemberRow | None:
    """Return one user of a tenant, or None."""
    row = tx.row(
        f"{_MEMBERS} AND membership.user_id = :user_id", tenant_id=tenant_id, user_id=user_id
    )
    return _as_member(row) if row else None


def _as_member(row: dict[str, object]) -> MemberRow:
    return MemberRow(
        user_id=str(row["user_id"]),
        username=str(row["username"]),
        role=str(row["role"]),
        is_demo=bool(row["is_demo"]),
        must_change=bool(row["must_change"]),
        has_second_factor=bool(row["has_second_factor"]),
        deactivated_at=as_moment(row["deactivated_at"]),
        seen_at=as_moment(row["seen_at"]),
    )


def has_another(tx: Transaction, tenant_id: str, user_id: str, role: str) -> bool:
    """Tell whether a tenant has, beside this user, another with `role` who may sign in.

    A demo user is none: it may not sign in from everywhere.
    """
    found = tx.scalar(
        """
        SELECT count(*)
        FROM identity.membership AS membership
        JOIN identity.app_user AS app_user ON app_user.user_id = membership.user_id
        WHERE membership.tenant_id = :tenant_id AND membership.user_id <> :user_id
            AND membership.role = :role AND membership.deactivated_at IS NULL
            AND app_user.is_demo = :no
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        role=role,
        no=False,
    )
    return bool(found)


def store_role(tx: Transaction, tenant_id: str, user_id: str, role: str) -> None:
    """Give a user of a tenant another role there."""
    tx.execute(
        """
        UPDATE identity.membership SET role = :role
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        role=role,
    )


def store_deactivated(
    tx: Transaction, tenant_id: str, user_id: str, moment: datetime | None
) -> None:
    """Take a membership out of use from `moment` on; None brings it back."""
    tx.execute(
        """
        UPDATE identity.membership SET deactivated_at = :moment
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        moment=moment,
    )


def delete_membership(tx: Transaction, tenant_id: str, user_id: str) -> None:
    """Take a user out of a tenant; the account stays."""
    tx.execute(
        """
        DELETE FROM identity.membership
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


def belongs_elsewhere(tx: Transaction, tenant_id: str, user_id: str) -> bool:
    """Tell whether a user has a membership, in use or not, in another tenant."""
    found = tx.scalar(
        """
        SELECT count(*) FROM identity.membership
        WHERE user_id = :user_id AND tenant_id <> :tenant_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )
    return bool(found)


def store_invitation(
    tx: Transaction, tenant_id: str, username: str, role: str, now: datetime
) -> None:
    """Let an invitation wait for whoever has this name, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO identity.invitation (tenant_id, username, role, invited_at)
        VALUES (:tenant_id, :username, :role, :now)
        ON CONFLICT (tenant_id, username)
        DO UPDATE SET role = excluded.role, invited_at = excluded.invited_at
        """,
        tenant_id=tenant_id,
        username=username,
        role=role,
        now=now,
    )


_INVITATIONS = f"""
    SELECT invitation.username, invitation.role, invitation.invited_at, {TENANT_COLUMNS}
    FROM identity.invitation AS invitation
    JOIN identity.tenant AS tenant ON tenant.tenant_id = invitation.tenant_id
    WHERE invitation.invited_at > :since
"""


def load_invitations(tx: Transaction, tenant_id: str, since: datetime) -> list[InvitationRow]:
    """Return the invitations of a tenant made after `since`, ordered bytewise by name."""
    sql = f"{_INVITATIONS} AND invitation.tenant_id = :tenant_id"
    found = [_as_invitation(row) for row in tx.rows(sql, tenant_id=tenant_id, since=since)]
    return sorted(found, key=lambda invitation: invitation.username)


def load_invitations_to(tx: Transaction, username: str, since: datetime) -> list[InvitationRow]:
    """Return the invitations of a user made after `since`, ordered bytewise by tenant key."""
    sql = f"{_INVITATIONS} AND invitation.username = :username"
    found = [_as_invitation(row) for row in tx.rows(sql, username=username, since=since)]
    return sorted(found, key=lambda invitation: invitation.tenant.key)


def _as_invitation(row: dict[str, object]) -> InvitationRow:
    invited_at = as_moment(row["invited_at"])
    assert invited_at is not None
    return InvitationRow(
        tenant=as_tenant(row),
        username=str(row["username"]),
        role=str(row["role"]),
        invited_at=invited_at,
    )


def take_invitation(tx: Transaction, tenant_id: str, username: str, since: datetime) -> str | None:
    """Remove an invitation and return its role; None when there is none made after `since`."""
    role = tx.scalar(
        """
        DELETE FROM identity.invitation
        WHERE tenant_id = :tenant_id AND username = :username AND invited_at > :since
        RETURNING role
        """,
        tenant_id=tenant_id,
        username=username,
        since=since,
    )
    return None if role is None else str(role)
