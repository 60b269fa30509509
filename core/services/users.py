"""The users of a company, for its administrators.

A user may belong to other companies too: then this one's administrators decide on the membership
here and on nothing else, and no answer of theirs depends on who exists elsewhere. So a name that
they give ends in their company's key, and who has a name already is invited.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import (
    Actor,
    Role,
    check_username,
    create_user,
    fold_username,
    require,
)
from core.services.audit_trail import Action, record_alone
from core.services.passwords import hash_password
from core.store import identity, members, sessions
from core.store.members import MemberRow
from core.store.second_factors import delete_factor
from core.store.tenant import TenantStore, Transaction

INVITATION_LIFE = timedelta(days=30)
_PASSWORD_GROUPS = 4
_GROUP_CHARS = 5
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike

_NO_MEMBER = N_("There is no such user in your company.")
LAST_ADMIN = N_(
    "This is the last administrator of your company. Make somebody else an administrator first."
)
_NOT_YOURS = N_(
    "Your company does not manage the password of this account alone. The person can change it;"
    " otherwise ask whoever runs this instance."
)
_NO_AT = N_("A user name has no @: the key of your company follows it.")


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user of the company; `seen_at`: the last use in the last seven days, None without one."""

    user_id: str
    username: str
    role: Role
    is_active: bool
    has_initial_password: bool
    has_second_factor: bool
    seen_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An invitation that waits to be accepted, if there is somebody of that name."""

    username: str
    role: Role
    invited_at: datetime


@dataclass(frozen=True, kw_only=True)
class InitialPassword:
    """A password shown once: it opens nothing but the choice of the person's own."""

    user_id: str
    username: str
    password: str


def list_members(store: TenantStore, actor: Actor) -> list[Member]:
    """Return the users of the company by name; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    with store.store.identity() as tx:
        rows = members.load_members(tx, store.tenant_id)
    return [
        Member(
            user_id=row.user_id,
            username=row.username,
            role=Role(row.role),
            is_active=row.deactivated_at is None,
            has_initial_password=row.must_change,
            has_second_factor=row.has_second_factor,
            seen_at=row.seen_at,
        )
        for row in rows
    ]


def add_member(store: TenantStore, actor: Actor, name: str, role: Role) -> InitialPassword:
    """Create a user of the company, `name@key`, with an initial password.

    Raises `Refused` when the name cannot be used or the company has used it before.
    """
    require(actor, Role.ADMIN)
    folded = fold_username(name)
    check_username(folded)
    if "@" in folded:
        raise Refused(_NO_AT)
    password = new_password()
    made = create_user(
        store.store,
        store.tenant,
        f"{folded}@{store.tenant.key}",
        password,
        role,
        must_change=True,
    )
    record_alone(store, actor.user_id, Action.USER_ADDED, made.user_id, role=role.value)
    return InitialPassword(user_id=made.user_id, username=made.username, password=password)


def new_password() -> str:
    """Return a random password that can be read out: 20 letters, 99 bits."""
    groups = (
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP_CHARS))
        for _ in range(_PASSWORD_GROUPS)
    )
    return "-".join(groups)


def invite(store: TenantStore, actor: Actor, username: str, role: Role) -> None:
    """Let an invitation wait for whoever has this whole name; it is the same when nobody has.

    Raises `Refused` for a name that cannot be one, or is that of a user of the company.
    """
    require(actor, Role.ADMIN)
    folded = fold_username(username)
    check_username(folded)
    with store.store.identity(write=True) as tx:
        if folded in {row.username for row in members.load_members(tx, store.tenant_id)}:
            raise Refused(N_("This user belongs to your company already."))
        members.store_invitation(tx, store.tenant_id, folded, role.value, store.store.now())
    record_alone(store, actor.user_id, Action.USER_INVITED, role=role.value)


def list_invitations(store: TenantStore, actor: Actor) -> list[Invitation]:
    """Return the company's invitations of the last 30 days that wait; admin."""
    require(actor, Role.ADMIN)
    with store.store.identity() as tx:
        rows = members.load_invitations(
            tx, store.tenant_id, since=store.store.now() - INVITATION_LIFE
        )
    return [
        Invitation(username=row.username, role=Role(row.role), invited_at=row.invited_at)
        for row in rows
    ]


def withdraw_invitation(store: TenantStore, actor: Actor, username: str) -> None:
    """Take an invitation back; raise `NotFound` when it does not wait any more."""
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        since = store.store.now() - INVITATION_LIFE
        if members.take_invitation(tx, store.tenant_id, username, since) is None:
            raise NotFound(N_("This invitation does not wait any more."))
    record_alone(store, actor.user_id, Action.INVITATION_WITHDRAWN)


