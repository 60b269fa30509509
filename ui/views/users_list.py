"""Users: how many there are, and the table to choose one from."""

from collections.abc import Sequence

import streamlit as st

from core.services.accounts import Role
from core.services.users import Member
from ui.i18n import _, format_moment, format_number
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import choose_row
from ui.views.users_words import role_title, state_title


def draw_figures(people: Sequence[Member]) -> None:
    """Draw how many may sign in, how many of them administer, how many are asked for a code."""
    active = [one for one in people if one.is_active]
    figures_row(
        [
            Figure(label=_("May sign in"), value=format_number(len(active))),
            Figure(
                label=_("Administrators"),
                value=format_number(sum(one.role is Role.ADMIN for one in active)),
            ),
            Figure(
                label=_("With a second factor"),
                value=format_number(sum(one.has_second_factor for one in active)),
                explanation=_("Each user switches it on, on the page of the own account."),
            ),
        ]
    )


def choose_member(session: UiSession, people: Sequence[Member]) -> Member | None:
    """Draw the users and return the one that was clicked."""
    st.header(_("Who belongs to the company?"), anchor=False)
    st.caption(_("Click a row to change what somebody may do."))
    titles = {
        "username": _("User name"),
        "role": _("Role"),
        "state": _("State"),
        "factor": _("Second factor"),
        "seen": _("Last used"),
    }
    rows = [
        {
            "username": one.username,
            "role": role_title(one.role),
            "state": state_title(one),
            "factor": _("Yes") if one.has_second_factor else _("No"),
            "seen": format_moment(one.seen_at, session.tenant.time_zone),
        }
        for one in people
    ]
    chosen = choose_row(rows, titles, key="users_table", alt=_("Users of the company, by name"))
    return None if chosen is None else people[chosen]
