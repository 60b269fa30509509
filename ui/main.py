"""The shell around every page: guard, navigation, language, sign-out."""

import streamlit as st

from core.i18n import LANGUAGES
from core.services.accounts import choose_language
from ui.guard import require_session
from ui.i18n import LANGUAGE_NAMES, _, remember_choice
from ui.layout import error_boundary
from ui.navigation import FAVICON, LOGO, register_pages
from ui.session import UiSession, app_store, current_session
from ui.sign_in import leave


def draw_account(session: UiSession) -> None:
    """Draw who is signed in, the language switch and the way out."""
    with st.sidebar:
        st.caption(f"{session.tenant.name} · {session.actor.username}")
        st.selectbox(
            _("Language"),
            LANGUAGES,
            index=LANGUAGES.index(session.language),
            format_func=LANGUAGE_NAMES.__getitem__,
            key="shell_language",
            on_change=_change_language,
            args=(session,),
        )
        if st.button(_("Sign out"), key="shell_sign_out", width="stretch"):
            leave()


def _change_language(session: UiSession) -> None:
    language = st.session_state["shell_language"]
    choose_language(app_store(), session.actor, language)
    remember_choice(language)


st.set_page_config(page_title="ia-crm", page_icon=str(FAVICON), layout="wide")
with error_boundary():
    found = current_session()
    # Registered before the form too, so that path and query survive the sign-in.
    page = st.navigation(register_pages(), position="sidebar" if found else "hidden")
    current = require_session()
    st.logo(str(LOGO), size="large")
    draw_account(current)
    page.run()
