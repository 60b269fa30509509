"""Campaigns: what happened with a person, who must not be written to, and how that ends."""

from typing import Any

import streamlit as st

from core.services.suppressions import (
    MAX_REASON_CHARS,
    Lifted,
    Standing,
    contacts_of,
    lift,
    number_of_contacts,
    number_of_suppressions,
    people_beginning,
    standing_of,
    suppressions_of,
)
from core.store.contacts import ContactRow
from core.store.suppressions import SuppressionRow
from ui.i18n import _, format_moment, format_short_date, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page, choose_row, show_rows
from ui.views.campaigns_list import campaign_names
from ui.views.plain import plain
from ui.views.review_version import may_decide
from ui.views.words import contact_title, source_title, suppression_title

_PAGE = 20
_SAID = "people_said"


def draw_people(session: UiSession) -> None:
    """Draw the search, the suppressions, and the contact history of who was searched."""
    term = st.text_input(
        _("Address or customer code"),
        help=_("Its beginning is enough; what belongs to address and code is found by either."),
        placeholder=_("lea@example.com or C00042"),
        width=420,
        key="people_term",
    )
    meant = _choose_person(session, term.strip())
    _draw_suppressions(session, meant)
    _draw_contacts(session, meant)


def _choose_person(session: UiSession, term: str) -> str:
    """Draw who begins with `term` where several do; return whom it means, else `term`."""
    found = people_beginning(session.store, term, limit=_PAGE + 1)
    if len(found) <= 1:
        return found[0].term if found else term
    st.caption(
        _("More begin so than are shown: type more of it.")
        if len(found) > _PAGE
        else _("Several begin so. Click the one you mean.")
    )
    titles = {"customer": _("Customer"), "address": _("Address")}
    shown = [{"customer": k.customer, "address": k.email_norm} for k in found[:_PAGE]]
    chosen = choose_row(shown, titles, key=f"beginning_{term}", alt=_("Who begins so"))
    return term if chosen is None else found[chosen].term


def _draw_suppressions(session: UiSession, term: str) -> None:
    st.header(_("Who must not be written to?"), anchor=False)
    if _SAID in st.session_state:
        _draw_lifted(st.session_state.pop(_SAID))
    place = st.container()
    total = number_of_suppressions(session.store, term)
    offset = choose_page(total, _PAGE, key="suppression_page")
    rows = suppressions_of(session.store, term, limit=_PAGE, offset=offset)
    if term and all(row.lifted_at is not None for row in rows):
        with place:
            _draw_standing(standing_of(session.store, term))
    if not term:
        place.caption(
            _(
                "Soft bounces in a row hold back as well, and are not listed here: search a person"
                " to see."
            )
        )
    if not rows:
        return
    titles = {
        "customer": _("Customer"),
        "address": _("Address"),
        "reason": _("Reason"),
        "source": _("Told by"),
        "since": _("Since"),
        "state": _("State"),
    }
    with place:
        st.caption(_("Click a row to see more of it, or to lift it."))
        shown = [_suppression_row(row) for row in rows]
        key = f"suppressions_{term}_{offset}"
        chosen = choose_row(shown, titles, key=key, alt=_("Suppressions, the newest first"))
        if chosen is not None:
            _draw_suppression(session, rows[chosen])


def _draw_standing(standing: Standing) -> None:
    """Say of somebody without a suppression in force whether she is written to."""
    if standing == Standing.HELD_BACK:
        st.warning(
            _(
                "This customer is not written to: the record in your files says opted out, or the"
                " contacts below tell of soft bounces in a row."
            )
        )
    elif standing == Standing.OPEN:
        st.caption(_("Nothing forbids to write to this customer."))
    else:
        st.caption(_("No customer of your files has this address or code."))


def _suppression_row(row: SuppressionRow) -> dict[str, Any]:
    return {
        "customer": row.customer,
        "address": row.email_norm,
        "reason": suppression_title(row.reason),
        "source": source_title(row.source),
        "since": format_short_date(row.since),
        "state": _("In force") if row.lifted_at is None else _("Lifted"),
    }


def _draw_suppression(session: UiSession, row: SuppressionRow) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(row.email_norm or row.customer or '')}**")
        if row.lifted_at is not None:
            moment = format_moment(row.lifted_at, session.tenant.time_zone)
            st.text(
                _(
                    "Lifted by %(name)s on %(moment)s: %(reason)s",
                    name=row.lifted_by,
                    moment=moment,
                    reason=row.lifted_reason,
                )
            )
        elif may_decide(session):
            _draw_lift(session, row)
        else:
            st.caption(_("Your role lets you look. An analyst may lift it."))


def _draw_lift(session: UiSession, row: SuppressionRow) -> None:
    st.caption(
        _(
            "Lift it only when the customer asks for it: messages go there again from then on. Your"
            " name, the moment and the reason are kept. Who unsubscribes again is suppressed again."
        )
    )
    with st.form(f"lift_{row.suppression_id}", border=False):
        reason = st.text_input(
            _("Why may this customer be written to again?"),
            max_chars=MAX_REASON_CHARS,
            key=f"lift_reason_{row.suppression_id}",
        )
        is_asked = st.form_submit_button(_("Lift this suppression"), key="lift_send")
    if is_asked:
        with error_boundary():
            st.session_state[_SAID] = lift(
                session.store, session.actor, row.suppression_id, reason or ""
            )
            st.rerun()


def _draw_lifted(lifted: Lifted) -> None:
    """Say what was lifted, and what still holds her back."""
    st.success(
        ngettext_(
            "%(count)s suppression is lifted.", "%(count)s suppressions are lifted.", lifted.ended
        )
    )
    if lifted.left:
        sentence = ngettext_(
            "This customer is still not written to: %(count)s other suppression is in force.",
            "This customer is still not written to: %(count)s other suppressions are in force.",
            lifted.left,
        )
        st.warning(sentence)
    if lifted.opted_out:
        st.warning(
            _(
                "This customer is still not written to: the record in your files says opted out."
                " A clients file that says otherwise changes it."
            )
        )


def _draw_contacts(session: UiSession, term: str) -> None:
    st.header(_("What happened with this person?"), anchor=False)
    if not term:
        st.caption(_("Search an address or a customer code to see the contact history."))
        return
    place = st.container()
    offset = choose_page(number_of_contacts(session.store, term), _PAGE, key="contact_page")
    rows = contacts_of(session.store, term, limit=_PAGE, offset=offset)
    if not rows:
        place.caption(_("No contact is known of this address or code."))
        return
    names = campaign_names(session, {row.campaign for row in rows if row.campaign})
    titles = {
        "day": _("Day"),
        "what": _("What"),
        "customer": _("Customer"),
        "address": _("Address"),
        "campaign": _("Campaign"),
        "channel": _("Channel"),
    }
    with place:
        shown = [_contact_row(row, names) for row in rows]
        show_rows(shown, titles, key="contacts", alt=_("Contact history, the newest first"))


def _contact_row(row: ContactRow, names: dict[str, str]) -> dict[str, Any]:
    return {
        "day": format_short_date(row.contact_date),
        "what": contact_title(row.status),
        "customer": row.customer,
        "address": row.email_norm,
        "campaign": names.get(row.campaign or "", row.campaign),
        "channel": row.channel,
    }
