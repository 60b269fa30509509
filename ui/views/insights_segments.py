"""Insights: the RFM grid, and the segments with the way to their customers."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.reco.segments import SEGMENTS, Segment
from core.services.insights import SEGMENT_ORDER, RfmCell, RfmGrid, rfm_grid_of
from ui.charts import heat_map, show_chart
from ui.i18n import _, format_money, format_number, format_percent, titled
from ui.session import UiSession
from ui.tables import choose_row, money_column, number_column, percent_column
from ui.theme import tokens
from ui.views.customers_list import SEGMENT
from ui.views.insights_view import say_nothing_counted, say_run
from ui.views.words import segment_title

_GRID_HEIGHT = 400


def draw_segments(session: UiSession) -> None:
    """Draw the grid of the last run, then its segments; a click on one leads to its customers."""
    found = rfm_grid_of(session.store)
    if found.run is None or found.figures is None or not found.figures.cells:
        say_nothing_counted(found.run)
        return
    grid = found.figures
    _draw_grid(grid, session.tenant.currency)
    st.caption(
        _(
            "Scores go from 1 to 5; 5 is the fifth that bought last, or most often. Equal values"
            " have equal scores, so a score may be missing. Purchases and revenue are those of"
            " %(months)s months.",
            months=format_number(grid.months),
        )
    )
    _draw_segments(grid, session.tenant.currency)
    say_run(found.run)


def _draw_grid(grid: RfmGrid, currency: str) -> None:
    rows, columns = sorted(grid.days), sorted(grid.documents)
    cells = [[_of_cell(grid, r, f) for f in columns] for r in rows]
    counts = [[_customers(cell) for cell in row] for row in cells]
    figure = go.Figure(
        heat_map(
            x=[_range(grid.documents[f]) for f in columns],
            y=[_range(grid.days[r]) for r in rows],
            z=counts,
            text=[[_label(grid, cell) for cell in row] for row in cells],
            textfont={"color": tokens().ink},
            hovertext=[[_said(cell, currency) for cell in row] for row in cells],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={
            "type": "category",
            "title": {
                "text": _("purchases in %(months)s months", months=format_number(grid.months))
            },
        },
        yaxis={
            "type": "category",
            "showgrid": False,
            "title": {"text": _("days since the last purchase")},
        },
    )
    show_chart(
        figure,
        _("How many customers bought how lately and how often, and what do they bring in?"),
        key="insights_rfm",
        data=_grid_data(grid),
        written={
            _("Customers"): format_number,
            _("Revenue"): lambda amount: format_money(round(100 * amount), currency),
        },
        height=_GRID_HEIGHT,
    )


def _of_cell(grid: RfmGrid, recency: int, frequency: int) -> list[RfmCell]:
    return [one for one in grid.cells if (one.recency, one.frequency) == (recency, frequency)]


def _customers(cells: Sequence[RfmCell]) -> int:
    return sum(cell.customers for cell in cells)


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    return format_number(low) if low == high else f"{format_number(low)}–{format_number(high)}"


def _label(grid: RfmGrid, cells: Sequence[RfmCell]) -> str:
    """Return what stands in a cell: its customers and their share of the revenue."""
    revenue = sum(cell.cents for cell in grid.cells)
    if not cells:
        return ""
    share = format_percent(sum(cell.cents for cell in cells) / revenue, 0) if revenue > 0 else ""
    return f"{format_number(_customers(cells))}<br>{share}"


def _said(cells: Sequence[RfmCell], currency: str) -> str:
    """Return what is said of a cell: revenue, then the segments that it holds."""
    if not cells:
        return _("nobody")
    money = format_money(sum(cell.cents for cell in cells), currency)
    ordered = sorted(cells, key=lambda one: SEGMENT_ORDER.index(one.segment))
    parts = [titled(segment_title(one.segment), format_number(one.customers)) for one in ordered]
    return "<br>".join([titled(_("Revenue"), money), *parts])


def _grid_data(grid: RfmGrid) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("Days since the last purchase"): [_range(grid.days[c.recency]) for c in grid.cells],
            _("Purchases"): [_range(grid.documents[c.frequency]) for c in grid.cells],
            _("Segment"): [segment_title(c.segment) for c in grid.cells],
            _("Customers"): [c.customers for c in grid.cells],
            _("Revenue"): [c.cents / 100 for c in grid.cells],
        }
    )


def _draw_segments(grid: RfmGrid, currency: str) -> None:
    question = _("Which segments are there, and what do they bring in?")
    st.markdown(f"**{question}**")
    named = [segment.name for segment in SEGMENTS]
    rows = [_segment_row(grid, segment) for segment in SEGMENTS]
    titles: dict[str, Any] = {
        "segment": st.column_config.TextColumn(_("Segment"), width=200),
        "customers": number_column(_("Customers")),
        "share": percent_column(_("Share")),
        "cents": money_column(_("Revenue"), currency),
        "cents_share": percent_column(_("Share of revenue")),
        "scores": st.column_config.TextColumn(
            _("Scores R, F, M"),
            help=_("Recency, frequency and revenue. The first segment that fits names, from top."),
        ),
    }
    chosen = choose_row(rows, titles, key="insights_segments", alt=question)
    st.caption(
        _(
            "A click shows the customers of a segment. A cell of the grid may hold several"
            " segments, for they follow revenue too. Prospects, who have bought nothing:"
            " %(count)s.",
            count=format_number(grid.prospects),
        )
    )
    if chosen is not None:
        st.switch_page("../pages/customers.py", query_params={SEGMENT: named[chosen]})


def _segment_row(grid: RfmGrid, segment: Segment) -> dict[str, Any]:
    cells = [cell for cell in grid.cells if cell.segment == segment.name]
    cents, revenue = (sum(cell.cents for cell in found) for found in (cells, grid.cells))
    return {
        "segment": segment_title(segment.name),
        "customers": _customers(cells),
        "share": _customers(cells) / grid.customers,
        "cents": cents,
        "cents_share": cents / revenue if revenue > 0 else None,
        "scores": _scores(segment),
    }


def _scores(segment: Segment) -> str:
    """Return what a segment asks of the three scores: `4–5, 1–2, 1–5`."""
    bounds = zip(segment.least, segment.greatest, strict=True)
    return ", ".join(_range(pair) for pair in bounds)
