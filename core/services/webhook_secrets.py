"""The addresses that Brevo posts to: a long random secret each, of which only a hash is kept."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.tries import sha256_of
from core.store import webhook_secrets as stored
from core.store.tenant import Store, TenantStore

_SECRET_BYTES = 32
_NAME_CHARS = 12  # of the hash: enough to tell a tenant's webhooks apart


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that was given out, known by the beginning of its secret's hash."""

    webhook_id: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """A fresh address; its URL is shown once and cannot be told again."""

    webhook_id: str
    url: str


def create_webhook(store: TenantStore, actor: Actor) -> NewWebhook:
    """Make another address for this tenant; those there are stay good."""
    require(actor, Role.ADMIN)
    return _create(store, actor, revokes_others=False)


def rotate_webhook(store: TenantStore, actor: Actor) -> NewWebhook:
    """Make another address and refuse all earlier ones from now on."""
    require(actor, Role.ADMIN)
    return _create(store, actor, revokes_others=True)


def _create(store: TenantStore, actor: Actor, *, revokes_others: bool) -> NewWebhook:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    digest, now = sha256_of(secret), store.store.now()
    with store.store.identity(write=True) as tx:
        stored.store_secret(tx, store.tenant_id, digest, now)
        if revokes_others:
            stored.revoke_secrets(tx, store.tenant_id, now, but=digest)
    name, is_only = digest[:_NAME_CHARS], revokes_others
    record_alone(store, actor.user_id, Action.WEBHOOK_CREATED, name, revoked_others=is_only)
    base = store.store.settings.public_base_url.rstrip("/")
    return NewWebhook(webhook_id=name, url=f"{base}/brevo/webhook/{secret}")


def revoke_webhooks(store: TenantStore, actor: Actor, webhook_id: str | None = None) -> int:
    """Refuse one address from now on, or all; return how many.

    Raises `Refused` for an id that is not one of `list_webhooks`, `NotFound` when there is none
    left to revoke.
    """
    require(actor, Role.ADMIN)
    if webhook_id is not None and not _is_id(webhook_id):
        raise Refused(N_("This is not the id of a webhook. List the webhooks to see theirs."))
    with store.store.identity(write=True) as tx:
        revoked = stored.revoke_secrets(
            tx, store.tenant_id, store.store.now(), beginning=webhook_id or ""
        )
    if not revoked:
        raise NotFound(N_("There is no such webhook that is still good."))
    record_alone(store, actor.user_id, Action.WEBHOOK_REVOKED, webhook_id, revoked=revoked)
    return revoked


def _is_id(text: str) -> bool:
    return len(text) == _NAME_CHARS and set(text) <= set("0123456789abcdef")


def list_webhooks(store: TenantStore, actor: Actor) -> list[Webhook]:
    """Return the tenant's addresses, revoked ones too, the newest first."""
    require(actor, Role.ADMIN)
    with store.store.identity() as tx:
        found = stored.load_secrets(tx, store.tenant_id)
    return [
        Webhook(
            webhook_id=secret.secret_sha256[:_NAME_CHARS],
            created_at=secret.created_at,
            revoked_at=secret.revoked_at,
        )
        for secret in found
    ]


def tenant_of_secret(store: Store, secret: str) -> TenantStore | None:
    """Return the tenant whose address ends with this secret; None when nobody's does.

    Found by the hash, so the time it takes says nothing of a secret that is nearly right.
    """
    digest = sha256_of(secret)
    with store.identity() as tx:
        found = stored.find_secret(tx, digest)
    if found is None or not hmac.compare_digest(found[0], digest):
        return None
    return store.tenant_store(found[1])
