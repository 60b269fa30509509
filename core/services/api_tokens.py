"""Tokens of the HTTP API: a long random text each, shown once, of which only a hash is kept."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.tries import sha256_of
from core.store import api_tokens as stored
from core.store.api_tokens import ApiTokenRow
from core.store.identity import is_id, new_id
from core.store.tenant import Store, Tenant, TenantStore

PREFIX = "iacrm_"
"""Of every token, so that it is recognised where it must not stand."""
MOST_DAYS = 730
_SECRET_BYTES = 32
_MOST_NAME_CHARS = 60
_USE_NOTED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A token that was given out; `is_good` while it is neither revoked nor expired."""

    token_id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    is_good: bool


@dataclass(frozen=True, kw_only=True)
class NewApiToken:
    """A fresh token; `secret` is shown once and cannot be told again."""

    token_id: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """Whom a token speaks for: its company, and an actor of its role that is no user."""

    tenant: Tenant
    actor: Actor


def create_token(
    store: TenantStore, actor: Actor, name: str, role: Role, days: int | None = None
) -> NewApiToken:
    """Make a token that is good for `days`, or until it is revoked.

    Raises `NotAllowed` below admin, `Refused` for a name or a number of days that cannot be.
    """
    require(actor, Role.ADMIN)
    _check(name, days)
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    now = store.store.now()
    row = ApiTokenRow(
        token_id=new_id(),
        name=name.strip(),
        role=Role(role),
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
        revoked_at=None,
        used_at=None,
    )
    with store.store.identity(write=True) as tx:
        stored.store_token(tx, store.tenant_id, sha256_of(secret), row)
    record_alone(store, actor.user_id, Action.TOKEN_CREATED, row.token_id, role=row.role)
    return NewApiToken(token_id=row.token_id, secret=secret)


def _check(name: str, days: int | None) -> None:
    if not 1 <= len(name.strip()) <= _MOST_NAME_CHARS or not name.isprintable():
        raise Refused(
            N_("A token needs a name of 1 to %(most)s characters, such as the program's."),
            most=_MOST_NAME_CHARS,
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Refused(N_("A token is good for 1 to %(most)s days."), most=MOST_DAYS)


def revoke_token(store: TenantStore, actor: Actor, token_id: str) -> None:
    """Refuse a token from now on.

    Raises `NotAllowed` below admin, `NotFound` unless the company has it and it is not revoked.
    """
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        is_revoked = is_id(token_id) and stored.revoke_token(
            tx, store.tenant_id, token_id, store.store.now()
        )
    if not is_revoked:
        raise NotFound(N_("There is no such token that is still good."))
    record_alone(store, actor.user_id, Action.TOKEN_REVOKED, token_id)


def list_tokens(store: TenantStore, actor: Actor) -> list[ApiToken]:
    """Return the company's tokens, the newest first; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    now = store.store.now()
    with store.store.identity() as tx:
        found = stored.load_tokens(tx, store.tenant_id)
    return [
        ApiToken(
            token_id=row.token_id,
            name=row.name,
            role=Role(row.role),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            used_at=row.used_at,
            is_good=_is_good(row, now),
        )
        for row in found
    ]


def bearer_of(store: Store, secret: str) -> Bearer | None:
    """Return whom a token speaks for; None for one that is unknown, revoked or expired.

    Found by the hash, so the time it takes says nothing of a token that is nearly right.
    """
    digest, now = sha256_of(secret), store.now()
    with store.identity() as tx:
        found = stored.find_token(tx, digest)
    if found is None or not _is_good(found[0], now):
        return None
    row, tenant = found
    if row.used_at is None or now - row.used_at >= _USE_NOTED_AFTER:
        with store.identity(write=True) as tx:
            stored.touch_token(tx, tenant.tenant_id, row.token_id, now)
    actor = Actor(
        user_id=row.token_id,
        username=f"api:{row.token_id[:8]}",
        role=Role(row.role),
        language=tenant.language,
    )
    return Bearer(tenant=tenant, actor=actor)


def _is_good(row: ApiTokenRow, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
