"""The second factor: codes of an authenticator app (TOTP, RFC 6238) and recovery codes.

The secret is stored encrypted and bound to its user (AES-SIV), under a key made from TOKEN_SECRET.
With another TOKEN_SECRET, and without the former as TOKEN_SECRET_PREVIOUS, no code fits any more,
and only recovery codes or a reset lead in; a code that fits puts its secret under the new key.
"""

import hmac
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from core.errors import NotAllowed, Refused
from core.i18n import N_
from core.outreach.unsubscribe import accepted_secrets, token_secret
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_of_person
from core.services.sign_in import check_present
from core.services.tries import begin_try, end_well, sha256_of
from core.store import members, sessions
from core.store import second_factors as stored
from core.store.tenant import Store

STEP_SECONDS = 30
RECOVERY_CODES = 10
_DIGITS = 6
_SECRET_BYTES = 20
_CODE_BYTES = 10
_DRIFT = (0, -1, 1)  # steps: a clock may be half a minute off, and typing takes its time
_ISSUER = "ia-crm"
_PURPOSE = b"ia-crm second factor, version 1"

WRONG_CODE = N_("This code is not right, or was used before.")
_NONE_BEGUN = N_("No second factor was begun. Begin again.")
_ON_ALREADY = N_("The second factor is on already. Switch it off to set up another app.")


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What an authenticator app is given: the secret to type, or the address to open."""

    secret: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class FactorState:
    """Whether a second factor is asked for, and how many recovery codes are left."""

    is_on: bool
    codes_left: int


def factor_state(store: Store, actor: Actor) -> FactorState:
    """Return the state of the actor's own second factor."""
    require(actor, Role.VIEWER)
    with store.identity() as tx:
        factor = stored.find_factor(tx, actor.user_id)
        left = stored.count_recovery_codes(tx, actor.user_id)
    return FactorState(is_on=factor is not None and factor.is_confirmed, codes_left=left)


def begin_second_factor(
    store: Store, actor: Actor, password: str, client_address: str
) -> Enrolment:
    """Make a secret for the actor's app; it is asked for once a code of it has been given.

    Raises `NotAllowed` when this is not the present password, `Refused` when a factor is on.
    """
    require(actor, Role.VIEWER)
    check_present(store, actor, password, client_address)
    return draft_factor(store, actor.user_id, actor.username)


def confirm_second_factor(
    store: Store, actor: Actor, code: str, client_address: str
) -> tuple[str, ...]:
    """Switch the second factor on with a first code; return the recovery codes, shown once.

    Raises `NotAllowed` for a wrong code, whose tries are counted, `Refused` when none was begun.
    """
    require(actor, Role.VIEWER)
    return confirm_draft(store, actor.user_id, actor.username, code, client_address)


def draft_factor(store: Store, user_id: str, username: str) -> Enrolment:
    """Make a secret for the app of a user, whom the caller has asked for a password.

    Raises `Refused` when a factor is on.
    """
    secret = secrets.token_bytes(_SECRET_BYTES)
    with store.identity(write=True) as tx:
        standing = stored.find_factor(tx, user_id)
        if standing is not None and standing.is_confirmed:
            raise Refused(_ON_ALREADY)
        stored.store_draft(tx, user_id, _seal(store, user_id, secret))
    uri = _totp(secret).get_provisioning_uri(username, _ISSUER)
    return Enrolment(secret=b32encode(secret).decode(), uri=uri)


def confirm_draft(
    store: Store, user_id: str, username: str, code: str, client_address: str
) -> tuple[str, ...]:
    """Do what `confirm_second_factor` does, for a user who may have no session yet."""
    with store.identity() as tx:
        factor = stored.find_factor(tx, user_id)
    if factor is None or factor.is_confirmed:
        raise Refused(_NONE_BEGUN)
    attempt = begin_try(store, username, client_address, of_code=True)
    if not _takes_step(store, user_id, factor, code):
        raise NotAllowed(WRONG_CODE)
    end_well(store, attempt, enters=False)
    codes = _new_codes()
    with store.identity(write=True) as tx:
        if not stored.confirm_factor(tx, user_id, factor.secret_sealed, store.now()):
            raise Refused(_NONE_BEGUN)
        stored.store_recovery_codes(tx, user_id, [_code_sha256(code) for code in codes])
    record_of_person(store, user_id, Action.FACTOR_SET)
    return codes


