"""One customer of a run: verdict, purchases and contacts over time, the list, the issues."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.contracts import Severity
from core.i18n import N_
from core.services.run_records import CustomerDetail, Issue, Item
from core.services.run_reports import customer_of_run, run_of
from ui.i18n import _, format_language, format_money, format_number
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.tables import money_column, number_column, show_rows
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.customer_taste import draw_taste
from ui.views.customer_timeline import draw_timeline
from ui.views.plain import plain
from ui.views.words import (
    reason_title,
    scenario_title,
    segment_title,
    severity_choice,
    severity_title,
    state_title,
)

_COMPONENTS: Mapping[str, str] = {
    "affinity": N_("Affinity"),
    "due": N_("Due"),
    "popularity": N_("Popularity"),
    "price_fit": N_("Price fit"),
    "family_fit": N_("Family fit"),
    "season": N_("Season"),
    "margin": N_("Margin"),
}
_WIDTH = 880
_COLOURS = {Severity.ERROR: "red", Severity.WARN: "orange", Severity.INFO: "gray"}


def draw_customer(session: UiSession, run_id: str, customer: str) -> None:
    """Open one customer of the run beside the page; closing clears the address."""
    detail = customer_of_run(session.store, run_id, customer, language=session.language)
    run = run_of(session.store, run_id)
    title = plain(detail.verdict.name or customer)

    @st.dialog(title, width=_WIDTH, position="right", on_dismiss=_close)
    def panel() -> None:
        with error_boundary():
            _draw_head(detail, session.tenant.currency)
            _draw_issues(detail)
            _draw_list(detail, session.tenant.currency)
            draw_taste(detail.taste)
            window = run.summary["policy"]["audit"]["silence_window_days"]
            draw_timeline(detail, run.card.as_of, window)

    panel()


def _close() -> None:
    st.query_params.pop(CUSTOMER_PARAM, None)


def _draw_head(detail: CustomerDetail, currency: str) -> None:
    verdict = detail.verdict
    language = format_language(detail.language) if detail.language else None
    known = (verdict.customer, detail.email, language)
    st.text(" · ".join(part for part in known if part))
    st.text(
        " · ".join(
            (
                reason_title(verdict.reason),
                segment_title(verdict.segment),
                state_title(verdict.state),
            )
        )
    )
    figures_row(
        [
            Figure(label=_("Audit score"), value=format_number(verdict.audit_score)),
            Figure(
                label=_("Net revenue, 24 months"),
                value=format_money(verdict.value_cents, currency),
            ),
        ]
    )


def _draw_issues(detail: CustomerDetail) -> None:
    if not detail.issues:
        st.caption(_("The audit found nothing to say about this customer."))
        return
    question = _("What did the audit find?")
    st.markdown(f"**{question}**")
    for issue in detail.issues:
        _draw_issue(issue)


def _draw_issue(issue: Issue) -> None:
    product = f" {plain(issue.product_name or issue.product_key)}:" if issue.product_key else ""
    is_repair = "repaired_by" in issue.details
    title = severity_title(issue.severity) if is_repair else severity_choice(issue.severity)
    badge = f":{_COLOURS[Severity(issue.severity)]}-badge[{title}]"
    if is_repair:
        remedy = _("It was taken out of the list, and the next product put in its place.")
    else:
        remedy = issue.remedy
    st.markdown(f"{badge}{product} {issue.sentence} :gray[{remedy}]")


def _draw_list(detail: CustomerDetail, currency: str) -> None:
    if not detail.items:
        st.caption(_("There is nothing to recommend to this customer."))
        return
    question = _("What is proposed, and why?")
    st.markdown(f"**{question}**")
    titles: dict[str, Any] = {
        "rank": number_column(_("Rank")),
        "product": st.column_config.TextColumn(_("Product"), width=175),
        "scenario": _("Scenario"),
        "why": st.column_config.TextColumn(_("Why"), width=285),
        "price": money_column(_("Price"), currency),
        "family": _("Family"),
        "score": number_column(
            _("Score"),
            digits=3,
            explanation=_("Between 0 and 1: how well the product fits."),
        ),
    }
    rows = [_row(item) for item in detail.items]
    show_rows(rows, titles, key="customer_items", alt=question, has_long_texts=True)
    with st.expander(_("How the scores are made")):
        _draw_components(detail)


def _row(item: Item) -> dict[str, Any]:
    return {
        "rank": item.rank,
        "product": item.product_name,
        "why": item.explain_short,
        "scenario": scenario_title(item.scenario),
        "family": item.family,
        "price": item.price_cents,
        "score": item.score,
    }


def _draw_components(detail: CustomerDetail) -> None:
    st.caption(
        _("Each part is between 0 and 1; the score is their sum, weighted as the policy says.")
    )
    titles: dict[str, Any] = {"product": _("Product")}
    for name, title in _COMPONENTS.items():
        titles[name] = number_column(_(title), digits=2)
    rows = [
        {"product": item.product_name, **item.reasons.get("components", {})}
        for item in detail.items
    ]
    show_rows(rows, titles, key="customer_components", alt=_("How the scores are made"))
