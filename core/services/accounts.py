"""Tenants and their users: who there is, and what each may do."""

import logging
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies

from core.errors import NotAllowed, NotFound, Refused
from core.i18n import LANGUAGES, N_, SOURCE_LANGUAGE
from core.services.passwords import check_new_password, hash_password
from core.store import api_tokens, identity, members
from core.store.tenant import Store, Tenant

logger = logging.getLogger(__name__)
_MAX_USERNAME_CHARS = 64
_MAX_NAME_CHARS = 200
_TENANT_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Role(StrEnum):
    """What a user may do in a tenant, each including those before it."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_RANK = {role: place for place, role in enumerate(Role)}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks for a use case."""

    user_id: str
    username: str
    role: Role
    language: str


SYSTEM = Actor(user_id="system", username="system", role=Role.ADMIN, language=SOURCE_LANGUAGE)
"""The actor of the command line and of schedules."""


def includes(role: Role, needed: Role) -> bool:
    """Tell whether `role` may do what `needed` may."""
    return _RANK[role] >= _RANK[needed]


def require(actor: Actor, role: Role) -> None:
    """Raise `NotAllowed` unless the actor has at least `role`."""
    if not includes(actor.role, role):
        logger.warning("refused: user %s is %s, not %s", actor.user_id, actor.role, role)
        raise NotAllowed(
            N_("Your role does not permit this. Ask an administrator of your company.")
        )


def role_of(store: Store, user_id: str, tenant_id: str) -> Role | None:
    """Return the role that a user, or a token by its id, has in a tenant now, None without one."""
    with store.identity() as tx:
        role = members.find_role(tx, user_id, tenant_id)
        role = role or api_tokens.find_good_role(tx, user_id, tenant_id, store.now())
    return Role(role) if role else None


def create_tenant(
    store: Store,
    key: str,
    name: str,
    language: str = "fr",
    *,
    currency: str = "EUR",
    time_zone: str = "Europe/Paris",
    demo_as_of: date | None = None,
) -> Tenant:
    """Create a tenant; its `key` names its folder.

    Raises `Refused` when a value cannot be used or the key is taken.
    """
    _check_tenant(key, name, language, currency, time_zone)
    tenant = Tenant(
        tenant_id=identity.new_id(),
        key=key,
        name=name.strip(),
        language=language,
        currency=currency,
        time_zone=time_zone,
        demo_as_of=demo_as_of,
    )
    with store.identity(write=True) as tx:
        if not identity.store_tenant(tx, tenant, store.now()):
            raise Refused(N_("A tenant %(key)s exists already. Choose another key."), key=key)
    return tenant


def _check_tenant(key: str, name: str, language: str, currency: str, time_zone: str) -> None:
    if not _TENANT_KEY.fullmatch(key):
        raise Refused(
            N_(
                "A tenant key has 1 to 63 lower-case letters, digits and hyphens"
                " and does not begin with a hyphen."
            )
        )
    if not 1 <= len(name.strip()) <= _MAX_NAME_CHARS or not name.isprintable():
        raise Refused(N_("A tenant needs a name of 1 to 200 characters."))
    if language not in LANGUAGES:
        raise Refused(N_("The language %(language)s is not available."), language=language)
    if currency not in list_currencies():
        raise Refused(N_("The currency %(currency)s is not known."), currency=currency)
    try:
        ZoneInfo(time_zone)
    except (LookupError, ValueError, OSError) as error:
        raise Refused(N_("The time zone %(zone)s is not known."), zone=time_zone) from error


def tenant_by_key(store: Store, key: str) -> Tenant:
    """Return the tenant of `key`; raise `NotFound`."""
    with store.identity() as tx:
        tenant = identity.find_tenant(tx, key)
    if tenant is None:
        raise NotFound(N_("There is no tenant %(key)s."), key=key)
    return tenant


def list_tenants(store: Store) -> list[Tenant]:
    """Return every tenant, ordered by key."""
    with store.identity() as tx:
        return identity.load_tenants(tx)


def fold_username(username: str) -> str:
    """Return the one spelling of a user name.

    >>> fold_username(" Anne ")
    'anne'
    """
    return unicodedata.normalize("NFKC", username).strip().lower()


def create_user(
    store: Store,
    tenant: Tenant,
    username: str,
    password: str,
    role: Role,
    *,
    language: str | None = None,
    is_demo: bool = False,
    must_change: bool = False,
) -> Actor:
    """Create a user with `role` in `tenant`; raise `Refused` when name or password cannot be used.

    With `must_change` the password is an initial one, which opens only its own change.
    A demo user may have a short password: it opens only for a client on the same machine while
    demo data is enabled.
    """
    folded = fold_username(username)
    check_username(folded)
    check_new_password(password, (folded, tenant.name, tenant.key), is_demo=is_demo)
    user = identity.UserRow(
        user_id=identity.new_id(),
        username=folded,
        password_hash=hash_password(password),
        language=language,
        is_demo=is_demo,
        must_change=must_change,
    )
    with store.identity(write=True) as tx:
        if not identity.store_user(tx, user, store.now()):
            raise Refused(N_("A user %(username)s exists already."), username=folded)
        members.store_membership(tx, user.user_id, tenant.tenant_id, Role(role))
    return Actor(
        user_id=user.user_id,
        username=folded,
        role=Role(role),
        language=language or tenant.language,
    )


def check_username(folded: str) -> None:
    """Raise `Refused` unless a folded name can be one."""
    fits = 1 <= len(folded) <= _MAX_USERNAME_CHARS and folded.isprintable()
    if not fits or any(char.isspace() for char in folded):
        raise Refused(N_("A user name has 1 to 64 characters without blanks."))


def choose_language(store: Store, actor: Actor, language: str) -> None:
    """Remember the language a user reads; raise `Refused` when it is not available."""
    require(actor, Role.VIEWER)
    if language not in LANGUAGES:
        raise Refused(N_("The language %(language)s is not available."), language=language)
    with store.identity(write=True) as tx:
        identity.store_language(tx, actor.user_id, language)


def tenant_by_id(store: Store, tenant_id: str) -> Tenant:
    """Return the tenant of this id; raise `NotFound` when there is none."""
    with store.identity() as tx:
        tenant = identity.find_tenant_by_id(tx, tenant_id)
    if tenant is None:
        raise NotFound(N_("There is no such tenant."))
    return tenant
