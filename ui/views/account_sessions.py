"""My account: where it is signed in."""

import streamlit as st

from core.services.own_account import OwnSession, end_session, own_sessions
from ui.client import read_client
from ui.i18n import _, format_moment
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row
from ui.views.account_password import ask_present


def draw_sessions(session: UiSession) -> None:
    """Draw the own sessions that are still good, and the way to end one."""
    st.header(_("Where are you signed in?"), anchor=False)
    st.caption(
        _(
            "A session ends 12 hours after its last use, and 7 days after it began. Click one that"
            " you do not know to end it, then change your password."
        )
    )
    store = session.store.store
    found = own_sessions(store, session.actor, session.token)
    titles = {
        "company": _("Company"),
        "began": _("Began"),
        "used": _("Last used"),
        "this": _("Where"),
    }
    rows = [_row(one, session.tenant.time_zone) for one in found]
    chosen = choose_row(rows, titles, key="account_sessions", alt=_("Your sessions"))
    if chosen is None or found[chosen].is_this:
        return
    with st.form("account_end_form", clear_on_submit=True):
        password = ask_present("account_end_password")
        is_sent = st.form_submit_button(_("End this session"), key="account_end")
    if is_sent:
        with error_boundary():
            end_session(store, session.actor, found[chosen].session_id, password, read_client()[0])
            st.rerun()


def _row(one: OwnSession, time_zone: str) -> dict[str, str]:
    return {
        "company": one.tenant_name,
        "began": format_moment(one.created_at, time_zone),
        "used": format_moment(one.seen_at, time_zone),
        "this": _("This window") if one.is_this else _("Elsewhere"),
    }
