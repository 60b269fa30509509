"""Insights: what share of the revenue each family makes out, by quarter or year."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.insight_months import Mix, MonthFigures, Span, compute_mix, places_of
from core.services.insights import month_figures_of
from ui.charts import chart_text, percent_axis, show_chart
from ui.i18n import _, format_date, format_money, format_percent, format_quarter, titled
from ui.session import UiSession
from ui.theme import scenario_colours, tokens
from ui.views.insights_season import family_title
from ui.views.insights_view import keep_choice, say_nothing_counted, say_run
from ui.views.plain import plain

SPAN_PARAM = "span"
_APART = 4  # families with a colour of their own; the rest comes together
_WEEK = timedelta(days=7)
_NEWEST = {Span.QUARTER: 8, Span.YEAR: 5}


def draw_families(session: UiSession) -> None:
    """Draw the shares of the families in the newest quarters or years."""
    found = month_figures_of(session.store)
    if found.run is None or found.figures is None:
        say_nothing_counted(found.run)
        return
    span = _choose_span()
    mix = compute_mix(found.figures, span, _NEWEST[span])
    if not mix.cents:
        st.caption(_("Nothing was sold in the last five years."))
        return
    apart = places_of(found.figures)[:_APART]
    rest = places_of(found.figures)[_APART:]
    st.markdown(_sentence(found.figures, mix, span, apart[0]))
    _draw_mix(found.figures, mix, span, (apart, rest), session.tenant.currency)
    st.caption(
        _(
            "Net revenue with anonymous sales, returns in the month they came back; what is no"
            " article is left out. Sales are known from %(first)s to %(last)s: a bar that holds one"
            " of these days may be of a part of its period.",
            first=format_date(found.figures.first_sale),
            last=format_date(found.figures.last_sale),
        )
    )
    say_run(found.run)


def _choose_span() -> Span:
    titles = {Span.QUARTER: _("By quarter"), Span.YEAR: _("By year")}
    asked = st.query_params.get(SPAN_PARAM)
    shown = Span(asked) if asked in list(Span) else Span.QUARTER
    chosen = st.segmented_control(
        _("What a bar stands for"),
        list(titles),
        default=shown,
        required=True,
        format_func=titles.__getitem__,
        label_visibility="collapsed",
        key=f"families_span_{shown}",
    )
    keep_choice(SPAN_PARAM, chosen or shown, shown)
    return shown


def _span_title(first: date, span: Span) -> str:
    return str(first.year) if span is Span.YEAR else format_quarter(first)


def _sentence(figures: MonthFigures, mix: Mix, span: Span, place: int) -> str:
    """Return what the largest family makes out now and made out in the first whole period."""
    spans = _whole_spans(list(mix.cents), figures.first_sale)
    told = {
        "family": plain(family_title(figures, place)),
        "share": format_percent(mix.share(spans[-1], [place])),
        "last": _span_title(spans[-1], span),
    }
    if len(spans) == 1:
        return _("%(family)s makes out %(share)s of the revenue of %(last)s.", **told)
    return _(
        "%(family)s makes out %(share)s of the revenue of %(last)s; it was %(before)s in"
        " %(first)s.",
        **told,
        before=format_percent(mix.share(spans[0], [place])),
        first=_span_title(spans[0], span),
    )


def _whole_spans(spans: Sequence[date], first_sale: date) -> Sequence[date]:
    """Return the spans without the first, where sales began later than in its first week."""
    is_cut = first_sale - spans[0] >= _WEEK
    return spans[1:] if is_cut and len(spans) > 1 else spans


def _draw_mix(
    figures: MonthFigures,
    mix: Mix,
    span: Span,
    places: tuple[Sequence[int], Sequence[int]],
    currency: str,
) -> None:
    apart, rest = places
    titles = [_span_title(first, span) for first in mix.cents]
    figure = go.Figure()
    groups = [(family_title(figures, place), [place]) for place in apart]
    if rest:
        groups.append((_("All others"), list(rest)))
    colours = [*list(scenario_colours().values())[:_APART], tokens().muted]
    for (name, group), colour in zip(groups, colours, strict=False):
        shares = [mix.share(first, group) for first in mix.cents]
        figure.add_bar(
            x=titles,
            y=[100 * share for share in shares],
            name=chart_text(name),
            text=[format_percent(share) for share in shares],
            textposition="none",
            marker={"color": colour},
            hovertemplate=titled("%{fullData.name}", "%{text}<extra></extra>"),
        )
    figure.update_layout(
        barmode="stack",
        legend={"traceorder": "normal"},
        xaxis={"type": "category"},
        yaxis={**percent_axis(_("share of the revenue")), "range": [0, 100]},
    )
    show_chart(
        figure,
        _("Which families make out the revenue?"),
        key="insights_families",
        data=_data(figures, mix, span),
        written={
            _("Revenue"): lambda amount: format_money(round(100 * amount), currency),
            _("Share"): format_percent,
        },
        height=380,
    )


def _data(figures: MonthFigures, mix: Mix, span: Span) -> pd.DataFrame:
    """Return every family of every span, those that share a colour too."""
    cells = [
        (first, place)
        for first in mix.cents
        for place in places_of(figures)
        if place in mix.cents[first]
    ]
    return pd.DataFrame(
        {
            _("Period"): [_span_title(first, span) for first, _place in cells],
            _("Family"): [family_title(figures, place) for _first, place in cells],
            _("Revenue"): [mix.cents[first][place] / 100 for first, place in cells],
            _("Share"): [mix.share(first, [place]) for first, place in cells],
        }
    )
