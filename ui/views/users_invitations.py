"""Users: the invitations that wait."""

from collections.abc import Sequence

import streamlit as st

from core.services.users import Invitation, withdraw_invitation
from ui.i18n import _, format_moment
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row
from ui.views.users_add import open_invite
from ui.views.users_words import role_title


def draw_invitations(session: UiSession, waiting: Sequence[Invitation]) -> None:
    """Draw the invitations of the company, the way to make one, and the way to take one back."""
    st.header(_("Who is invited?"), anchor=False)
    st.caption(
        _("Who signs in for another company already is invited, and keeps name and password.")
    )
    if st.button(_("Invite"), key="users_invite"):
        open_invite(session)
    if waiting:
        _draw_waiting(session, waiting)


def _draw_waiting(session: UiSession, waiting: Sequence[Invitation]) -> None:
    titles = {"username": _("User name"), "role": _("Role"), "since": _("Invited")}
    rows = [
        {
            "username": one.username,
            "role": role_title(one.role),
            "since": format_moment(one.invited_at, session.tenant.time_zone),
        }
        for one in waiting
    ]
    chosen = choose_row(rows, titles, key="users_invited", alt=_("Invitations, by name"))
    if chosen is not None and st.button(_("Withdraw the invitation"), key="users_withdraw"):
        with error_boundary():
            withdraw_invitation(session.store, session.actor, waiting[chosen].username)
            st.rerun()
