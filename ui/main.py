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
from ui.theme import draw_corrections
from ui.views.plain import plain


def draw_account(session: UiSession) -> None:
    """Draw who is signed in, the language switch and the way out."""
    with st.sidebar:
        st.caption(f"{plain(session.tenant.name)} · {plain(session.actor.username)}")
        language = st.selectbox(
            _("Language"),
            LANGUAGES,
            index=LANGUAGES.index(session.language),
            format_func=LANGUAGE_NAMES.__getitem__,
            # A new key per language: the address may change it behind the widget's back.
            key=f"shell_language_{session.language}",
        )
        if language != session.language:
            choose_language(app_store(), session.actor, language)
            remember_choice(language)
            st.rerun()
        if st.button(_("Sign out"), key="shell_sign_out", width="stretch"):
            leave()


st.set_page_config(page_title="ia-crm", page_icon=str(FAVICON), layout="wide")
draw_corrections()
with error_boundary():
    found = current_session()
    # Registered before the form too, so that path and query survive the sign-in.
    page = st.navigation(register_pages(), position="sidebar" if found else "hidden")
    current = require_session()
    st.logo(str(LOGO), size="large")
    draw_account(current)
    page.run()
