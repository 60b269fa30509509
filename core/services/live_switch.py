"""Whether this instance may send at all: the first switch, and what every message needs."""

from urllib.parse import urlsplit

from pydantic import SecretStr

from core.errors import CrmError, Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.unsubscribe import token_secret
from core.store.tenant import TenantStore

_NOT_SET = N_("%(name)s is not set. Set it and start again.")


def brevo_key(store: TenantStore) -> SecretStr:
    """Return the key with which Brevo may be asked for anything.

    Raises `Refused` unless BREVO_DRY_RUN is exactly `0`, and without a key.
    """
    settings = store.store.settings
    if settings.is_dry_run:
        raise Refused(
            N_("Live sending is switched off here: BREVO_DRY_RUN is not 0. Nobody is contacted.")
        )
    if not settings.brevo_api_key:
        raise Refused(_NOT_SET, name="BREVO_API_KEY")
    return settings.brevo_api_key


def may_ask_brevo(store: TenantStore) -> bool:
    """Tell whether this instance may ask Brevo for anything."""
    try:
        brevo_key(store)
    except Refused:
        return False
    return True


def check_live(store: TenantStore) -> None:
    """Raise `Refused` unless Brevo may be asked (`brevo_key`) and all that a message needs is set.

    Raises `SettingsError` when TOKEN_SECRET is missing or too short, and for a key or an address of
    Brevo that cannot be used. No connection is opened.
    """
    key, settings = brevo_key(store), store.store.settings
    if not settings.brevo_sender_email:
        raise Refused(_NOT_SET, name="BREVO_SENDER_EMAIL")
    if urlsplit(settings.public_base_url).scheme != "https":
        raise Refused(
            N_(
                "PUBLIC_BASE_URL must begin with https://: mail programs unsubscribe by that"
                " address. Set it and start again."
            )
        )
    token_secret(settings, live=True)
    BrevoClient(key, settings.brevo_base_url).close()


def sends_live(store: TenantStore) -> bool:
    """Tell whether this instance sends live and has all that a message needs."""
    try:
        check_live(store)
    except CrmError:
        return False
    return True
