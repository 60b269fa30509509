"""My account: the second factor."""

import streamlit as st

from core.services.second_factor import (
    Enrolment,
    FactorState,
    begin_second_factor,
    confirm_second_factor,
    factor_state,
    renew_recovery_codes,
    stop_second_factor,
)
from ui.client import read_client
from ui.i18n import _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.account_password import ask_present
from ui.views.factor_enrolment import draw_enrolment, draw_recovery_codes

_BEGUN = "account_factor_begun"
_CODES = "account_factor_codes"


def draw_factor(session: UiSession) -> None:
    """Draw whether a code is asked for at sign-in, and the way to change it."""
    st.header(_("Second factor"), anchor=False)
    state = factor_state(session.store.store, session.actor)
    if _CODES in st.session_state:
        draw_recovery_codes(st.session_state.pop(_CODES))
    if state.is_on:
        _draw_on(session, state)
    elif _BEGUN in st.session_state:
        _draw_confirm(session, st.session_state[_BEGUN])
    else:
        _draw_begin(session)


def _draw_begin(session: UiSession) -> None:
    st.markdown(
        _(
            "Off. With it, signing in asks for a code of an authenticator app on your telephone"
            " too: a stolen password alone opens nothing."
        )
    )
    with st.form("account_factor_begin", clear_on_submit=True):
        password = ask_present("account_factor_password")
        is_sent = st.form_submit_button(_("Set it up"))
    if is_sent:
        with error_boundary():
            begun = begin_second_factor(
                session.store.store, session.actor, password, read_client()[0]
            )
            st.session_state[_BEGUN] = begun
            st.rerun()


def _draw_confirm(session: UiSession, begun: Enrolment) -> None:
    code = draw_enrolment(begun, "account_factor")
    if code is None:
        return
    with error_boundary():
        codes = confirm_second_factor(session.store.store, session.actor, code, read_client()[0])
        del st.session_state[_BEGUN]
        st.session_state[_CODES] = codes
        st.rerun()


def _draw_on(session: UiSession, state: FactorState) -> None:
    left = ngettext_(
        "On; %(count)s recovery code is left.",
        "On; %(count)s recovery codes are left.",
        state.codes_left,
    )
    st.markdown(left)
    with st.form("account_factor_on", clear_on_submit=True):
        password = ask_present("account_factor_password")
        code = st.text_input(
            _("Code"),
            key="account_factor_present_code",
            autocomplete="one-time-code",
            help=_("The six digits that your authenticator app shows, or a recovery code."),
        )
        with st.container(horizontal=True):
            renews = st.form_submit_button(_("New recovery codes"), key="account_factor_renew")
            stops = st.form_submit_button(_("Switch it off"), key="account_factor_stop")
    if not (renews or stops):
        return
    with error_boundary():
        given = (session.store.store, session.actor, password, code or "", read_client()[0])
        if renews:
            st.session_state[_CODES] = renew_recovery_codes(*given)
        else:
            stop_second_factor(*given)
        st.rerun()
