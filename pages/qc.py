"""Quality control: what the audit found, down to one customer, and what is decided about it."""

import streamlit as st

from core.contracts import RunVersion
from core.services.run_records import RunCard
from core.services.run_reports import gating_history, qc_of, run_of
from ui.guard import require_session
from ui.i18n import _, format_number
from ui.layout import Figure, error_boundary, figures_row, page_header
from ui.views.customer_panel import draw_customer
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.export_people import draw_report_button
from ui.views.qc_charts import (
    clicked_value,
    draw_gating,
    draw_issues,
    draw_reasons,
    draw_repairs,
)
from ui.views.qc_figures import quality_figures
from ui.views.qc_filters import REASON, RULE, SCORE, Filters, read_filters, set_filter
from ui.views.qc_lowest import draw_lowest
from ui.views.review_decisions import draw_decisions
from ui.views.review_state import draw_waiting
from ui.views.review_version import choose_version, may_decide
from ui.views.run_charts import draw_scores
from ui.views.runs_launch import RUN_PARAM
from ui.views.runs_list import choose_run


def draw_charts(run_id: str, version: RunVersion, filters: Filters) -> None:
    """Draw the charts; a clicked bar becomes a filter."""
    quality = qc_of(session.store, run_id, version=version, language=session.language)
    summary = run_of(session.store, run_id, version=version).summary
    figures = quality_figures(session, run_id, quality, version)
    if summary.get("review"):
        figures.append(_rejected(summary["rejected"]))
    figures_row(figures)
    draw_report_button(session, run_id, version, key="qc_report")
    key = f"{version}_{filters.key}"
    left, right = st.columns(2)
    with left:
        gate = summary["policy"]["audit"]["gate_score"]
        event = draw_scores(quality, gate, key=f"qc_scores_{key}", is_clickable=True)
        reason = draw_reasons(quality, key=f"qc_reasons_{key}")
    with right:
        rule = draw_issues(quality, key=f"qc_issues_{key}")
        draw_repairs(quality, key="qc_repairs")
        draw_gating(gating_history(session.store))
    for name, value in ((SCORE, clicked_value(event)), (RULE, rule), (REASON, reason)):
        if value is not None:
            set_filter(name, value)


def _rejected(count: int) -> Figure:
    return Figure(
        label=_("Rejected in review"),
        value=format_number(count),
        explanation=_("Eligible customers whom no campaign of this run writes to."),
    )


def draw_run(run: RunCard) -> None:
    """Draw a run at one of its versions, the table of customers, and the decisions."""
    version = choose_version(run)
    opened = st.query_params.get(CUSTOMER_PARAM)
    if opened is None:
        draw_waiting(session, run.run_id, key="qc")
    filters = read_filters()
    draw_charts(run.run_id, version, filters)
    draw_lowest(session, run, version, filters)
    draw_decisions(session, run.run_id, is_editable=may_decide(session, version))
    if opened is not None:
        draw_customer(session, run.run_id, opened, version)


def draw_next(run: RunCard | None) -> None:
    """Draw what comes after the check: a campaign, when anybody may be written to."""
    if run is None or not run.eligible or not session.may_work:
        return
    if st.button(_("Prepare a campaign"), type="primary", key="qc_to_campaigns"):
        st.switch_page("../pages/campaigns.py", query_params={RUN_PARAM: run.run_id})


session = require_session()
header = st.container()
run = None
with error_boundary():
    run = choose_run(session, page="qc")
with header:
    page_header(
        _("Quality control"),
        _("What did the audit find, and who must not be written to?"),
        action=lambda: draw_next(run),
    )
with error_boundary():
    if run is not None:
        draw_run(run)
