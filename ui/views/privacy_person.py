"""Data protection: a person searched, what is known exported, the person erased."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.jobs import ERASE, enqueue
from core.services.accounts import Role
from core.services.erasure import CHOSEN_REASONS, REASONS, FoundPerson, ask_erasure, find_people
from core.services.person_export import person_link
from core.services.person_summary import PersonSummary, person_summary
from core.store.person_rows import ConsentVersion
from ui.i18n import _, format_number, format_short_date, ngettext_
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.plain import plain

_ASKED = "privacy_asked"
PERSON_TERM = "privacy_term"
"""Under which key of the session the search keeps what is looked for."""


def draw_person(session: UiSession) -> None:
    """Draw the search and what can be done for who was found."""
    if st.session_state.pop(_ASKED, None):
        st.session_state[PERSON_TERM] = ""  # the person is on the way out
        st.success(_("The erasure is entered and goes on by itself. Its state is under Erasures."))
    term = st.text_input(
        _("Address or customer code"),
        help=_("The whole address or the whole code; what belongs to both is found by either."),
        placeholder=_("lea@example.com or C00042"),
        width=420,
        key=PERSON_TERM,
    ).strip()
    if not term:
        st.caption(_("Search somebody to see what is known, to export it or to erase it."))
        return
    found = find_people(session.store, session.actor, term)
    if found is None:
        st.caption(_("Nothing is known under this code or address."))
        return
    _draw_found(session, found)


def _draw_found(session: UiSession, found: FoundPerson) -> None:
    summary = person_summary(session.store, session.actor, found)
    st.markdown(f"**{plain(found.term)}**")
    _draw_who(found)
    figures_row(_figures(summary))
    draw_consent(summary.consent)
    with st.container(horizontal=True):
        st.link_button(
            _("Export everything as JSON"),
            person_link(session.store, found.term),
            key="privacy_export",
        )
        if session.actor.role is Role.ADMIN:
            _draw_erase(session, found)
    if session.actor.role is not Role.ADMIN:
        st.caption(_("An administrator may erase this person."))


def _draw_who(found: FoundPerson) -> None:
    codes = ngettext_("%(count)s customer code", "%(count)s customer codes", len(found.customers))
    addresses = ngettext_(
        "%(count)s address that nobody else has",
        "%(count)s addresses that nobody else has",
        len(found.addresses),
    )
    st.text(f"{codes} · {addresses}")
    st.text("\n".join((*found.customers, *found.addresses)))


def _figures(summary: PersonSummary) -> list[Figure]:
    return [
        Figure(label=_("Versions of the record"), value=format_number(summary.versions)),
        Figure(label=_("Sale lines"), value=format_number(summary.sale_lines)),
        Figure(label=_("Contacts"), value=format_number(summary.contacts)),
        Figure(label=_("Recommendations"), value=format_number(summary.recommendations)),
    ]


def draw_consent(consent: Sequence[ConsentVersion]) -> None:
    """Draw what each version of the record says of consent, the newest first."""
    st.header(_("Consent"), anchor=False)
    if not consent:
        st.caption(_("No record of this person: nothing is known of a consent."))
        return
    titles = {
        "customer": _("Customer"),
        "state": _("E-mail"),
        "phone": _("Telephone"),
        "source": _("Source of the consent"),
        "date": _("Date of the consent"),
        "wording": st.column_config.TextColumn(_("Wording of the consent"), width="large"),
    }
    rows = [_consent_row(version) for version in consent]
    show_rows(rows, titles, key="privacy_consent", alt=_("Consent by version, the newest first"))


def _consent_row(version: ConsentVersion) -> dict[str, Any]:
    return {
        "customer": version.customer,
        "state": _("Opted out") if version.email_opt_out else _("Not opted out"),
        "phone": None if version.phone_consent is None else _yes_no(version.phone_consent),
        "source": version.consent_source,
        "date": format_short_date(version.consent_date) if version.consent_date else None,
        "wording": version.consent_wording,
    }


def _yes_no(value: bool) -> str:
    return _("Yes") if value else _("No")


def _draw_erase(session: UiSession, found: FoundPerson) -> None:
    people = max(len(found.customers), 1)
    label = ngettext_("Erase %(count)s person", "Erase %(count)s people", people)
    with st.popover(label):
        st.markdown(
            _(
                "Everything goes: record and history, contacts, lists, messages, the rows in"
                " received files, the contact at Brevo. Sales stay as anonymous lines. Nobody can"
                " undo it, and no file brings the person back."
            )
        )
        with st.form("privacy_erase", border=False):
            reason = st.selectbox(
                _("Why"),
                CHOSEN_REASONS,
                format_func=lambda code: _(REASONS[code]),
                key="privacy_reason",
            )
            typed = st.text_input(
                _("Type the address or code once more"), key="privacy_confirmation"
            )
            is_asked = st.form_submit_button(label, type="primary", key="privacy_erase_send")
        if is_asked:
            with error_boundary():
                _ask(session, found.term, reason, typed or "")


def _ask(session: UiSession, term: str, reason: str, typed: str) -> None:
    request_id = ask_erasure(session.store, session.actor, term, reason=reason, confirmation=typed)
    enqueue(session.store, session.actor, ERASE, request_id)
    st.session_state[_ASKED] = True
    st.rerun()
