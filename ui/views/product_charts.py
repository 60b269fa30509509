"""Products: sales by month, and how long customers wait before they buy again."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.products import GAP_BOUNDS
from ui.charts import show_chart
from ui.i18n import _, format_month, format_number, format_quantity, titled
from ui.theme import tokens

_MONTHS = 24


def draw_months(months: Sequence[tuple[str, int]], last: date) -> None:
    """Draw the units of each of the last 24 months; a month without any is zero."""
    sold = dict(months)
    days = [_month_before(last, back) for back in reversed(range(_MONTHS))]
    units = [sold.get(f"{day:%Y-%m}", 0) for day in days]
    titles = [format_month(day) for day in days]
    figure = go.Figure(
        go.Bar(
            x=[f"{day:%m/%Y}" for day in days],
            y=[one / 1000 for one in units],
            marker={"color": tokens().primary},
            hovertemplate=titled("%{x}", "%{y:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "nticks": 4, "tickangle": 0},
        yaxis={"title": {"text": _("units")}},
    )
    data = pd.DataFrame({_("Month"): titles, _("Units"): list(map(format_quantity, units))})
    show_chart(figure, _("When is it bought?"), key="product_months", data=data)


def _month_before(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)


def draw_gaps(gaps: Sequence[int], usual: int | None) -> None:
    """Draw how many of the gaps between two purchases of a customer are how long."""
    question = _("After how long is it bought again?")
    if usual is None:
        st.markdown(f"**{question}**")
        st.caption(_("Nobody has bought it on two days yet."))
        return
    titles = [_gap_title(place) for place in range(len(gaps))]
    figure = go.Figure(
        go.Bar(
            x=titles,
            y=list(gaps),
            text=list(map(format_number, gaps)),
            textposition="outside",
            cliponaxis=False,
            marker={"color": tokens().primary},
            hovertemplate=titled("%{x}", "%{y:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        margin={"t": 24},
        xaxis={"title": {"text": _("days between two purchases")}, "type": "category"},
        yaxis={"title": {"text": _("times")}},
    )
    data = pd.DataFrame({_("Days"): titles, _("Times"): list(gaps)})
    show_chart(figure, question, key="product_gaps", data=data)
    st.caption(_("Half of the gaps are no longer than %(days)s days.", days=format_number(usual)))


def _gap_title(place: int) -> str:
    if place == len(GAP_BOUNDS):
        return _("over %(days)s", days=format_number(GAP_BOUNDS[-1]))
    low = GAP_BOUNDS[place - 1] + 1 if place else 1
    return f"{format_number(low)}–{format_number(GAP_BOUNDS[place])}"
