"""Charts of one run that more than one page shows."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.contracts import Scenario
from core.services.run_records import Quality, ScenarioCount, ScoreBin
from ui.charts import percent_axis, show_chart
from ui.i18n import _, format_number, format_percent, titled
from ui.theme import scenario_colours, tokens
from ui.views.words import scenario_title, segment_title

_BIN = 10
_BEST = 100
_BAR, _FRAME = 26, 170  # pixels of a segment's bar, and of all around the bars


def draw_scores(quality: Quality, gate: int, *, key: str, is_clickable: bool = False) -> Any:
    """Draw the histogram of audit scores with the gate; return the clicked points."""
    figure, colours = go.Figure(), tokens()
    by_start = {score.score_from: score for score in quality.score_bins}
    starts = range(0, _BEST + 1, _BIN)
    scores = [by_start.get(s) or ScoreBin(score_from=s, customers=0, eligible=0) for s in starts]
    blocked = [score.customers - score.eligible for score in scores]
    for title, values, colour, shape in (
        (_("eligible"), [score.eligible for score in scores], colours.good, ""),
        (_("blocked"), blocked, colours.bad, "/"),
    ):
        figure.add_bar(
            name=title,
            x=list(starts),
            y=values,
            customdata=list(starts),
            marker={"color": colour, "pattern": {"shape": shape}},
            hovertemplate=titled("%{x}", f"%{{y:,}} {title}<extra></extra>"),
        )
    figure.add_vline(x=gate - _BIN / 2, line={"color": colours.ink, "dash": "dot"})
    figure.add_annotation(
        x=gate - _BIN / 2,
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right",
        text=_("gate at %(score)s", score=gate),
        showarrow=False,
        font={"color": colours.ink},
    )
    figure.update_layout(
        barmode="stack",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": _("audit score")}, "dtick": 2 * _BIN, "range": [-8, _BEST + 8]},
        yaxis={"title": {"text": _("customers")}},
    )
    question = _("How are the audit scores spread?")
    return show_chart(figure, question, key=key, is_clickable=is_clickable)


def draw_scenario_mix(quality: Quality, *, key: str) -> None:
    """Draw, for each segment, the share of each scenario in its recommendations."""
    figure, colours = go.Figure(), scenario_colours()
    segments = sorted({row.segment for row in quality.scenario_mix}, key=segment_title)
    for scenario in Scenario:
        counts = _by_segment(quality.scenario_mix, scenario)
        shares = [counts.get(segment, 0) / _items(quality, segment) for segment in segments]
        figure.add_bar(
            orientation="h",
            name=scenario_title(scenario),
            y=[segment_title(segment) for segment in segments],
            x=[100 * share for share in shares],
            customdata=[
                f"{format_number(counts.get(segment, 0))} ({format_percent(share, 0)})"
                for segment, share in zip(segments, shares, strict=True)
            ],
            marker={"color": colours[scenario]},
            hovertemplate=titled("%{y}", "%{customdata}"),
        )
    figure.update_layout(
        barmode="stack",
        margin={"r": 32},
        xaxis={
            **percent_axis(_("share of the recommendations")),
            "nticks": 3,
            "range": [0, 100],
        },
        yaxis={"autorange": "reversed"},
        legend={"traceorder": "normal"},
    )
    question = _("What is each segment proposed?")
    show_chart(figure, question, key=key, height=_FRAME + _BAR * len(segments))


def _by_segment(rows: Sequence[ScenarioCount], scenario: str) -> dict[str, int]:
    return {row.segment: row.items for row in rows if row.scenario == scenario}


def _items(quality: Quality, segment: str) -> int:
    return sum(row.items for row in quality.scenario_mix if row.segment == segment) or 1