def change_role(store: TenantStore, actor: Actor, user_id: str, role: Role) -> None:
    """Give a user another role; raise `Refused` when no administrator would be left."""
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        member = _changeable(tx, store, user_id)
        if role is not Role.ADMIN:
            _keep_an_admin(tx, store, member)
        members.store_role(tx, store.tenant_id, user_id, role.value)
    record_alone(store, actor.user_id, Action.ROLE_CHANGED, user_id, role=role.value)


def deactivate(store: TenantStore, actor: Actor, user_id: str) -> None:
    """Let a user not enter the company any more and end the sessions there.

    Raises `Refused` when no administrator would be left.
    """
    require(actor, Role.ADMIN)
    now = store.store.now()
    with store.store.identity(write=True) as tx:
        _keep_an_admin(tx, store, _changeable(tx, store, user_id))
        members.store_deactivated(tx, store.tenant_id, user_id, now)
        sessions.revoke_sessions_of(tx, user_id, now, tenant_id=store.tenant_id)
    record_alone(store, actor.user_id, Action.USER_DEACTIVATED, user_id)


def reactivate(store: TenantStore, actor: Actor, user_id: str) -> None:
    """Let a user who was deactivated enter the company again."""
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        _changeable(tx, store, user_id)
        members.store_deactivated(tx, store.tenant_id, user_id, None)
    record_alone(store, actor.user_id, Action.USER_REACTIVATED, user_id)


def remove_member(store: TenantStore, actor: Actor, user_id: str) -> None:
    """Take a user out of the company and end the sessions there; the account stays.

    Raises `Refused` when no administrator would be left.
    """
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        _keep_an_admin(tx, store, _changeable(tx, store, user_id))
        members.delete_membership(tx, store.tenant_id, user_id)
        sessions.revoke_sessions_of(tx, user_id, store.store.now(), tenant_id=store.tenant_id)
    record_alone(store, actor.user_id, Action.USER_REMOVED, user_id)


def reset_password(store: TenantStore, actor: Actor, user_id: str) -> InitialPassword:
    """Give a user an initial password and end all sessions.

    Raises `Refused` for a user who belongs to another company too.
    """
    require(actor, Role.ADMIN)
    password = new_password()
    hashed = hash_password(password)
    with store.store.identity(write=True) as tx:
        member = _own(tx, store, user_id)
        identity.store_password(tx, user_id, hashed, must_change=True)
        sessions.revoke_sessions_of(tx, user_id, store.store.now())
    record_alone(store, actor.user_id, Action.PASSWORD_RESET, user_id)
    return InitialPassword(user_id=user_id, username=member.username, password=password)


def reset_second_factor(store: TenantStore, actor: Actor, user_id: str) -> None:
    """Ask a user, who has lost the app, for no code any more, and end all sessions.

    Raises `Refused` for a user who belongs to another company too.
    """
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        _own(tx, store, user_id)
        delete_factor(tx, user_id)
        sessions.revoke_sessions_of(tx, user_id, store.store.now())
    record_alone(store, actor.user_id, Action.FACTOR_RESET, user_id)


def end_sessions(store: TenantStore, actor: Actor, user_id: str) -> int:
    """End the sessions of a user in this company; return how many there were."""
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        _changeable(tx, store, user_id)
        ended = sessions.revoke_sessions_of(
            tx, user_id, store.store.now(), tenant_id=store.tenant_id
        )
    record_alone(store, actor.user_id, Action.SESSIONS_ENDED, user_id, sessions=ended)
    return ended


def _changeable(tx: Transaction, store: TenantStore, user_id: str) -> MemberRow:
    """Return a user of the company, whom nobody else changes meanwhile; raise `NotFound`."""
    members.lock_members(tx, store.tenant_id)
    member = members.find_member(tx, store.tenant_id, user_id) if identity.is_id(user_id) else None
    if member is None:
        raise NotFound(_NO_MEMBER)
    return member


def _own(tx: Transaction, store: TenantStore, user_id: str) -> MemberRow:
    member = _changeable(tx, store, user_id)
    members.lock_user(tx, user_id)
    if members.belongs_elsewhere(tx, store.tenant_id, user_id):
        raise Refused(_NOT_YOURS)
    return member


def _keep_an_admin(tx: Transaction, store: TenantStore, leaving: MemberRow) -> None:
    """Refuse when no other administrator who may sign in would be left."""
    is_admin = leaving.role == Role.ADMIN
    if is_admin and not members.has_another(tx, store.tenant_id, leaving.user_id, Role.ADMIN):
        raise Refused(LAST_ADMIN)
