"""What may be owed after a right password: a code, a password, a company, a second factor."""

import streamlit as st

from core.errors import CrmError
from core.services.sign_in_steps import (
    Stage,
    Step,
    answer_code,
    begin_demanded_factor,
    choose_first_password,
    choose_tenant,
    confirm_demanded_factor,
)
from core.store.tenant import Store
from ui.client import read_client
from ui.i18n import _, current_language
from ui.views.factor_enrolment import draw_enrolment, draw_recovery_codes
from ui.views.plain import plain

_BEGUN = "sign_in_factor"
_CODES = "sign_in_recovery_codes"


def draw_step(store: Store, ticket: str, step: Step) -> None:
    """Draw the form of one step; rerun when it is done."""
    draw = {
        Stage.CODE: _draw_code,
        Stage.PASSWORD: _draw_password,
        Stage.TENANT: _draw_tenants,
        Stage.FACTOR: _draw_factor,
    }[step.stage]
    try:
        is_done = draw(store, ticket, step)
    except CrmError as error:
        st.error(error.sentence(current_language(), plain))
        return
    if is_done:
        st.rerun()


def _draw_code(store: Store, ticket: str, _step: Step) -> bool:
    with st.form("sign_in_code"):
        code = st.text_input(
            _("Code"),
            key="sign_in_code_text",
            autocomplete="one-time-code",
            help=_("The six digits that your authenticator app shows, or a recovery code."),
        )
        is_sent = st.form_submit_button(_("Go on"), type="primary", width="stretch")
    if is_sent:
        answer_code(store, ticket, code, read_client()[0])
    return is_sent


def _draw_password(store: Store, ticket: str, step: Step) -> bool:
    st.info(_("This is an initial password. Choose one that only you know."))
    with st.form("sign_in_new"):
        st.text_input(
            _("User name"),
            value=step.username,
            disabled=True,
            autocomplete="username",
            key="sign_in_new_name",
        )
        new, again = draw_new_password("sign_in_new")
        is_sent = st.form_submit_button(_("Go on"), type="primary", width="stretch")
    if is_sent and new != again:
        st.error(_("The two passwords are not the same."))
        return False
    if is_sent:
        choose_first_password(store, ticket, new)
    return is_sent


def draw_new_password(key: str) -> tuple[str, str]:
    """Draw the two fields of a new password and return what stands in them."""
    new = st.text_input(
        _("New password"),
        type="password",
        key=f"{key}_password",
        autocomplete="new-password",
        help=_("At least 12 characters; a few words in a row are easy to keep in mind."),
    )
    again = st.text_input(
        _("New password again"),
        type="password",
        key=f"{key}_again",
        autocomplete="new-password",
    )
    return new or "", again or ""


def _draw_tenants(store: Store, ticket: str, step: Step) -> bool:
    names = {tenant.tenant_id: plain(tenant.name) for tenant in step.tenants}
    with st.form("sign_in_tenant"):
        chosen = st.radio(
            _("Company"), list(names), format_func=names.__getitem__, key="sign_in_tenant_choice"
        )
        is_sent = st.form_submit_button(_("Go on"), type="primary", width="stretch")
    if is_sent:
        choose_tenant(store, ticket, str(chosen))
    return is_sent


def _draw_factor(store: Store, ticket: str, _step: Step) -> bool:
    st.info(_("This company demands a second factor. Set one up: it takes a minute, once."))
    if _BEGUN not in st.session_state:
        st.session_state[_BEGUN] = begin_demanded_factor(store, ticket)
    code = draw_enrolment(st.session_state[_BEGUN], _BEGUN)
    if code is None:
        return False
    codes = confirm_demanded_factor(store, ticket, code, read_client()[0])
    del st.session_state[_BEGUN]
    st.session_state[_CODES] = codes
    return True


def draw_codes_left_to_note() -> bool:
    """Draw the recovery codes of a factor just set up, until the person goes on; False without."""
    if _CODES not in st.session_state:
        return False
    draw_recovery_codes(st.session_state[_CODES])
    st.button(_("Go on"), key="sign_in_noted", on_click=_forget_codes, type="primary")
    return True


def _forget_codes() -> None:
    del st.session_state[_CODES]


def forget_enrolment() -> None:
    """Forget the key that was begun: another sign-in begins another."""
    st.session_state.pop(_BEGUN, None)