def renew_recovery_codes(
    store: Store, actor: Actor, password: str, code: str, client_address: str
) -> tuple[str, ...]:
    """Return new recovery codes, shown once, in place of all earlier ones.

    Raises `NotAllowed` unless these are the present password and a code, as at signing in.
    """
    require(actor, Role.VIEWER)
    _check_both(store, actor, password, code, client_address)
    codes = _new_codes()
    with store.identity(write=True) as tx:
        factor = stored.find_factor(tx, actor.user_id)
        if factor is None or not factor.is_confirmed:
            raise Refused(_NONE_BEGUN)
        stored.store_recovery_codes(tx, actor.user_id, [_code_sha256(code) for code in codes])
    record_of_person(store, actor.user_id, Action.RECOVERY_CODES_RENEWED)
    return codes


def stop_second_factor(
    store: Store, actor: Actor, password: str, code: str, client_address: str
) -> None:
    """Ask for no code any more; raise `NotAllowed` unless password and code are right.

    The sessions end in companies that demand a second factor: there another has to be set up.
    """
    require(actor, Role.VIEWER)
    _check_both(store, actor, password, code, client_address)
    with store.identity(write=True) as tx:
        stored.delete_factor(tx, actor.user_id)
        for tenant in members.load_tenants_of(tx, actor.user_id):
            if stored.demands_factor(tx, tenant.tenant_id):
                sessions.revoke_sessions_of(
                    tx, actor.user_id, store.now(), tenant_id=tenant.tenant_id
                )
    record_of_person(store, actor.user_id, Action.FACTOR_REMOVED)


def _check_both(store: Store, actor: Actor, password: str, code: str, client_address: str) -> None:
    check_present(store, actor, password, client_address)
    attempt = begin_try(store, actor.username, client_address, of_code=True)
    if not check_code(store, actor.user_id, code):
        raise NotAllowed(WRONG_CODE)
    end_well(store, attempt, enters=False)


def check_code(store: Store, user_id: str, code: str) -> bool:
    """Tell whether this is the user's code of now or a recovery code, and use it up."""
    with store.identity() as tx:
        factor = stored.find_factor(tx, user_id)
    if factor is None or not factor.is_confirmed:
        return False
    if _takes_step(store, user_id, factor, code):
        return True
    with store.identity(write=True) as tx:
        return stored.take_recovery_code(tx, user_id, _code_sha256(code))


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a time step of 30 seconds.

    >>> code_at(b"12345678901234567890", 59 // STEP_SECONDS)
    '287082'
    """
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def _takes_step(store: Store, user_id: str, factor: stored.FactorRow, code: str) -> bool:
    """Tell whether `code` is that of a step of about now, and not of one used before."""
    typed = "".join(code.split())
    secret = _unseal(store, user_id, factor.secret_sealed)
    if secret is None or not (typed.isascii() and typed.isdigit()):
        return False
    now = int(store.now().timestamp()) // STEP_SECONDS
    steps = [now + d for d in _DRIFT if hmac.compare_digest(code_at(secret, now + d), typed)]
    anew = _seal(store, user_id, secret)  # under the present key, should it be another by now
    with store.identity(write=True) as tx:
        return any(stored.take_step(tx, user_id, step, factor, anew) for step in steps)


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what every app computes


def _new_codes() -> tuple[str, ...]:
    """Return recovery codes of 80 random bits: too many to guess, so a plain hash keeps them."""
    texts = [
        b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)
    ]
    return tuple("-".join(text[at : at + 4] for at in range(0, len(text), 4)) for text in texts)


def _code_sha256(code: str) -> str:
    return sha256_of("".join(char for char in code.lower() if char.isalnum()))


def _seal(store: Store, user_id: str, secret: bytes) -> str:
    cipher = _cipher(token_secret(store.settings))
    return urlsafe_b64encode(cipher.encrypt(secret, [user_id.encode()])).decode()


def _unseal(store: Store, user_id: str, sealed: str) -> bytes | None:
    for key in accepted_secrets(store.settings):
        try:
            return _cipher(key).decrypt(urlsafe_b64decode(sealed), [user_id.encode()])
        except (ValueError, InvalidTag):
            continue
    return None


def _cipher(key: bytes) -> AESSIV:
    return AESSIV(hmac.digest(key, _PURPOSE, "sha512"))
