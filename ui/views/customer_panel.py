"""One customer of a run: verdict, purchases and contacts over time, the list, the issues."""

import streamlit as st

from core.contracts import RunVersion, Severity
from core.services.review_desk import decisions_about
from core.services.run_records import CustomerDetail, Issue
from core.services.run_reports import customer_of_run, run_of
from ui.i18n import _, format_language, format_money, format_number, titled
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.views.customer_list import draw_list
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.customer_taste import draw_taste
from ui.views.customer_timeline import draw_timeline
from ui.views.plain import plain
from ui.views.review_customer import draw_review
from ui.views.review_words import verdict_title
from ui.views.words import segment_title, severity_choice, severity_title, state_title

_WIDTH = 880
_COLOURS = {Severity.ERROR: "red", Severity.WARN: "orange", Severity.INFO: "gray"}


def draw_customer(
    session: UiSession,
    run_id: str,
    customer: str,
    version: RunVersion = RunVersion.REVIEWED,
) -> None:
    """Open one customer of the run beside the page; closing clears the address."""
    detail = customer_of_run(
        session.store, run_id, customer, version=version, language=session.language
    )
    run = run_of(session.store, run_id, version=version)
    about = decisions_about(session.store, run_id, customer)
    title = plain(detail.verdict.name or customer)

    @st.dialog(title, width=_WIDTH, position="right", on_dismiss=_close)
    def panel() -> None:
        with error_boundary():
            _draw_head(detail, session.tenant.currency)
            if version is RunVersion.REVIEWED:
                draw_review(session, run_id, detail, about)
            draw_issues(detail)
            draw_list(session, run_id, detail, about, version)
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
                verdict_title(verdict),
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


def draw_issues(detail: CustomerDetail) -> None:
    """Draw what the audit found about a customer, each issue with its remedy."""
    if not detail.issues:
        st.caption(_("The audit found nothing to say about this customer."))
        return
    question = _("What did the audit find?")
    st.markdown(f"**{question}**")
    for issue in detail.issues:
        _draw_issue(issue)


def _draw_issue(issue: Issue) -> None:
    is_repair = "repaired_by" in issue.details
    sentence = issue.sentence
    if issue.product_key:
        sentence = titled(plain(issue.product_name or issue.product_key), sentence)
    title = severity_title(issue.severity) if is_repair else severity_choice(issue.severity)
    badge = f":{_COLOURS[Severity(issue.severity)]}-badge[{title}]"
    remedy = _repair_title(issue) if is_repair else issue.remedy
    st.markdown(f"{badge} {sentence} :gray[{remedy}]")


def _repair_title(issue: Issue) -> str:
    if issue.details["repaired_by"] is None:
        return _("It was taken out of the list, and no other product was left for its place.")
    return _("It was taken out of the list, and the next product put in its place.")
