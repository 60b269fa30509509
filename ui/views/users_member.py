"""Users: what an administrator may change about one of them."""

from collections.abc import Callable

import streamlit as st

from core.services.users import (
    Member,
    change_role,
    deactivate,
    end_sessions,
    reactivate,
    remove_member,
    reset_password,
    reset_second_factor,
)
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import bold, plain
from ui.views.users_add import draw_initial_password
from ui.views.users_words import ROLES, role_meanings, role_title


def draw_member(session: UiSession, member: Member) -> None:
    """Draw the role of a user and the ways to shut out, let in and help."""
    with st.container(border=True, key="users_member"):
        st.markdown(bold(plain(member.username)))
        _draw_role(session, member)
        with st.container(horizontal=True):
            _draw_access(session, member)
            _draw_help(session, member)


def _draw_role(session: UiSession, member: Member) -> None:
    role = st.segmented_control(
        _("Role"),
        ROLES,
        default=member.role,
        required=True,
        format_func=role_title,
        help=role_meanings(),
        key=f"users_role_{member.user_id}_{member.role}",
    )
    if role is not None and role is not member.role:
        with error_boundary():
            change_role(session.store, session.actor, member.user_id, role)
            st.rerun()


def _draw_access(session: UiSession, member: Member) -> None:
    if not member.is_active:
        _draw_act(_("Reactivate"), lambda: reactivate(session.store, session.actor, member.user_id))
        return
    if st.button(_("Deactivate"), key="users_deactivate"):
        confirm(
            _("Deactivate %(name)s", name=plain(member.username)),
            _("The sessions end at once, and signing in for this company is refused."),
            lambda: deactivate(session.store, session.actor, member.user_id),
        )
    if st.button(_("Remove"), key="users_remove"):
        confirm(
            _("Remove %(name)s", name=plain(member.username)),
            _("The sessions end at once. What this person did stays in the audit trail."),
            lambda: remove_member(session.store, session.actor, member.user_id),
        )


def _draw_help(session: UiSession, member: Member) -> None:
    if st.button(_("End the sessions"), key="users_end"):
        with error_boundary():
            end_sessions(session.store, session.actor, member.user_id)
            st.rerun()
    if st.button(_("Reset the password"), key="users_reset"):
        _open_reset(session, member)
    if member.has_second_factor and st.button(_("Reset the second factor"), key="users_factor"):
        confirm(
            _("Reset the second factor of %(name)s", name=plain(member.username)),
            _("Do this when the telephone is lost, and you are sure who asks for it."),
            lambda: reset_second_factor(session.store, session.actor, member.user_id),
        )


def _draw_act(label: str, act: Callable[[], object]) -> None:
    if st.button(label, key="users_act"):
        with error_boundary():
            act()
            st.rerun()


def confirm(title: str, sentence: str, act: Callable[[], object]) -> None:
    """Ask once, then act."""

    @st.dialog(title)
    def form() -> None:
        st.markdown(sentence)
        if st.button(title, type="primary", key="users_confirm", width="stretch"):
            with error_boundary():
                act()
                st.rerun()

    form()


def _open_reset(session: UiSession, member: Member) -> None:
    @st.dialog(_("Reset the password of %(name)s", name=plain(member.username)), on_dismiss="rerun")
    def form() -> None:
        place = st.empty()
        with place.container():
            st.markdown(
                _(
                    "Every session of this person ends, and an initial password takes the place of"
                    " the present one."
                )
            )
            is_sure = st.button(
                _("Reset the password"), type="primary", key="users_reset_yes", width="stretch"
            )
        if is_sure:
            with error_boundary():
                made = reset_password(session.store, session.actor, member.user_id)
                place.empty()
                draw_initial_password(made)

    form()
