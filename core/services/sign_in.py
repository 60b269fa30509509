"""Signing in and out: the password, one-time tickets, sessions that end."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

import bcrypt

from core.errors import NotAllowed
from core.i18n import N_
from core.services.accounts import Actor, Role, fold_username, require
from core.services.audit_trail import Action, record_alone
from core.services.passwords import is_checkable
from core.services.tries import begin_try, end_well, sha256_of
from core.settings import Settings
from core.store import identity, members, sessions, tickets
from core.store.second_factors import find_factor, owes_factor
from core.store.tenant import Store, Tenant

SESSION_COOKIE = "iacrm_session"
TICKET_LIFE = timedelta(seconds=60)
STEP_LIFE = timedelta(minutes=10)
SESSION_IDLE = timedelta(hours=12)
SESSION_LIFE = timedelta(days=7)
SESSION_ID_CHARS = 12  # of the hash: enough to tell a person's sessions apart
_TOUCH_EVERY = timedelta(minutes=5)
# Of a random text nobody kept: an unknown user costs the same time as a known one.
_NOBODYS_HASH = "$2b$12$Tpoev9m8pGQfhv7BI7rQm.T5FBqyJJq833WqRhSsdnClyeEKrjRAW"

_WRONG = N_("The user name or the password is not right.")
_WRONG_PRESENT = N_("The present password is not right.")
EXPIRED = N_("This sign-in has expired. Sign in again.")

PasswordCheck = Callable[[str, str, str], bool]
"""Called with (folded user name, stored bcrypt hash, password given)."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in user in a tenant; `chosen_language` is None while she has not chosen one."""

    actor: Actor
    tenant: Tenant
    chosen_language: str | None = None


def cookie_name(settings: Settings) -> str:
    """Return the name of the session cookie.

    Behind HTTPS a browser takes `__Host-` from this host alone, with Secure and for every path: a
    neighbour under the same domain cannot put one in its place.
    """
    return f"__Host-{SESSION_COOKIE}" if settings.secure_cookies else SESSION_COOKIE


def check_password(_username: str, password_hash: str, password: str) -> bool:
    """Compare a password with its bcrypt hash."""
    return bcrypt.checkpw(password.encode(), password_hash.encode())


def sign_in(
    store: Store,
    username: str,
    password: str,
    client_address: str,
    *,
    is_direct: bool = False,
    check: PasswordCheck = check_password,
) -> str:
    """Check a name and a password and return a one-time ticket, good for a minute.

    When something is owed before it opens a session (see `sign_in_steps.next_step`), it is good
    for ten minutes.

    `is_direct` tells that nothing stands between the client and a server bound to localhost:
    only then, and from a loopback address, a demo user may come in. Raises `NotAllowed` with one
    sentence for every wrong combination, another when there were too many tries.
    """
    folded = fold_username(username)
    attempt = begin_try(store, folded, client_address)
    with store.identity() as tx:
        user = identity.find_user_evenly(tx, folded)
    password_hash = user.password_hash if user else _NOBODYS_HASH
    is_right = check(folded, password_hash, password if is_checkable(password) else "-")
    if user is None or not is_right or not is_checkable(password):
        raise NotAllowed(_WRONG)
    if user.is_demo and not _may_demo(store, client_address, is_direct=is_direct):
        raise NotAllowed(_WRONG)
    ticket, owes_code = _issue_ticket(store, user)
    end_well(store, attempt, enters=not owes_code)
    return ticket


def _may_demo(store: Store, client_address: str, *, is_direct: bool) -> bool:
    try:
        is_loopback = ip_address(client_address).is_loopback
    except ValueError:
        return False
    return store.settings.enable_demo_data and is_direct and is_loopback


