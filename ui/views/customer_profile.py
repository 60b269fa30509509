"""Customers: one customer from all sides."""

from typing import Any

import streamlit as st

from core.contracts import FileKind, RunVersion
from core.services.accounts import Role
from core.services.customer_view import CustomerView, EarlierList, customer_view
from core.services.person_export import person_link
from core.services.review_desk import decisions_about
from ui.i18n import (
    _,
    format_date,
    format_language,
    format_money,
    format_number,
    format_short_date,
)
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import number_column, show_rows
from ui.views.customer_bought import draw_bought
from ui.views.customer_edit import draw_customer_edit
from ui.views.customer_list import draw_list
from ui.views.customer_panel import draw_issues
from ui.views.customer_radar import draw_radar
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.customer_taste import draw_taste
from ui.views.customer_timeline import draw_timeline
from ui.views.hand_saved import draw_last_change
from ui.views.plain import plain
from ui.views.privacy_person import PERSON_TERM, draw_consent
from ui.views.review_words import verdict_title
from ui.views.row_history import draw_row_history
from ui.views.words import scenario_title, segment_title, state_title


def draw_profile(session: UiSession, customer: str) -> None:
    """Draw one customer: figures, timeline, tastes, prices, lists, audit, consent."""
    if st.button(_("Back to the customers"), icon=":material/arrow_back:", key="customers_back"):
        del st.query_params[CUSTOMER_PARAM]
        st.rerun()
    view = customer_view(session.store, customer, language=session.language)
    st.header(plain(view.name or customer), anchor=False)
    _draw_head(view)
    draw_customer_edit(session, customer)
    draw_last_change(session)
    figures_row(_figures(view, session.tenant.currency))
    draw_timeline(view, view.as_of, view.silence_days)
    left, right = st.columns(2)
    with left:
        draw_radar(view.taste)
    with right:
        draw_taste(view.taste)
    draw_bought(view, session.tenant.currency)
    _draw_now(session, view)
    _draw_earlier(view.earlier)
    if session.may_work:
        draw_consent(view.consent)
        _draw_rights(session, customer)
        draw_row_history(session, FileKind.CLIENTS, customer)


def _draw_head(view: CustomerView) -> None:
    person = view.person
    language = format_language(person["language"]) if person["language"] else None
    known = (
        view.customer,
        person["email"],
        person["phone"],
        person["postal_code"],
        person["country"],
        language,
    )
    st.text(" · ".join(part for part in known if part))
    if view.detail is not None:
        verdict = view.detail.verdict
        st.text(
            " · ".join(
                (
                    verdict_title(verdict),
                    segment_title(verdict.segment),
                    state_title(verdict.state),
                )
            )
        )
    st.caption(_("Everything is shown as of %(day)s.", day=format_date(view.as_of)))


def _figures(view: CustomerView, currency: str) -> list[Figure]:
    verdict = None if view.detail is None else view.detail.verdict
    score = None if verdict is None else verdict.audit_score
    return [
        Figure(
            label=_("Net revenue, 24 months"),
            value=format_money(verdict.value_cents if verdict else None, currency),
        ),
        Figure(label=_("Audit score"), value=format_number(score)),
        Figure(label=_("Products bought"), value=format_number(len(view.bought))),
        Figure(label=_("Last purchase"), value=format_short_date(view.last_sale)),
    ]


def _draw_now(session: UiSession, view: CustomerView) -> None:
    if view.run is None or view.detail is None:
        st.caption(_("The last run does not know this customer yet: launch one to have a list."))
        return
    run_id, version = view.run.run_id, RunVersion.REVIEWED
    about = decisions_about(session.store, run_id, view.customer)
    draw_list(session, run_id, view.detail, about, version)
    draw_issues(view.detail)


def _draw_earlier(earlier: tuple[EarlierList, ...]) -> None:
    if not earlier:
        return
    question = _("What was proposed before?")
    st.markdown(f"**{question}**")
    titles: dict[str, Any] = {
        "as_of": _("Run as of"),
        "rank": number_column(_("Rank")),
        "product": st.column_config.TextColumn(_("Product"), width="medium"),
        "scenario": _("Scenario"),
        "why": st.column_config.TextColumn(_("Why"), width="large"),
    }
    rows = [
        {
            "as_of": format_short_date(listed.run.as_of),
            "rank": item.rank,
            "product": item.product_name,
            "scenario": scenario_title(item.scenario),
            "why": item.explain_short,
        }
        for listed in earlier
        for item in listed.items
    ]
    show_rows(rows, titles, key="customer_earlier", alt=question)


def _draw_rights(session: UiSession, customer: str) -> None:
    with st.container(horizontal=True):
        st.link_button(
            _("Export everything as JSON"),
            person_link(session.store, customer),
            key="customer_export",
        )
        if session.actor.role is Role.ADMIN and st.button(
            _("Erase this person"), key="customer_erase", help=_("It opens Data protection.")
        ):
            st.session_state[PERSON_TERM] = customer
            st.switch_page("../pages/privacy.py")
