"""The choice of the language, which stays with the user."""

import streamlit as st

from core.i18n import LANGUAGES
from core.services.accounts import choose_language
from ui.i18n import LANGUAGE_NAMES, _, remember_choice
from ui.session import UiSession


def draw_language(session: UiSession, place: str = "account") -> None:
    """Draw the languages there are; what is chosen is read from the next rerun on."""
    language = st.selectbox(
        _("Language"),
        LANGUAGES,
        index=LANGUAGES.index(session.language),
        format_func=LANGUAGE_NAMES.__getitem__,
        # A new key per language: the address may change it behind the widget's back.
        key=f"{place}_language_{session.language}",
    )
    if language != session.language:
        choose_language(session.store.store, session.actor, language)
        remember_choice(language)
        st.rerun()
