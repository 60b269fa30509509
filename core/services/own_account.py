"""What a user does with the own account: password, sessions, companies."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import NotAllowed, NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone, record_of_person
from core.services.passwords import SAME_PASSWORD, check_new_password, hash_password
from core.services.sign_in import SESSION_ID_CHARS, check_present, is_young
from core.services.tries import sha256_of
from core.services.users import INVITATION_LIFE
from core.store import identity, members, sessions
from core.store.tenant import Store, Tenant

_NO_INVITATION = N_("This invitation does not wait any more.")


@dataclass(frozen=True, kw_only=True)
class OwnSession:
    """A session of the user, known by the beginning of its token's hash."""

    session_id: str
    tenant_name: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True, kw_only=True)
class OwnInvitation:
    """A company that invites the user."""

    tenant: Tenant
    role: Role


def own_tenants(store: Store, actor: Actor) -> list[Tenant]:
    """Return the companies the actor may enter, by key."""
    require(actor, Role.VIEWER)
    with store.identity() as tx:
        return members.load_tenants_of(tx, actor.user_id)


def change_password(
    store: Store, actor: Actor, token: str, present: str, new: str, client_address: str
) -> int:
    """Change the own password and end every session but that of `token`; return how many.

    Raises `NotAllowed` when `present` is not the present password, `Refused` for an unfit new one.
    """
    require(actor, Role.VIEWER)
    check_present(store, actor, present, client_address)
    with store.identity() as tx:
        check_new_password(new, members.names_of(tx, actor.user_id))
    if new == present:
        raise Refused(SAME_PASSWORD)
    hashed = hash_password(new)
    with store.identity(write=True) as tx:
        if sessions.find_session(tx, sha256_of(token)) is None:
            raise NotAllowed(N_("Your session has ended. Sign in again."))
        identity.store_password(tx, actor.user_id, hashed, must_change=False)
        ended = sessions.revoke_sessions_of(tx, actor.user_id, store.now(), but=sha256_of(token))
    record_of_person(store, actor.user_id, Action.PASSWORD_CHANGED)
    return ended


def own_sessions(store: Store, actor: Actor, token: str) -> list[OwnSession]:
    """Return the actor's sessions that are still good, that of `token` marked, newest use first."""
    require(actor, Role.VIEWER)
    with store.identity() as tx:
        found = sessions.load_open_sessions(tx, actor.user_id)
    return [
        OwnSession(
            session_id=one.token_sha256[:SESSION_ID_CHARS],
            tenant_name=one.tenant.name,
            created_at=one.created_at,
            seen_at=one.seen_at,
            is_this=one.token_sha256 == sha256_of(token),
        )
        for one in found
        if is_young(one, store.now())
    ]


def end_session(
    store: Store, actor: Actor, session_id: str, password: str, client_address: str
) -> None:
    """End one of the actor's sessions; raise `NotFound` for any other.

    Raises `NotAllowed` when this is not the present password.
    """
    require(actor, Role.VIEWER)
    check_present(store, actor, password, client_address)
    with store.identity(write=True) as tx:
        own = sessions.load_open_sessions(tx, actor.user_id)
        found = [one for one in own if one.token_sha256[:SESSION_ID_CHARS] == session_id]
        if not found:
            raise NotFound(N_("This session has ended already."))
        sessions.revoke_session(tx, found[0].token_sha256, store.now())
    tenant_store = store.tenant_store(found[0].tenant)
    record_alone(tenant_store, actor.user_id, Action.SESSIONS_ENDED, actor.user_id, sessions=1)


def own_invitations(store: Store, actor: Actor) -> list[OwnInvitation]:
    """Return the companies that invite the actor."""
    require(actor, Role.VIEWER)
    with store.identity() as tx:
        rows = members.load_invitations_to(tx, actor.username, since=store.now() - INVITATION_LIFE)
    return [OwnInvitation(tenant=row.tenant, role=Role(row.role)) for row in rows]


def accept_invitation(store: Store, actor: Actor, tenant_id: str) -> Tenant:
    """Join a company that invites the actor; raise `NotFound` when it does not any more."""
    require(actor, Role.VIEWER)
    role, tenant = _take_invitation(store, actor, tenant_id, joins=True)
    record_alone(
        store.tenant_store(tenant),
        actor.user_id,
        Action.INVITATION_ACCEPTED,
        actor.user_id,
        role=role,
    )
    return tenant


def decline_invitation(store: Store, actor: Actor, tenant_id: str) -> None:
    """Let an invitation not wait any more; raise `NotFound` when it does not."""
    require(actor, Role.VIEWER)
    _take_invitation(store, actor, tenant_id, joins=False)


def _take_invitation(
    store: Store, actor: Actor, tenant_id: str, *, joins: bool
) -> tuple[str, Tenant]:
    since = store.now() - INVITATION_LIFE
    with store.identity(write=True) as tx:
        waiting = members.load_invitations_to(tx, actor.username, since)
        found = next((one for one in waiting if one.tenant.tenant_id == tenant_id), None)
        if found is None:
            raise NotFound(_NO_INVITATION)
        role = members.take_invitation(tx, tenant_id, actor.username, since)
        if role is None:
            raise NotFound(_NO_INVITATION)
        if joins:
            members.store_membership(tx, actor.user_id, tenant_id, role)
    return role, found.tenant
