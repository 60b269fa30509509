"""Whether this instance may send at all: the first switch, and what every message needs."""

from urllib.parse import urlsplit

from core.errors import CrmError, Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.unsubscribe import token_secret
from core.store.tenant import TenantStore


def check_live(store: TenantStore) -> None:
    """Raise `Refused` unless BREVO_DRY_RUN is exactly `0` and all that a message needs is set.

    Raises `SettingsError` when TOKEN_SECRET is missing or too short, and for a key or an address of
    Brevo that cannot be used. No connection is opened.
    """
    settings = store.store.settings
    if settings.is_dry_run:
        raise Refused(
            N_("Live sending is switched off here: BREVO_DRY_RUN is not 0. Nobody is contacted.")
        )
    missing = [
        name
        for name, is_set in (
            ("BREVO_API_KEY", bool(settings.brevo_api_key)),
            ("BREVO_SENDER_EMAIL", bool(settings.brevo_sender_email)),
        )
        if not is_set
    ]
    if missing:
        raise Refused(N_("%(name)s is not set. Set it and start again."), name=missing[0])
    if urlsplit(settings.public_base_url).scheme != "https":
        raise Refused(
            N_(
                "PUBLIC_BASE_URL must begin with https://: mail programs unsubscribe by that"
                " address. Set it and start again."
            )
        )
    token_secret(settings, live=True)
    assert settings.brevo_api_key is not None
    BrevoClient(settings.brevo_api_key, settings.brevo_base_url).close()


def sends_live(store: TenantStore) -> bool:
    """Tell whether this instance sends live and has all that a message needs."""
    try:
        check_live(store)
    except CrmError:
        return False
    return True
