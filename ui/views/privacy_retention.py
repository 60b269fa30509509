"""Data protection: how long people are kept, who has been kept that long, their erasure."""

from typing import Any

import streamlit as st

from core.jobs import ERASE, RETAIN, enqueue
from core.services.accounts import Actor, Role
from core.services.retention import (
    LEAST_MONTHS,
    MOST_MONTHS,
    RetentionPreview,
    ask_retention,
    due_people,
    preview_retention,
    set_retention_rule,
)
from core.store.retention import DuePerson, RetentionRule
from core.store.tenant import TenantStore
from ui.i18n import _, format_date, format_short_date, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page, show_rows
from ui.views.job_progress import follow_job

_PAGE = 20
_KEPT_SECONDS = 60  # of half a million people it takes seconds to count who is due


def draw_retention(session: UiSession) -> None:
    """Draw the rule, who is due by today, and the button that names how many go."""
    preview = _preview(session.tenant.tenant_id, session.actor, _store=session.store)
    st.markdown(
        _(
            "Prospects go %(prospects)s months after their last action, customers %(customers)s"
            " months after their last purchase or a later action. A purchase, a click, a call, the"
            " consent and the creation of the record are actions; to open a message is none.",
            prospects=preview.rule.prospect_months,
            customers=preview.rule.customer_months,
        )
    )
    is_admin = session.actor.role is Role.ADMIN
    if is_admin:
        _draw_rule(session, preview.rule)
    follow_job(session, RETAIN, session.tenant.tenant_id)
    if preview.people and is_admin:
        _draw_erase(session, preview)
    _draw_due(session, preview)


@st.cache_data(max_entries=50, ttl=_KEPT_SECONDS, show_spinner=False)
def _preview(
    tenant_id: str,  # noqa: ARG001
    actor: Actor,
    _store: TenantStore,
) -> RetentionPreview:
    return preview_retention(_store, actor)


def _draw_rule(session: UiSession, rule: RetentionRule) -> None:
    with st.expander(_("Change how long people are kept")), st.form("retention", border=False):
        limits = {"min_value": LEAST_MONTHS, "max_value": MOST_MONTHS, "step": 1}
        prospects = st.number_input(
            _("Months for prospects"), value=rule.prospect_months, key="keep_prospects", **limits
        )
        customers = st.number_input(
            _("Months for customers"), value=rule.customer_months, key="keep_customers", **limits
        )
        if st.form_submit_button(_("Save"), key="keep_save"):
            with error_boundary():
                changed = RetentionRule(prospect_months=prospects, customer_months=customers)
                set_retention_rule(session.store, session.actor, changed)
                _preview.clear()
                st.rerun()


def _draw_due(session: UiSession, preview: RetentionPreview) -> None:
    st.header(_("Who has been kept long enough?"), anchor=False)
    if not preview.people:
        st.caption(_("Nobody by today."))
        return
    place = st.container()
    offset = choose_page(preview.people, _PAGE, key="due_page")
    rows = due_people(session.store, session.actor, limit=_PAGE, offset=offset)
    titles = {
        "customer": _("Customer"),
        "kind": _("Kind"),
        "purchase": _("Last purchase"),
        "action": _("Last action"),
    }
    with place:
        st.caption(
            _(
                "Prospects without an action since %(prospects)s, customers since %(customers)s.",
                prospects=format_date(preview.since.prospects),
                customers=format_date(preview.since.customers),
            )
        )
        shown = [_due_row(person) for person in rows]
        show_rows(shown, titles, key=f"due_{offset}", alt=_("People who are due, by their codes"))


def _due_row(person: DuePerson) -> dict[str, Any]:
    return {
        "customer": person.customer,
        "kind": _("Prospect") if person.is_prospect else _("Customer"),
        "purchase": format_short_date(person.last_purchase) if person.last_purchase else None,
        "action": format_short_date(person.last_action) if person.last_action else None,
    }


def _draw_erase(session: UiSession, preview: RetentionPreview) -> None:
    label = ngettext_("Erase %(count)s person", "Erase %(count)s people", preview.people)
    with st.popover(label):
        st.markdown(_("They are erased everywhere, 200 at a time. Nobody can undo it."))
        with st.form("retention_erase", border=False):
            typed = st.number_input(
                _("Type the number of people"),
                min_value=0,
                step=1,
                value=None,
                key="retention_typed",
            )
            is_asked = st.form_submit_button(label, type="primary", key="retention_send")
        if is_asked:
            with error_boundary():
                _ask(session, int(typed or 0))


def _ask(session: UiSession, people: int) -> None:
    _preview.clear()
    request_id = ask_retention(session.store, session.actor, people=people)
    if request_id is not None:
        enqueue(session.store, session.actor, ERASE, request_id)
        enqueue(session.store, session.actor, RETAIN, session.tenant.tenant_id)
    st.rerun()
