"""Keyed hashes of erased people, and the sealed addresses that Brevo has still to forget.

A hash is HMAC-SHA256 under a key made from the instance's secret and the tenant: who has the
database alone cannot try addresses on it, and two tenants' hashes of one person differ.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.ingest.erased import Pads
from core.outreach.unsubscribe import DEVELOPMENT_KEY_FILE, accepted_secrets, token_secret
from core.store.erased import Erased
from core.store.subjects import CUSTOMER, EMAIL, Subject
from core.store.tenant import TenantStore

_PURPOSE = b"ia-crm erased people, version 1"
_SEALS = b"ia-crm addresses to be forgotten, version 1"
_BLOCK_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class PersonKey:
    """The tenant's key; `key_id` tells one key from another and nothing else."""

    key: bytes
    seal: bytes

    @property
    def key_id(self) -> str:
        """Eight digits that differ from one secret to another."""
        return hashlib.sha256(b"id" + self.key).hexdigest()[:8]

    def digest(self, kind: str, value: str) -> str:
        """Return the hash of a customer code or of an address in its comparison form."""
        return hmac.digest(self.key, f"{kind}:{value}".encode(), "sha256").hex()

    def erased(self, subject: Subject) -> list[Erased]:
        """Return what is kept of a subject for ever."""
        pairs = [(CUSTOMER, code) for code in subject.customers]
        pairs += [(EMAIL, address) for address in subject.addresses]
        return [
            Erased(kind=kind, digest=self.digest(kind, value), key_id=self.key_id)
            for kind, value in pairs
        ]

    def among(self, kind: str, values: Iterable[str], digests: frozenset[str]) -> list[str]:
        """Return those of `values` whose hash is in `digests`."""
        return [value for value in values if self.digest(kind, value) in digests]

    def pads(self) -> Pads:
        """Return the two pads of the hash, for SQL that makes it of two plain ones."""
        padded = self.key.ljust(_BLOCK_BYTES, b"\0")
        return Pads(
            inner=bytes(byte ^ 0x36 for byte in padded), outer=bytes(byte ^ 0x5C for byte in padded)
        )

    def sealed(self, address: str) -> str:
        """Return a code or address encrypted and authenticated (AES-SIV), fit for a URL."""
        return urlsafe_b64encode(AESSIV(self.seal).encrypt(address.encode(), None)).decode()

    def opened(self, sealed: str) -> str | None:
        """Return what was sealed, None when another secret, or nobody, sealed it."""
        try:
            return AESSIV(self.seal).decrypt(urlsafe_b64decode(sealed), None).decode()
        except (ValueError, InvalidTag):
            return None


def person_key(store: TenantStore) -> PersonKey:
    """Return the tenant's key; raise `SettingsError` for a TOKEN_SECRET that is too short."""
    return _key(store, token_secret(store.store.settings))


def known_keys(store: TenantStore) -> list[PersonKey]:
    """Return the tenant's key, that of TOKEN_SECRET_PREVIOUS, and that of before any was set.

    An instance that begins dry makes a secret of its own; who was erased then stays erased.
    """
    keys = [_key(store, secret) for secret in accepted_secrets(store.store.settings)]
    first = store.store.settings.data_dir / DEVELOPMENT_KEY_FILE
    if first.exists() and (former := _key(store, first.read_bytes())) not in keys:
        keys.append(former)
    return keys


def digests_of(store: TenantStore, kind: str, value: str) -> list[str]:
    """Return the hashes of a value under every known key."""
    return [key.digest(kind, value) for key in known_keys(store)]


def open_sealed(store: TenantStore, sealed: str) -> str | None:
    """Return what was sealed under a known key, None for anything else."""
    opened = (key.opened(sealed) for key in known_keys(store))
    return next((text for text in opened if text is not None), None)


def _key(store: TenantStore, secret: bytes) -> PersonKey:
    tenant = UUID(store.tenant_id).bytes
    return PersonKey(
        key=hmac.digest(secret, _PURPOSE + tenant, "sha256"),
        seal=hmac.digest(secret, _SEALS + tenant, "sha512"),
    )
