"""My account: the password."""

import streamlit as st

from core.services.own_account import change_password
from ui.client import read_client
from ui.i18n import _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.sign_in_steps import draw_new_password


def draw_password(session: UiSession) -> None:
    """Draw the form that changes the own password."""
    st.header(_("Password"), anchor=False)
    with st.form("account_password", clear_on_submit=True):
        present = ask_present("account_present")
        new, again = draw_new_password("account_new")
        is_sent = st.form_submit_button(_("Change the password"), type="primary")
    if is_sent and new != again:
        st.error(_("The two passwords are not the same."))
    elif is_sent:
        with error_boundary():
            _change(session, present, new)


def ask_present(key: str) -> str:
    """Draw the field of the present password and return what stands in it."""
    typed = st.text_input(
        _("Present password"), type="password", key=key, autocomplete="current-password"
    )
    return typed or ""


def _change(session: UiSession, present: str, new: str) -> None:
    store = session.store.store
    ended = change_password(store, session.actor, session.token, present, new, read_client()[0])
    st.success(_("Your password is changed."))
    if ended:
        st.caption(
            ngettext_(
                "%(count)s other session of yours has ended.",
                "%(count)s other sessions of yours have ended.",
                ended,
            )
        )
