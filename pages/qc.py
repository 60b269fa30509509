"""Quality control: what the audit found, down to one customer."""

import streamlit as st

from core.services.run_reports import gating_history, lowest_scores, qc_of, run_of
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, figures_row, page_header
from ui.tables import choose_page, no_rows
from ui.views.customer_panel import draw_customer
from ui.views.customer_table import CUSTOMER_PARAM, choose_customer
from ui.views.export_people import draw_report_button
from ui.views.qc_charts import (
    clicked_value,
    draw_gating,
    draw_issues,
    draw_reasons,
    draw_repairs,
)
from ui.views.qc_figures import quality_figures
from ui.views.qc_filters import (
    REASON,
    RULE,
    SCORE,
    Filters,
    draw_filters,
    read_filters,
    set_filter,
)
from ui.views.run_charts import draw_scores
from ui.views.runs_list import choose_run

_PAGE = 20


def draw_charts(run_id: str, filters: Filters) -> None:
    """Draw the charts; a clicked bar becomes a filter."""
    quality = qc_of(session.store, run_id, language=session.language)
    gate = run_of(session.store, run_id).summary["policy"]["audit"]["gate_score"]
    figures_row(quality_figures(session, run_id, quality))
    draw_report_button(session, run_id, key="qc_report")
    left, right = st.columns(2)
    with left:
        event = draw_scores(quality, gate, key=f"qc_scores_{filters.key}", is_clickable=True)
        reason = draw_reasons(quality, key=f"qc_reasons_{filters.key}")
    with right:
        rule = draw_issues(quality, key=f"qc_issues_{filters.key}")
        draw_repairs(quality, key="qc_repairs")
        draw_gating(gating_history(session.store))
    for name, value in ((SCORE, clicked_value(event)), (RULE, rule), (REASON, reason)):
        if value is not None:
            set_filter(name, value)


def draw_lowest(run_id: str, filters: Filters) -> None:
    """Draw the customers with the lowest scores, a page at a time."""
    st.subheader(_("Which customers have the lowest scores?"), anchor=False)
    draw_filters(filters)
    wanted = {
        "rule": filters.rule,
        "reason": filters.reason,
        "score_from": filters.score,
        "score_to": filters.score_to,
    }
    place = st.container()
    total = lowest_scores(session.store, run_id, limit=0, **wanted).total
    offset = choose_page(total, _PAGE, key="qc_page")
    page = lowest_scores(session.store, run_id, limit=_PAGE, offset=offset, **wanted)
    shown = st.query_params.get(CUSTOMER_PARAM)
    with place:
        if page.verdicts:
            key = f"qc_lowest_{filters.key}_{offset}"
            choose_customer(page.verdicts, session.tenant.currency, key=key, shown=shown)
        else:
            no_rows()
    if shown is not None:
        draw_customer(session, run_id, shown)


session = require_session()
page_header(_("Quality control"), _("What did the audit find, and who must not be written to?"))
with error_boundary():
    run = choose_run(session, page="qc")
    if run is not None:
        draw_charts(run.run_id, read_filters())
        draw_lowest(run.run_id, read_filters())
