"""The signed-in user of a page, found again at every rerun from the browser's cookie."""

from dataclasses import dataclass, field

import streamlit as st

from core.logs import TENANT, bind_further
from core.services.accounts import Actor, Role, includes
from core.services.instance import app_store
from core.services.sign_in import Session, cookie_name, session_of
from core.store.tenant import Tenant, TenantStore
from ui.i18n import settle_language

__all__ = ["UiSession", "app_store", "current_session", "session_token"]

_HELD_FOR = "held_for"


@dataclass(frozen=True, kw_only=True)
class UiSession:
    """Who looks at the page, for which tenant, in which language; `token` is that of the cookie."""

    actor: Actor
    tenant: Tenant
    store: TenantStore
    language: str
    token: str = field(default="", repr=False)

    @property
    def may_work(self) -> bool:
        """True when what an analyst does is shown; the service decides again."""
        return includes(self.actor.role, Role.ANALYST)


def session_token() -> str:
    """Return the token in the cookie the browser sent, empty when it sent none."""
    return st.context.cookies.to_dict().get(cookie_name(app_store().settings), "")


def current_session() -> UiSession | None:
    """Return the session of this browser, or None; a revoked one ends at the next rerun."""
    store = app_store()
    token = session_token()
    session = session_of(store, token)
    if session is None:
        settle_language(chosen=None, default=None)
        return None
    bind_further(**{TENANT: session.tenant.tenant_id})
    _forget_others(session)
    language = settle_language(chosen=session.chosen_language, default=session.tenant.language)
    return UiSession(
        actor=session.actor,
        tenant=session.tenant,
        store=store.tenant_store(session.tenant),
        language=language,
        token=token,
    )


def _forget_others(session: Session) -> None:
    """Forget what this window held for another company or user.

    A window that lost its connection comes back with what it held and with the cookie of now,
    by which another window may have gone on into another company.
    """
    holder = f"{session.tenant.tenant_id} {session.actor.user_id}"
    if st.session_state.setdefault(_HELD_FOR, holder) != holder:
        st.session_state.clear()
        st.session_state[_HELD_FOR] = holder
