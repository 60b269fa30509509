"""Insights: who bought first in one quarter, and who of them came back in each one after it."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.insights import Cohort, Cohorts, cohorts_of
from core.services.run_records import RunCard
from ui.charts import heat_map, show_chart
from ui.i18n import _, format_number, format_percent, format_quarter, titled
from ui.session import UiSession
from ui.theme import tokens
from ui.views.insights_view import say_nothing_counted, say_run

_ROW, _FRAME = 32, 90


def draw_cohorts(session: UiSession) -> None:
    """Draw the newest cohorts of the last run, and in words how many come back at once."""
    found = cohorts_of(session.store)
    if found.run is None or found.figures is None:
        say_nothing_counted(found.run)
        return
    if found.figures.again_at_once is not None:
        st.markdown(
            _(
                "Of those who bought for the first time, %(share)s bought again in the quarter"
                " after.",
                share=format_percent(found.figures.again_at_once),
            )
        )
    _draw_heat_map(found.figures)
    _say_bounds(found.figures, found.run)


def _draw_heat_map(cohorts: Cohorts) -> None:
    shown = [one for one in cohorts.cohorts if one.again]
    question = _("Who buys for the first time: how many buy again in the quarters after?")
    if not shown:
        st.markdown(f"**{question}**")
        st.caption(_("Nobody bought before this quarter, so nobody can have come back yet."))
        return
    width = max(len(one.again) for one in shown)
    shares = [[_share(one, after) for after in range(width)] for one in shown]
    figure = go.Figure(
        heat_map(
            x=[str(after + 1) for after in range(width)],
            y=[format_quarter(one.quarter) for one in shown],
            z=[[None if share is None else 100 * share for share in row] for row in shares],
            text=[["" if s is None else format_number(100 * s) for s in row] for row in shares],
            textfont={"size": 11, "color": tokens().ink},
            hovertext=[[_said(one, after) for after in range(width)] for one in shown],
            hovertemplate=titled("%{y}", "%{hovertext}<extra></extra>"),
            hoverongaps=False,
        )
    )
    figure.update_layout(
        xaxis={
            "type": "category",
            "title": {"text": _("quarters after, in percent of the customers")},
        },
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    show_chart(
        figure,
        question,
        key="insights_cohorts",
        data=_data(cohorts),
        written={
            _("Customers"): format_number,
            _("Bought again"): format_number,
            _("Share"): format_percent,
        },
        height=_FRAME + _ROW * len(shown),
    )


def _share(cohort: Cohort, after: int) -> float | None:
    known = after < len(cohort.again) and cohort.customers
    return cohort.again[after] / cohort.customers if known else None


def _said(cohort: Cohort, after: int) -> str:
    if after >= len(cohort.again):
        return ""
    counts = {"again": cohort.again[after], "customers": cohort.customers}
    filled = {name: format_number(count) for name, count in counts.items()}
    if after == len(cohort.again) - 1:
        return _("%(again)s of %(customers)s so far", **filled)
    return _("%(again)s of %(customers)s", **filled)


def _data(cohorts: Cohorts) -> pd.DataFrame:
    """Return a row for each cohort and quarter after it, that of the first purchase included."""
    cells = [
        (one, after, count)
        for one in cohorts.cohorts
        for after, count in enumerate((one.customers, *one.again))
    ]
    return pd.DataFrame(
        {
            _("First purchase"): [format_quarter(one.quarter) for one, _after, _count in cells],
            _("Quarters after"): [after for _one, after, _count in cells],
            _("Customers"): [one.customers for one, _after, _count in cells],
            _("Bought again"): pd.array(
                [count if after else None for _one, after, count in cells], dtype="Int64"
            ),
            _("Share"): [
                count / one.customers if after and one.customers else None
                for one, after, count in cells
            ],
        }
    )


def _say_bounds(cohorts: Cohorts, run: RunCard) -> None:
    st.caption(
        _(
            "The last quarter, %(last)s, is counted up to the date of the run. Your sales begin in"
            " %(since)s: whoever bought then may have bought before.",
            last=format_quarter(run.as_of),
            since=format_quarter(cohorts.since),
        )
    )
    say_run(run)
