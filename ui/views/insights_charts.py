"""Insights: charts of one backtest."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.contracts import Scenario
from ui.charts import percent_axis, show_chart
from ui.i18n import _, format_number, format_percent, titled
from ui.theme import scenario_colours, tokens
from ui.views.words import scenario_title, system_title

_BAR, _FRAME = 40, 90  # pixels of a bar, and of all around the bars
_OURS = ("recommender", "lists")


def draw_recall(systems: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw how much of what was bought each system names, ours in the colour of the house."""
    colours = tokens()
    titles = [system_title(one["system"]) for one in systems]
    figure = _bars(
        titles,
        [one["recall"] for one in systems],
        [colours.primary if one["system"] in _OURS else colours.muted for one in systems],
    )
    figure.update_layout(xaxis={**percent_axis(_("share of what was bought")), "nticks": 4})
    data = pd.DataFrame(
        {
            _("System"): titles,
            _("Recall"): [format_percent(one["recall"]) for one in systems],
            _("NDCG, full ideal"): [format_percent(one["ndcg_full"]) for one in systems],
        }
    )
    show_chart(
        figure,
        _("How much of what was bought next does each name?"),
        key=key,
        data=data,
        height=_FRAME + _BAR * len(titles),
    )


def draw_scenarios(scenarios: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw, by scenario, the share of the proposals that was bought."""
    colours = scenario_colours()
    titles = [scenario_title(one["scenario"]) for one in scenarios]
    figure = _bars(
        titles,
        [one["share"] for one in scenarios],
        [colours[Scenario(one["scenario"])] for one in scenarios],
    )
    figure.update_layout(xaxis={**percent_axis(_("share of the proposals")), "nticks": 4})
    data = pd.DataFrame(
        {
            _("Scenario"): titles,
            _("Proposed"): [format_number(one["named"]) for one in scenarios],
            _("Bought"): [format_number(one["found"]) for one in scenarios],
            _("Share"): [format_percent(one["share"]) for one in scenarios],
        }
    )
    show_chart(
        figure,
        _("Which proposals of the lists were bought?"),
        key=key,
        data=data,
        height=_FRAME + _BAR * len(titles),
    )


def _bars(titles: Sequence[str], shares: Sequence[float | None], colours: list[str]) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=list(titles),
            x=[100 * (share or 0) for share in shares],
            text=[format_percent(share) for share in shares],
            textposition="outside",
            cliponaxis=False,
            marker={"color": colours},
            hovertemplate=titled("%{y}", "%{text}<extra></extra>"),
        )
    )
    figure.update_layout(
        margin={"r": 56}, yaxis={"autorange": "reversed", "showgrid": False}, showlegend=False
    )
    return figure
