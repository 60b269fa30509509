"""Users: who may sign in for the company, added, invited, changed, shut out."""

import streamlit as st

from core.services.users import list_invitations, list_members
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header
from ui.views.users_add import open_add
from ui.views.users_demand import draw_demand
from ui.views.users_invitations import draw_invitations
from ui.views.users_list import choose_member, draw_figures
from ui.views.users_member import draw_member
from ui.views.users_tokens import draw_tokens


def draw_button() -> None:
    """Draw the page's primary action, which opens the form."""
    if st.button(_("Add a user"), type="primary", key="users_add"):
        open_add(session)


session = require_session()
with error_boundary():
    people = list_members(session.store, session.actor)
    page_header(
        _("Users"),
        _("Who may sign in for your company, and what may each do?"),
        action=draw_button,
    )
    draw_figures(people)
    member = choose_member(session, people)
    if member is not None:
        draw_member(session, member)
    draw_demand(session, people)
    draw_invitations(session, list_invitations(session.store, session.actor))
    draw_tokens(session)
