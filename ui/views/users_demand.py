"""Users: whether the company demands a second factor of everybody."""

from collections.abc import Sequence

import streamlit as st

from core.services.factor_demand import demand_factor, is_factor_demanded, lift_factor_demand
from core.services.users import Member
from ui.i18n import _, ngettext_
from ui.session import UiSession
from ui.views.users_member import confirm


def draw_demand(session: UiSession, people: Sequence[Member]) -> None:
    """Draw whether a second factor is demanded, and the button that changes it."""
    st.header(_("Does everybody need a second factor?"), anchor=False)
    if is_factor_demanded(session.store, session.actor):
        _draw_demanded(session)
    else:
        _draw_left_to_each(session, people)


def _draw_demanded(session: UiSession) -> None:
    st.markdown(_("Yes: who has none sets one up, after the password, before anything else opens."))
    if st.button(_("Demand it no more"), key="users_lift"):
        confirm(
            _("Demand it no more"),
            _("A stolen password alone then opens what belongs to whoever has no second factor."),
            lambda: lift_factor_demand(session.store, session.actor),
        )


def _draw_left_to_each(session: UiSession, people: Sequence[Member]) -> None:
    lacking = sum(one.is_active and not one.has_second_factor for one in people)
    own = next((one for one in people if one.user_id == session.actor.user_id), None)
    st.markdown(_("No: each user switches it on, or not, on the page My account."))
    is_open = own is not None and own.has_second_factor
    if st.button(_("Demand it of everybody"), key="users_demand", disabled=not is_open):
        confirm(
            ngettext_(
                "Demand it: %(count)s person has none yet",
                "Demand it: %(count)s people have none yet",
                lacking,
            ),
            _(
                "The sessions of these people end here at once. Their next sign-in leads them to"
                " set one up before anything opens."
            ),
            lambda: demand_factor(session.store, session.actor),
        )
    if not is_open:
        st.caption(_("Set up one of your own first, on the page My account."))
