"""The shell around every page: guard, navigation, language, sign-out."""

from typing import Literal

import streamlit as st

from core.services.accounts import Role
from core.services.own_account import own_tenants
from ui.appearance import follow_appearance
from ui.guard import require_session
from ui.i18n import _, declare_language
from ui.layout import error_boundary
from ui.navigation import FAVICON, LOGO, register_pages
from ui.session import UiSession, app_store, current_session
from ui.sign_in import go_to_company, leave
from ui.theme import draw_corrections
from ui.views.account_language import draw_language
from ui.views.plain import plain


def draw_account(session: UiSession) -> None:
    """Draw who is signed in, the ways to other companies and languages, and the way out."""
    with st.sidebar:
        st.caption(f"{plain(session.tenant.name)} · {plain(session.actor.username)}")
        draw_companies(session)
        draw_language(session, "shell")
        if st.button(_("Sign out"), key="shell_sign_out", width="stretch"):
            leave()
        declare_language()
        follow_appearance()


def draw_companies(session: UiSession) -> None:
    """Draw the choice among the companies of a user who belongs to several."""
    names = {tenant.tenant_id: tenant.name for tenant in own_tenants(app_store(), session.actor)}
    here = session.tenant.tenant_id
    if len(names) < 2 or here not in names:
        return
    chosen = st.selectbox(
        _("Company"),
        list(names),
        index=list(names).index(here),
        format_func=names.__getitem__,
        key=f"shell_company_{here}",
    )
    if chosen != here:
        with error_boundary():  # this company stays, with its way to My account
            go_to_company(chosen)


st.set_page_config(page_title="ia-crm", page_icon=str(FAVICON), layout="wide")
draw_corrections()
with error_boundary():
    found = current_session()
    # Registered before the form too, so that path and query survive the sign-in.
    role = found.actor.role if found else Role.VIEWER
    place: Literal["sidebar", "hidden"] = "sidebar" if found else "hidden"
    page = st.navigation(register_pages(role), position=place, expanded=True)
    current = require_session()
    st.logo(str(LOGO), size="large")
    draw_account(current)
    page.run()
