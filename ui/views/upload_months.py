"""Upload, third step: the rows of each month, there now and after loading."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.contracts import FileKind
from core.services.import_warnings import months_text
from ui.charts import show_chart
from ui.i18n import _, current_language, format_money, format_month, titled
from ui.theme import tokens

_FEW = 6
_SHOWN = 60  # months; the table behind the chart has them all

Lines = Sequence[Mapping[str, Any]]


def draw_months(report: Mapping[str, Any]) -> None:
    """Draw the months of the sales and of the contacts, whichever the files bring."""
    kinds = {file["kind"] for file in report["files"] if "rows_in" in file}
    for kind, question, axis in (
        (FileKind.SALES, _("How many sale lines does each month have?"), _("sale lines")),
        (FileKind.CONTACTS, _("How many contacts does each month have?"), _("contacts")),
    ):
        lines = report["months"][kind] if kind in kinds else []
        if lines:
            _draw_chart(lines, question, axis, kind, report["currency"])


def _draw_chart(lines: Lines, question: str, axis: str, kind: str, currency: str) -> None:
    shown = lines[-_SHOWN:]
    figure, colours = go.Figure(), tokens()
    series = [(_("after loading"), "rows_after", colours.primary)]
    if any(line["rows_before"] for line in lines):
        series.insert(0, (_("there now"), "rows_before", colours.muted))
    for title, field, colour in series:
        figure.add_bar(
            name=title,
            x=[f"{line['month']}-01" for line in shown],
            y=[line[field] for line in shown],
            customdata=[_month(line["month"]) for line in shown],
            marker={"color": colour},
            opacity=0.5 if field == "rows_before" else 1,
            hovertemplate=titled("%{customdata}", f"%{{y:,}} {title}<extra></extra>"),
        )
    missing = [line["month"] for line in shown if not line["rows_after"]]
    if kind == FileKind.SALES:
        _mark(figure, missing)
    figure.update_layout(
        barmode="group",
        bargap=0.15,
        showlegend=len(series) > 1,
        legend={"traceorder": "normal"},
        # Plotly puts more ticks than months under a few bars, two of one name.
        xaxis={"tickformat": "%m/%Y", "dtick": "M1" if len(shown) <= _FEW else None},
        yaxis={"title": {"text": axis}},
    )
    show_chart(
        figure,
        question,
        key=f"review_months_{kind}",
        data=_table(lines, kind, currency),
        height=300,
    )
    if missing and kind == FileKind.SALES:
        listed = months_text(missing, current_language())
        st.caption(_("Months without any sale: %(months)s.", months=listed))


def _mark(figure: go.Figure, months: Sequence[str]) -> None:
    """Shade the months in which nothing was sold."""
    for month in months:
        start = pd.Timestamp(f"{month}-01")
        figure.add_vrect(
            x0=start - pd.Timedelta(days=15),
            x1=start + pd.Timedelta(days=15),
            fillcolor=tokens().bad,
            opacity=0.18,
            line_width=0,
            layer="below",
        )


def _table(lines: Lines, kind: str, currency: str) -> pd.DataFrame:
    columns = {
        _("Month"): [_month(line["month"]) for line in lines],
        _("Rows there now"): [line["rows_before"] for line in lines],
        _("Rows after loading"): [line["rows_after"] for line in lines],
    }
    if kind == FileKind.SALES:
        columns[_("Amount there now")] = [format_money(m["amount_before"], currency) for m in lines]
        columns[_("Amount after loading")] = [
            format_money(m["amount_after"], currency) for m in lines
        ]
    return pd.DataFrame(columns)


def _month(month: str) -> str:
    return format_month(date.fromisoformat(f"{month}-01"))
