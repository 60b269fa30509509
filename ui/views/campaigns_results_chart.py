"""Campaigns: differences to those held out, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from core.outreach.effects import Effect
from ui.charts import show_chart
from ui.i18n import _, format_number, titled
from ui.theme import tokens

_ROW, _FRAME = 44, 90  # pixels of a row, and of all around the rows


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row: a campaign, or all together, and its difference of the shares of buyers."""

    title: str
    effect: Effect


def draw_differences(rows: Sequence[Difference], question: str, *, key: str) -> None:
    """Draw each difference as a point on its interval, around a line at no difference."""
    known = [row for row in rows if row.effect.difference is not None]
    points = [100 * (row.effect.difference or 0) for row in known]
    titles = [row.title for row in known]
    figure = go.Figure(
        go.Scatter(
            x=points,
            y=list(range(len(known))),
            mode="markers",
            marker={"color": tokens().primary, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [
                    100 * (r.effect.high or 0) - p for r, p in zip(known, points, strict=True)
                ],
                "arrayminus": [
                    p - 100 * (r.effect.low or 0) for r, p in zip(known, points, strict=True)
                ],
                "color": tokens().muted,
            },
            text=[titled(row.title, _between(row.effect)) for row in known],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": tokens().ink, "width": 1})
    figure.update_layout(
        xaxis={"title": {"text": _("points more than those held out")}},
        yaxis={
            "range": [len(known) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
            "tickvals": list(range(len(known))),
            "ticktext": titles,  # two campaigns may have one title
        },
    )
    show_chart(
        figure,
        question,
        key=key,
        data=pd.DataFrame(
            {_("Campaign"): titles, _("Difference"): [_between(r.effect) for r in known]}
        ),
        height=_FRAME + _ROW * max(1, len(known)),
    )


def _between(effect: Effect) -> str:
    difference, low, high = (
        format_number(None if value is None else 100 * value, 1)
        for value in (effect.difference, effect.low, effect.high)
    )
    return _("%(difference)s (%(low)s to %(high)s)", difference=difference, low=low, high=high)
