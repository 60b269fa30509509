"""Users: the tokens that programs call the HTTP API with."""

from collections.abc import Sequence

import streamlit as st

from core.services.api_tokens import MOST_DAYS, ApiToken, create_token, list_tokens, revoke_token
from ui.i18n import _, format_moment
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row
from ui.views.users_words import ROLES, role_meanings, role_title

_USUAL_DAYS = 365


def draw_tokens(session: UiSession) -> None:
    """Draw the company's tokens, the way to make one, and the way to refuse one."""
    st.header(_("Which programs may call?"), anchor=False)
    st.caption(_("A program calls the HTTP API of this instance with a token: see /docs."))
    if st.button(_("Make a token"), key="users_token_make"):
        _open_form(session)
    tokens = list_tokens(session.store, session.actor)
    if tokens:
        _draw_list(session, tokens)


def _draw_list(session: UiSession, tokens: Sequence[ApiToken]) -> None:
    titles = {
        "name": _("Name"),
        "role": _("Role"),
        "state": _("State"),
        "created": _("Created"),
        "used": _("Last used"),
        "expires": _("Good until"),
    }
    rows = [_row(session, token) for token in tokens]
    alt = _("Tokens of programs, the newest first")
    chosen = choose_row(rows, titles, key="users_tokens", alt=alt)
    if chosen is None or not tokens[chosen].is_good:
        return
    if st.button(_("Revoke the token"), key="users_token_revoke"):
        with error_boundary():
            revoke_token(session.store, session.actor, tokens[chosen].token_id)
            st.rerun()


def _row(session: UiSession, token: ApiToken) -> dict[str, str]:
    zone = session.tenant.time_zone
    over = _("Revoked") if token.revoked_at else _("Expired")
    return {
        "name": token.name,
        "role": role_title(token.role),
        "state": _("Good") if token.is_good else over,
        "created": format_moment(token.created_at, zone),
        "used": format_moment(token.used_at, zone) if token.used_at else "",
        "expires": format_moment(token.expires_at, zone) if token.expires_at else "",
    }


def _open_form(session: UiSession) -> None:
    """Open the form that makes a token; its answer shows the token, once."""

    @st.dialog(_("Make a token"), on_dismiss="rerun")
    def form() -> None:
        place = st.empty()
        with place.form("users_token_form"):
            name = st.text_input(
                _("Name"),
                key="users_token_name",
                max_chars=60,
                autocomplete="off",
                help=_("What it is for, such as the program."),
            )
            role = st.radio(
                _("Role"),
                ROLES,
                index=0,
                format_func=role_title,
                help=role_meanings(),
                key="users_token_role",
            )
            days = st.number_input(
                _("Days"),
                min_value=1,
                max_value=MOST_DAYS,
                value=_USUAL_DAYS,
                key="users_token_days",
            )
            is_sent = st.form_submit_button(_("Make a token"), type="primary", width="stretch")
        if is_sent:
            with error_boundary():
                made = create_token(session.store, session.actor, name or "", role, days)
                place.empty()
                st.code(made.secret, language=None)
                st.caption(
                    _("It is shown once. Keep it where the program finds it, and nowhere else.")
                )

    form()
