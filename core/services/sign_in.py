"""Signing in and out: tries, one-time tickets, sessions that end."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

import bcrypt

from core.errors import NotAllowed
from core.i18n import N_
from core.services.accounts import Actor, Role, fold_username, is_checkable
from core.store import identity, sessions
from core.store.tenant import Store, Tenant

SESSION_COOKIE = "iacrm_session"
TRY_WINDOW = timedelta(minutes=15)
MAX_TRIES = 10
TICKET_LIFE = timedelta(seconds=60)
SESSION_IDLE = timedelta(hours=12)
SESSION_LIFE = timedelta(days=7)
_TOUCH_EVERY = timedelta(minutes=5)
# Of a random text nobody kept: an unknown user costs the same time as a known one.
_NOBODYS_HASH = "$2b$12$Tpoev9m8pGQfhv7BI7rQm.T5FBqyJJq833WqRhSsdnClyeEKrjRAW"

_WRONG = N_("The user name or the password is not right.")
_TOO_MANY = N_("Too many tries. Wait %(minutes)s minutes, then try again.")

PasswordCheck = Callable[[str, str, str], bool]
"""Called with (folded user name, stored bcrypt hash, password given)."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A signed-in user in a tenant; `chosen_language` is None while she has not chosen one."""

    actor: Actor
    tenant: Tenant
    chosen_language: str | None = None


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

    `is_direct` tells that nothing stands between the client and a server bound to localhost:
    only then, and from a loopback address, a demo user may come in. Raises `NotAllowed` with one
    sentence for every wrong combination, another when there were too many tries.
    """
    folded = fold_username(username)
    attempt_id = _begin_try(store, folded, client_address)
    with store.identity() as tx:
        user = identity.find_user(tx, folded)
    password_hash = user.password_hash if user else _NOBODYS_HASH
    is_right = check(folded, password_hash, password if is_checkable(password) else "-")
    if user is None or not is_right or not is_checkable(password):
        raise NotAllowed(_WRONG)
    if user.is_demo and not _may_demo(store, client_address, is_direct=is_direct):
        raise NotAllowed(_WRONG)
    return _issue_ticket(store, user.user_id, attempt_id)


def _begin_try(store: Store, username: str, client_address: str) -> str:
    now = store.now()
    hashes = {
        "username_sha256": _sha256(username),
        "client_sha256": _sha256(client_address),
    }
    with store.identity(write=True) as tx:
        sessions.lock_tries(tx)
        sessions.purge(
            tx,
            tries_before=now - TRY_WINDOW,
            tickets_before=now,
            sessions_before=now - SESSION_LIFE,
        )
        if max(sessions.count_failures(tx, since=now - TRY_WINDOW, **hashes)) >= MAX_TRIES:
            raise NotAllowed(_TOO_MANY, minutes=TRY_WINDOW // timedelta(minutes=1))
        return sessions.store_try(tx, tried_at=now, **hashes)


def _may_demo(store: Store, client_address: str, *, is_direct: bool) -> bool:
    try:
        is_loopback = ip_address(client_address).is_loopback
    except ValueError:
        return False
    return store.settings.enable_demo_data and is_direct and is_loopback


def _issue_ticket(store: Store, user_id: str, attempt_id: str) -> str:
    ticket = secrets.token_urlsafe(32)
    with store.identity(write=True) as tx:
        tenant_id = identity.find_home_tenant(tx, user_id)
        if tenant_id is None:
            raise NotAllowed(_WRONG)
        sessions.mark_success(tx, attempt_id)
        sessions.store_ticket(
            tx,
            ticket_sha256=_sha256(ticket),
            user_id=user_id,
            tenant_id=tenant_id,
            expires_at=store.now() + TICKET_LIFE,
        )
    return ticket


def redeem_ticket(store: Store, ticket: str) -> str:
    """Turn a ticket, once, into the token of a new session; raise `NotAllowed`."""
    token = secrets.token_urlsafe(32)
    now = store.now()
    with store.identity(write=True) as tx:
        owner = sessions.take_ticket(tx, _sha256(ticket), now)
        if owner is not None:
            user_id, tenant_id = owner
            sessions.store_session(
                tx, token_sha256=_sha256(token), user_id=user_id, tenant_id=tenant_id, now=now
            )
    if owner is None:
        raise NotAllowed(N_("This sign-in has expired. Sign in again."))
    return token


def session_of(store: Store, token: str) -> Session | None:
    """Return the session of a token; None when unknown, revoked, idle 12 hours or 7 days old."""
    if not token:
        return None
    now = store.now()
    with store.identity() as tx:
        row = sessions.find_session(tx, _sha256(token))
    if row is None or not _is_current(store, row, now):
        return None
    if now - row.seen_at > _TOUCH_EVERY:
        with store.identity(write=True) as tx:
            sessions.touch_session(tx, _sha256(token), now)
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
    return now - row.seen_at < SESSION_IDLE and now - row.created_at < SESSION_LIFE


def sign_out(store: Store, token: str) -> None:
    """Revoke a session; a token that is unknown changes nothing."""
    with store.identity(write=True) as tx:
        sessions.revoke_session(tx, _sha256(token), store.now())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
