"""The sign-in form, and the way from it to the cookie.

A page cannot set an HttpOnly cookie: after the check the browser is sent, with a one-time
ticket, to `/auth/enter`, which sets it and leads back to the address that was asked for.
"""

import json

import streamlit as st

from core.errors import CrmError
from core.services.sign_in import sign_in, sign_out
from ui.i18n import _, current_language
from ui.navigation import LOGO
from ui.password import check_password
from ui.session import app_store, session_token
from ui.views.plain import plain

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")
_ENTER = """
<script>
    window.location.replace(
        "/auth/enter?ticket=" + encodeURIComponent({ticket})
        + "&next=" + encodeURIComponent(window.location.pathname + window.location.search)
    );
</script>
"""
_LEAVE = """
<script>
    fetch("/auth/leave", {method: "POST"}).finally(() => window.location.replace("/"));
</script>
"""


def draw_sign_in() -> None:
    """Draw the form; after a right password, send the browser on to its session."""
    _left, middle, _right = st.columns([1, 1.2, 1])
    with middle:
        st.image(str(LOGO), width=56, alt=_("ia-crm"))
        st.title(_("Sign in"), anchor=False)
        st.caption(_("Whom to write to, about which product, and why."))
        with st.form("sign_in"):
            username = st.text_input(
                _("User name"), key="sign_in_username", autocomplete="username"
            )
            password = st.text_input(
                _("Password"),
                type="password",
                key="sign_in_password",
                autocomplete="current-password",
            )
            is_sent = st.form_submit_button(_("Sign in"), type="primary", width="stretch")
        if is_sent:
            _enter(username, password)


def _enter(username: str, password: str) -> None:
    address, is_direct = read_client()
    try:
        ticket = sign_in(
            app_store(), username, password, address, is_direct=is_direct, check=check_password
        )
    except CrmError as error:
        st.error(error.sentence(current_language(), plain))
        return
    st.html(_ENTER.replace("{ticket}", json.dumps(ticket)), unsafe_allow_javascript=True)


def read_client() -> tuple[str, bool]:
    """Return the client's address and whether it reached a server bound to localhost directly."""
    address = str(st.context.ip_address or "127.0.0.1")  # None is Streamlit's word for loopback
    headers = st.context.headers
    host = str(headers.get("Host") or "localhost").rsplit(":", 1)[0]
    is_bound_here = st.get_option("server.address") in _LOOPBACK_NAMES
    is_proxied = any(name in headers for name in _PROXY_HEADERS)
    return address, is_bound_here and host in _LOOPBACK_NAMES and not is_proxied


def leave() -> None:
    """Revoke the session, forget what this window holds, and lead back to the form."""
    sign_out(app_store(), session_token())
    st.session_state.clear()
    st.html(_LEAVE, unsafe_allow_javascript=True)
    st.stop()
