"""Users: somebody new is added, somebody who has an account is invited."""

import streamlit as st

from core.services.accounts import Role
from core.services.users import InitialPassword, add_member, invite
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.users_words import ROLES, role_meanings, role_title


def open_add(session: UiSession) -> None:
    """Open the form that creates a user; its answer shows the initial password, once."""

    @st.dialog(_("Add a user"), on_dismiss="rerun")
    def form() -> None:
        place = st.empty()
        with place.form("users_add_form"):
            name = st.text_input(
                _("User name"),
                key="users_add_name",
                max_chars=64,
                autocomplete="off",
                help=_(
                    "The key of your company is put behind it: %(example)s.",
                    example=f"anne@{session.tenant.key}",
                ),
            )
            role = _choose_role("users_add_role")
            is_sent = st.form_submit_button(_("Add a user"), type="primary", width="stretch")
        if is_sent:
            with error_boundary():
                made = add_member(session.store, session.actor, name or "", role)
                place.empty()
                draw_initial_password(made)

    form()


def open_invite(session: UiSession) -> None:
    """Open the form that invites somebody who signs in for another company already."""

    @st.dialog(_("Invite"), on_dismiss="rerun")
    def form() -> None:
        st.markdown(
            _(
                "For somebody who signs in on this instance for another company. The invitation"
                " waits on the page of that account for 30 days, if there is one of this name."
            )
        )
        place = st.empty()
        with place.form("users_invite_form"):
            name = st.text_input(
                _("Whole user name"), key="users_invite_name", max_chars=128, autocomplete="off"
            )
            role = _choose_role("users_invite_role")
            is_sent = st.form_submit_button(_("Invite"), type="primary", width="stretch")
        if is_sent:
            with error_boundary():
                invite(session.store, session.actor, name or "", role)
                place.empty()
                st.success(_("The invitation waits."))

    form()


def _choose_role(key: str) -> Role:
    return st.radio(
        _("Role"), ROLES, index=0, format_func=role_title, help=role_meanings(), key=key
    )


def draw_initial_password(made: InitialPassword) -> None:
    """Show an initial password, which nobody can ask for again."""
    st.success(_("%(name)s may sign in with this password.", name=plain(made.username)))
    st.code(made.username, language=None)
    st.code(made.password, language=None)
    st.caption(
        _(
            "It is shown once. Hand it over by a safe way; at the first sign-in another one has to"
            " be chosen."
        )
    )
