"""The sign-in form, and the way from it to the cookie.

A page cannot set an HttpOnly cookie: after the check the browser is sent, with a one-time
ticket, to `/auth/enter`, which sets it and leads back to the address that was asked for.
"""

import json

import streamlit as st

from core.errors import CrmError
from core.services.sign_in import sign_in, sign_out
from core.services.sign_in_steps import Stage, next_step, switch_tenant
from ui.client import read_client
from ui.i18n import _, current_language, declare_language
from ui.navigation import LOGO
from ui.password import check_password
from ui.session import app_store, session_token
from ui.sign_in_steps import draw_codes_left_to_note, draw_step, forget_enrolment
from ui.views.plain import plain

_TICKET = "sign_in_ticket"
_SAID = "sign_in_said"
_HERE = "window.location.pathname + window.location.search"
_ENTER = """
<script>
    window.location.replace(
        "/auth/enter?ticket=" + encodeURIComponent({ticket})
        + "&next=" + encodeURIComponent({target})
    );
</script>
"""
_LEAVE = """
<script>
    fetch("/auth/leave", {method: "POST"}).finally(() => window.location.replace("/"));
</script>
"""


def draw_sign_in() -> None:
    """Draw the form, then what else is owed; at the end, send the browser to its session."""
    left, middle, _right = st.columns([1, 1.2, 1])
    with left:
        declare_language()
    with middle:
        st.image(str(LOGO), width=56, alt=_("ia-crm"))
        st.title(_("Sign in"), anchor=False)
        st.caption(_("Whom to write to, about which product, and why."))
        if session_token() and _TICKET not in st.session_state:
            st.info(_("Your session has ended. Sign in, and you are back on this page."))
        if _SAID in st.session_state:
            st.error(st.session_state.pop(_SAID).sentence(current_language(), plain))
        if _TICKET in st.session_state:
            _go_on(st.session_state[_TICKET])
        else:
            _draw_form()


def _draw_form() -> None:
    with st.form("sign_in"):
        username = st.text_input(_("User name"), key="sign_in_username", autocomplete="username")
        password = st.text_input(
            _("Password"),
            type="password",
            key="sign_in_password",
            autocomplete="current-password",
        )
        is_sent = st.form_submit_button(_("Sign in"), type="primary", width="stretch")
    if is_sent:
        _begin(username, password)


def _begin(username: str, password: str) -> None:
    address, is_direct = read_client()
    try:
        ticket = sign_in(
            app_store(), username, password, address, is_direct=is_direct, check=check_password
        )
        is_ready = next_step(app_store(), ticket).stage is Stage.ENTER
    except CrmError as error:
        st.error(error.sentence(current_language(), plain))
        return
    if is_ready:
        _enter(ticket, _HERE)
        return
    st.session_state[_TICKET] = ticket
    st.rerun()


def _go_on(ticket: str) -> None:
    """Draw what the ticket owes next, or enter; what has expired begins again."""
    if draw_codes_left_to_note():
        return
    try:
        step = next_step(app_store(), ticket)
    except CrmError as error:
        st.session_state[_SAID] = error
        _begin_again()
        st.rerun()
    if step.stage is Stage.ENTER:
        _begin_again()
        _enter(ticket, _HERE)
        return
    draw_step(app_store(), ticket, step)
    st.button(_("Begin again"), key="sign_in_again", on_click=_begin_again, type="tertiary")


def _begin_again() -> None:
    st.session_state.pop(_TICKET, None)
    forget_enrolment()


def _enter(ticket: str, target: str) -> None:
    script = _ENTER.replace("{ticket}", json.dumps(ticket)).replace("{target}", target)
    st.html(script, unsafe_allow_javascript=True)


def go_to_company(tenant_id: str) -> None:
    """Open a session in another company in place of this one, and forget what this window holds."""
    ticket = switch_tenant(app_store(), session_token(), tenant_id)
    st.session_state.clear()
    _enter(ticket, json.dumps("/"))
    st.stop()


def leave() -> None:
    """Revoke the session, forget what this window holds, and lead back to the form."""
    sign_out(app_store(), session_token())
    st.session_state.clear()
    st.html(_LEAVE, unsafe_allow_javascript=True)
    st.stop()
