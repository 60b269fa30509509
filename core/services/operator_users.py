"""What only whoever runs the instance may do about users: on the command line, not on a page.

It knows all companies, so its answers may tell that a name is taken elsewhere.
"""

from dataclasses import dataclass

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import SYSTEM, Role, create_user, fold_username
from core.services.audit_trail import Action, record_alone
from core.services.passwords import hash_password
from core.services.users import LAST_ADMIN, Member, list_members, new_password
from core.store import identity, members, sessions
from core.store.second_factors import delete_factor
from core.store.tenant import TenantStore, Transaction


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a user signs in: `password` is an initial one, None when the present one stays."""

    username: str
    password: str | None


def create_or_join(store: TenantStore, username: str, role: Role) -> Access:
    """Create a user with an initial password, or let one there is join this company.

    Raises `Refused` when the name cannot be used, or no administrator would be left.
    """
    folded = fold_username(username)
    with store.store.identity(write=True) as tx:
        known = identity.find_user(tx, folded)
        if known is not None:
            _keep_an_admin(tx, store, known.user_id, role)
            members.store_membership(tx, known.user_id, store.tenant_id, role.value)
    password = None if known else new_password()
    user_id = known.user_id if known else ""
    if password is not None:
        made = create_user(store.store, store.tenant, folded, password, role, must_change=True)
        user_id = made.user_id
    record_alone(store, SYSTEM.user_id, Action.USER_ADDED, user_id, role=role.value)
    return Access(username=folded, password=password)


def _keep_an_admin(tx: Transaction, store: TenantStore, user_id: str, role: Role) -> None:
    members.lock_members(tx, store.tenant_id)
    former = members.find_role(tx, user_id, store.tenant_id)
    is_demoted = former == Role.ADMIN and role is not Role.ADMIN
    if is_demoted and not members.has_another(tx, store.tenant_id, user_id, Role.ADMIN):
        raise Refused(LAST_ADMIN)


def member_named(store: TenantStore, username: str) -> Member:
    """Return the user of this folded name in the company; raise `NotFound`."""
    for member in list_members(store, SYSTEM):
        if member.username == username:
            return member
    raise NotFound(N_("There is no such user in your company."))


def reset_access(store: TenantStore, username: str) -> Access:
    """Give a user an initial password, whatever companies she belongs to; raise `NotFound`.

    Every session and the second factor end: this is the way back in for who has lost all.
    """
    member = member_named(store, username)
    password = new_password()
    hashed = hash_password(password)
    with store.store.identity(write=True) as tx:
        members.lock_user(tx, member.user_id)
        identity.store_password(tx, member.user_id, hashed, must_change=True)
        delete_factor(tx, member.user_id)
        sessions.revoke_sessions_of(tx, member.user_id, store.store.now())
    record_alone(store, SYSTEM.user_id, Action.PASSWORD_RESET, member.user_id)
    return Access(username=username, password=password)
