"""Quality control: charts whose bars filter the table below them."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.contracts import REASON_OK, Severity
from core.services.run_records import GatingPoint, Quality, RuleCount
from ui.charts import percent_axis, show_chart
from ui.i18n import _, format_date, format_number, format_percent, titled
from ui.theme import tokens
from ui.views.words import reason_title, severity_choice

_BAR = 34
_FRAME = 110


def draw_issues(quality: Quality, *, key: str) -> str | None:
    """Draw the issues that stand by rule, coloured by severity; return the rule clicked."""
    standing = [row for row in quality.issues if not row.is_repair]
    figure = go.Figure()
    for severity, colour, shape in _severity_looks():
        rows = [row for row in standing if row.severity == severity]
        figure.add_bar(**_rule_bars(rows, severity_choice(severity), colour, shape))
    figure.update_layout(
        barmode="stack",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": _("issues")}},
    )
    event = _show_rules(figure, standing, _("Which rules are broken?"), key, is_clickable=True)
    return clicked_value(event)


def draw_repairs(quality: Quality, *, key: str) -> None:
    """Draw what the repairs took out of the lists, by the rule it would have broken."""
    repairs = [row for row in quality.issues if row.is_repair]
    if not repairs:
        return
    figure = go.Figure(go.Bar(**_rule_bars(repairs, _("Repaired"), tokens().muted, "")))
    figure.update_layout(
        showlegend=False, xaxis={"title": {"text": _("products taken out of a list")}}
    )
    _show_rules(figure, repairs, _("What was repaired before the verdict?"), key)
    st.caption(_("These are no defects any more: they lower no score and block nobody."))


def _rule_bars(rows: Sequence[RuleCount], name: str, colour: str, shape: str) -> dict[str, Any]:
    return {
        "orientation": "h",
        "name": name,
        "y": [reason_title(row.rule_code) for row in rows],
        "x": [row.issues for row in rows],
        "customdata": [_filter_of(row) for row in rows],
        "text": [format_number(row.issues) for row in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colour, "pattern": {"shape": shape}},
        "hovertemplate": titled("%{y}", "%{x:,}"),
    }


def _show_rules(
    figure: go.Figure,
    rows: Sequence[RuleCount],
    question: str,
    key: str,
    *,
    is_clickable: bool = False,
) -> Any:
    rules = list(dict.fromkeys(reason_title(row.rule_code) for row in rows))
    figure.update_layout(
        margin={"r": 48},
        yaxis={"autorange": "reversed", "showgrid": False, "categoryarray": rules},
    )
    height = _FRAME + _BAR * max(len(rules), 2)
    return show_chart(figure, question, key=key, is_clickable=is_clickable, height=height)


def _filter_of(row: RuleCount) -> str | None:
    """Return the rule to filter by; remarks and repairs fail nobody, so nobody is shown."""
    return None if row.severity == Severity.INFO else row.rule_code


def _severity_looks() -> list[tuple[str, str, str]]:
    colours = tokens()
    return [
        (Severity.ERROR, colours.bad, ""),
        (Severity.WARN, colours.warn, "/"),
        (Severity.INFO, colours.muted, "."),
    ]


def draw_reasons(quality: Quality, *, key: str) -> str | None:
    """Draw the blocked customers by reason; return the reason that was clicked."""
    rows = [row for row in quality.reasons if row.reason != REASON_OK]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[reason_title(row.reason) for row in rows],
            x=[row.customers for row in rows],
            customdata=[row.reason for row in rows],
            text=[format_number(row.customers) for row in rows],
            textposition="outside",
            cliponaxis=False,
            marker={"color": tokens().primary},
            hovertemplate=titled("%{y}", "%{x:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        margin={"r": 48},
        xaxis={"title": {"text": _("customers")}},
        yaxis={"autorange": "reversed", "showgrid": False},
    )
    event = show_chart(
        figure,
        _("Why are customers blocked?"),
        key=key,
        is_clickable=True,
        height=_FRAME + _BAR * max(len(rows), 2),
    )
    return clicked_value(event)


def draw_gating(history: Sequence[GatingPoint]) -> None:
    """Draw the gating rate over the runs, in the order in which they were launched."""
    question = _("Is the share of blocked customers rising?")
    if len(history) == 1:
        st.markdown(f"**{question}**")
        st.caption(_("There is one run so far; the second one shows which way it goes."))
        return
    figure = go.Figure(
        go.Scatter(
            x=list(range(1, len(history) + 1)),
            y=[100 * point.gating_rate for point in history],
            mode="lines+markers",
            line={"color": tokens().primary},
            text=[
                titled(format_date(point.as_of), format_percent(point.gating_rate))
                for point in history
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={
            "title": {"text": _("runs, oldest first")},
            "dtick": max(1, len(history) // 8),
            "range": [0.5, len(history) + 0.5],
        },
        yaxis=percent_axis(_("gating rate")),
    )
    show_chart(figure, question, key="qc_gating")


def clicked_value(event: Any) -> str | None:
    """Return what a clicked bar carries, None without a click."""
    points = event.selection.points
    if not points:
        return None
    value = points[0].get("customdata")
    return str(value[0] if isinstance(value, list) else value) if value is not None else None
