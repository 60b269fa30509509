"""The signed-in user of a page, found again at every rerun from the browser's cookie."""

from dataclasses import dataclass

import streamlit as st

from core.services.accounts import Actor
from core.services.instance import app_store
from core.services.sign_in import SESSION_COOKIE, session_of
from core.store.tenant import Tenant, TenantStore
from ui.i18n import settle_language

__all__ = ["UiSession", "app_store", "current_session", "session_token"]


@dataclass(frozen=True, kw_only=True)
class UiSession:
    """Who looks at the page, for which tenant, in which language."""

    actor: Actor
    tenant: Tenant
    store: TenantStore
    language: str


def session_token() -> str:
    """Return the token in the cookie the browser sent, empty when it sent none."""
    return st.context.cookies.to_dict().get(SESSION_COOKIE, "")


def current_session() -> UiSession | None:
    """Return the session of this browser, or None; a revoked one ends at the next rerun."""
    store = app_store()
    session = session_of(store, session_token())
    if session is None:
        settle_language(chosen=None, default=None)
        return None
    language = settle_language(chosen=session.chosen_language, default=session.tenant.language)
    return UiSession(
        actor=session.actor,
        tenant=session.tenant,
        store=store.tenant_store(session.tenant),
        language=language,
    )
