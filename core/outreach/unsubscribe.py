"""The link by which a recipient unsubscribes: its token, its address, its message headers.

A token names a tenant and an address. It is encrypted and authenticated (AES-SIV, RFC 5297):
opaque to who sees the link, without a table behind it, without expiry, and the same for the same
person every time.
"""

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.errors import NotFound, SettingsError
from core.i18n import N_
from core.settings import MIN_SECRET_CHARS, Settings

DEVELOPMENT_KEY_FILE = ".secret"
_PURPOSE = b"ia-crm unsubscribe token, version 1"
_UUID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Unsubscriber:
    """Whom a token names."""

    tenant_id: str
    email_norm: str


def token_secret(settings: Settings, *, live: bool = False) -> bytes:
    """Return the secret that tokens are made with.

    Without TOKEN_SECRET a dry run, whose links reach nobody, uses a random one kept in the file
    `.secret` of the data directory (mode 0600). A live campaign then raises `SettingsError`, and
    so does a TOKEN_SECRET under 32 characters.
    """
    if settings.token_secret is None and not live:
        return _development_secret(settings.data_dir / DEVELOPMENT_KEY_FILE)
    secret = settings.token_secret.get_secret_value() if settings.token_secret else ""
    if len(secret) < MIN_SECRET_CHARS:
        raise SettingsError(
            N_(
                "TOKEN_SECRET is missing or too short: unsubscribe links need it."
                " Set it to at least %(count)s random characters and start again."
            ),
            count=MIN_SECRET_CHARS,
        )
    return secret.encode()


def accepted_secrets(settings: Settings) -> tuple[bytes, ...]:
    """Return the secrets whose tokens are taken: the present one, then TOKEN_SECRET_PREVIOUS.

    Nothing is made with the previous one, so it can be left out once what was made has gone.
    """
    previous = settings.token_secret_previous
    former = () if previous is None else (previous.get_secret_value().encode(),)
    return (token_secret(settings), *former)


def _development_secret(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
        try:
            path.hardlink_to(draft)  # of two starters one wins, and both read the winner's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def make_token(secret: bytes, tenant_id: str, email_norm: str) -> str:
    """Return the token of this tenant and address, safe inside a URL."""
    plain = UUID(tenant_id).bytes + email_norm.encode()
    sealed = _cipher(secret).encrypt(plain, None)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read_token(secrets_taken: Sequence[bytes], token: str) -> Unsubscriber:
    """Return whom `token` names; raise `NotFound` for one made with none of these secrets."""
    found = (_open(secret, token) for secret in secrets_taken)
    plain = next((one for one in found if one is not None), None)
    if plain is None:
        raise NotFound(N_("This unsubscribe link is not valid."))
    return Unsubscriber(
        tenant_id=str(UUID(bytes=plain[:_UUID_BYTES])), email_norm=plain[_UUID_BYTES:].decode()
    )


def _open(secret: bytes, token: str) -> bytes | None:
    try:
        sealed = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        return _cipher(secret).decrypt(sealed, None)
    except (ValueError, InvalidTag):
        return None


def _cipher(secret: bytes) -> AESSIV:
    return AESSIV(hmac.digest(secret, _PURPOSE, "sha512"))


def unsubscribe_url(base_url: str, token: str) -> str:
    """Return the address of the unsubscribe page of `token`."""
    return f"{base_url.rstrip('/')}/u/{token}"


def unsubscribe_headers(url: str) -> dict[str, str]:
    """Return the headers of one-click unsubscription (RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