def _issue_ticket(store: Store, user: identity.UserRow) -> tuple[str, bool]:
    """Return a ticket, and whether a code is owed."""
    ticket, now = secrets.token_urlsafe(32), store.now()
    with store.identity(write=True) as tx:
        sessions.purge_sessions(tx, tickets_before=now, sessions_before=now - SESSION_LIFE)
        tenants = members.load_tenants_of(tx, user.user_id)
        # Reset since it was compared, the password opens nothing any more.
        if not tenants or identity.find_user_by_id(tx, user.user_id) != user:
            raise NotAllowed(_WRONG)
        factor = find_factor(tx, user.user_id)
        owes_code = factor is not None and factor.is_confirmed
        owes_more = (
            owes_code or user.must_change or owes_factor(tx, user.user_id, tenants[0].tenant_id)
        )
        is_ready = len(tenants) == 1 and not owes_more
        tickets.store_ticket(
            tx,
            ticket_sha256=sha256_of(ticket),
            user_id=user.user_id,
            tenant_id=tenants[0].tenant_id if len(tenants) == 1 else None,
            code_passed=False,
            expires_at=now + (TICKET_LIFE if is_ready else STEP_LIFE),
        )
    return ticket, owes_code


def redeem_ticket(store: Store, ticket: str) -> str:
    """Turn a ticket that owes nothing any more, once, into the token of a new session.

    Raises `NotAllowed` for every other one.
    """
    token, now = secrets.token_urlsafe(32), store.now()
    with store.identity(write=True) as tx:
        found = tickets.find_ticket(tx, sha256_of(ticket), now)
        if found is None or found.owes_anything or found.tenant_id is None:
            raise NotAllowed(EXPIRED)
        may_enter = members.find_role(tx, found.user_id, found.tenant_id) is not None
        if not may_enter or not tickets.delete_ticket(tx, sha256_of(ticket)):
            raise NotAllowed(EXPIRED)
        sessions.store_session(
            tx,
            token_sha256=sha256_of(token),
            user_id=found.user_id,
            tenant_id=found.tenant_id,
            began_at=found.began_at or now,
            now=now,
        )
        tenant = identity.find_tenant_by_id(tx, found.tenant_id)
    assert tenant is not None
    record_alone(
        store.tenant_store(tenant),
        found.user_id,
        Action.SIGNED_IN,
        from_other_company=found.began_at is not None,
    )
    return token


def check_present(store: Store, actor: Actor, password: str, client_address: str) -> None:
    """Raise `NotAllowed` unless this is the actor's password; tries are counted as at sign-in."""
    require(actor, Role.VIEWER)
    attempt = begin_try(store, actor.username, client_address)
    with store.identity() as tx:
        user = identity.find_user_by_id(tx, actor.user_id)
    is_right = user is not None and is_checkable(password)
    if user is None or not is_right or not check_password("", user.password_hash, password):
        raise NotAllowed(_WRONG_PRESENT)
    end_well(store, attempt, enters=False)


def session_of(store: Store, token: str) -> Session | None:
    """Return the session of a token; None when unknown, revoked, idle 12 hours or 7 days old."""
    if not token:
        return None
    now = store.now()
    with store.identity() as tx:
        row = sessions.find_session(tx, sha256_of(token))
    if row is None or not _is_current(store, row, now):
        return None
    if now - row.seen_at > _TOUCH_EVERY:
        with store.identity(write=True) as tx:
            sessions.touch_session(tx, sha256_of(token), now)
    actor = Actor(
        user_id=row.user_id,
        username=row.username,
        role=Role(row.role),
        language=row.language or row.tenant.language,
    )
    return Session(actor=actor, tenant=row.tenant, chosen_language=row.language)


def _is_current(store: Store, row: sessions.SessionRow, now: datetime) -> bool:
    if row.is_demo and not store.settings.enable_demo_data:
        return False
    return is_young(row, now)


def is_young(row: sessions.SessionRow | sessions.OpenSession, now: datetime) -> bool:
    """Tell whether a session was used in the last 12 hours and began in the last 7 days."""
    return now - row.seen_at < SESSION_IDLE and now - row.created_at < SESSION_LIFE


def sign_out(store: Store, token: str) -> None:
    """Revoke a session; a token that is unknown changes nothing."""
    with store.identity(write=True) as tx:
        ended = sessions.find_session(tx, sha256_of(token))
        sessions.revoke_session(tx, sha256_of(token), store.now())
    if ended is not None:
        record_alone(store.tenant_store(ended.tenant), ended.user_id, Action.SIGNED_OUT)
