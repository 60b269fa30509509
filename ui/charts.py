"""How every chart looks: one Plotly template over the colours of the theme."""

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from textwrap import wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.csv_cells import csv_lines
from core.services.csv_cells import escape as escape_cell
from ui.i18n import _, current_language, percent_sign
from ui.tables import without_formulas
from ui.theme import SCENARIO_COLOURS, Tokens, heat_scale, scenario_colours, tokens

__all__ = [
    "SCENARIO_COLOURS",
    "chart_csv",
    "chart_text",
    "heat_map",
    "make_template",
    "percent_axis",
    "scenario_colours",
    "show_chart",
    "wrapped",
]

_CONFIG = {"displayModeBar": False, "scrollZoom": False}
_SEPARATORS = {"en": ".,", "fr": ",\u202f"}
_LABEL = 28  # characters of a line beside a bar
_FONT = '"Source Sans", sans-serif'


def make_template(colours: Tokens, series: list[str], language: str) -> go.layout.Template:
    """Return the template: hairline grid, no frame, bars from zero, figures in the language."""
    axis = {
        "gridcolor": colours.line,
        "linecolor": colours.line,
        "zerolinecolor": colours.line,
        "tickfont": {"color": colours.muted},
        "title": {"font": {"color": colours.muted, "size": 13}},
        "automargin": True,
        "separatethousands": True,
    }
    return go.layout.Template(
        layout={
            "font": {"family": _FONT, "size": 14, "color": colours.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": series,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "separators": _SEPARATORS[language],
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "rangemode": "tozero"},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hoverlabel": {
                "bgcolor": colours.surface,
                "bordercolor": colours.line,
                "font": {"color": colours.ink},
            },
            "bargap": 0.25,
        }
    )


def chart_text(value: object) -> str:
    """Return `value` so that a chart shows it letter by letter: Plotly reads tags and entities.

    >>> chart_text("<b> & c")
    '&lt;b&gt; &amp; c'
    """
    return escape(str(value), quote=False)


def wrapped(value: object) -> str:
    """Return a label of a bar in lines that leave the bar its room on a phone.

    >>> wrapped("may be written to, one per address")
    'may be written to, one per<br>address'
    """
    return "<br>".join(chart_text(line) for line in wrap(str(value), _LABEL))


def percent_axis(title: str) -> dict[str, Any]:
    """Return an axis of percentages, 20 for 20 %: Plotly writes those of shares without a space."""
    return {"ticksuffix": percent_sign(), "title": {"text": title}}


def heat_map(**cells: Any) -> go.Heatmap:
    """Return a heat map from zero, whose cells carry their text: `cells` are Plotly's names."""
    return go.Heatmap(
        texttemplate="%{text}",
        colorscale=heat_scale(),
        zmin=0,
        showscale=False,
        xgap=2,
        ygap=2,
        **cells,
    )


def show_chart(
    figure: go.Figure,
    question: str,
    *,
    key: str,
    data: pd.DataFrame | None = None,
    written: Mapping[str, Callable[[Any], str]] | None = None,
    is_of_person: bool = False,
    is_clickable: bool = False,
    height: int = 320,
) -> Any:
    """Draw a chart under the question it answers, with its data and their file one click away.

    `written` says how the numbers of a column of `data` are shown; the file has them as they are.
    What is of one person (`is_of_person`) has no file: Streamlit would serve it to anybody who has
    its address. Returns Streamlit's selection (`.selection.points`) when `is_clickable`.
    """
    series = list(scenario_colours().values())
    figure.update_layout(
        template=make_template(tokens(), series, current_language()), height=height
    )
    st.markdown(f"**{question}**")
    selected = st.plotly_chart(
        figure,
        theme=None,
        key=key,
        config=_CONFIG,
        on_select="rerun" if is_clickable else "ignore",
        selection_mode="points",
        alt=question,
    )
    if data is not None:
        with st.expander(_("The figures behind this chart")):
            shown = without_formulas(data, written or {})
            st.dataframe(shown, hide_index=True, alt=question)
            if not is_of_person:
                _draw_file(data, key)
    return selected


def _draw_file(data: pd.DataFrame, key: str) -> None:
    st.download_button(
        _("Download as CSV"),
        partial(chart_csv, data),  # made when it is asked for
        file_name=f"{key}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"{key}_csv",
    )


def chart_csv(data: pd.DataFrame) -> bytes:
    """Return the data of a chart as a CSV file in UTF-8, no cell of which is a formula.

    >>> chart_csv(pd.DataFrame({"Family": ["=Rouge"], "Share": [0.5]}))
    b"Family,Share\\n'=Rouge,0.5\\n"
    """
    rows = [list(data.columns), *data.itertuples(index=False)]
    return csv_lines([[_cell(value) for value in row] for row in rows])


def _cell(value: Any) -> str:
    return "" if pd.isna(value) else escape_cell(str(value))
