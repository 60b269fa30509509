"""Insights: which calendar months are strong, in all or of one family."""

from datetime import date
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.insight_counts import NO_FAMILY
from core.services.insight_months import (
    Amount,
    MonthFigures,
    Season,
    compute_season,
    places_of,
)
from core.services.insights import month_figures_of
from ui.charts import show_chart
from ui.i18n import _, format_month, format_month_name, format_number, ngettext_, titled
from ui.session import UiSession
from ui.theme import mixed, tokens
from ui.views.insights_view import keep_choice, say_nothing_counted, say_run

MONTHS = range(1, 13)
FAMILY_PARAM, AMOUNT_PARAM = "family", "amount"
_ALL = ""  # no name of a family
_AMOUNTS = {"revenue": Amount.REVENUE, "units": Amount.UNITS}
_WIDTH = 260


def draw_season(session: UiSession) -> None:
    """Draw the index of the calendar months, of revenue or units, of all or of one family."""
    found = month_figures_of(session.store)
    if found.run is None or found.figures is None:
        say_nothing_counted(found.run)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = _choose_family(found.figures)
        amount = _choose_amount()
    season = compute_season(found.figures, amount, place)
    if season is None:
        st.caption(
            _(
                "The season shows once whole twelve months of sales are known, a month being known"
                " when sales begin in its first week and go on to its last."
            )
        )
    else:
        st.markdown(_sentence(season))
        _draw_index(season)
        _say_basis(season)
    say_run(found.run)


def family_title(figures: MonthFigures, place: int) -> str:
    """Return the name of a family by its place."""
    if place == NO_FAMILY:
        return _("Without family")
    return figures.families[place] if place < len(figures.families) else _("Other families")


def _choose_family(figures: MonthFigures) -> int | None:
    """Draw the choice, kept in the address by the family's name; None for all."""
    places = {family_title(figures, place): place for place in places_of(figures)}
    asked = st.query_params.get(FAMILY_PARAM, _ALL)
    shown = asked if asked in places else _ALL
    names = [_ALL, *places]
    chosen = st.selectbox(
        _("Family"),
        names,
        index=names.index(shown),
        format_func=lambda name: name or _("All families"),
        width=_WIDTH,
        key=f"season_family_{shown}",
    )
    keep_choice(FAMILY_PARAM, chosen, shown)
    return places.get(shown)


def _choose_amount() -> Amount:
    titles = {"revenue": _("Revenue"), "units": _("Units")}
    asked = st.query_params.get(AMOUNT_PARAM)
    shown = asked if asked in _AMOUNTS else "revenue"
    chosen = st.segmented_control(
        _("What is counted"),
        list(titles),
        default=shown,
        required=True,
        format_func=titles.__getitem__,
        key=f"season_amount_{shown}",
    )
    keep_choice(AMOUNT_PARAM, chosen or shown, shown)
    return _AMOUNTS[shown]


def _sentence(season: Season) -> str:
    strongest, weakest = season.strongest, season.weakest
    return _(
        "The strongest month is %(strongest)s with %(most)s, the weakest is %(weakest)s with"
        " %(least)s; 100 is the mean month.",
        strongest=format_month_name(strongest),
        most=format_number(season.index[strongest - 1]),
        weakest=format_month_name(weakest),
        least=format_number(season.index[weakest - 1]),
    )


def _draw_index(season: Season) -> None:
    colours = tokens()
    names = [format_month_name(month, is_short=True) for month in MONTHS]
    figure = go.Figure(
        go.Bar(
            x=names,
            y=list(season.index),
            text=[format_number(one) for one in season.index],
            textposition="none",  # it would stand on the lines
            marker={"color": mixed(colours.surface, colours.primary)},
            hovertemplate=titled("%{x}", "%{text}<extra></extra>"),
        )
    )
    if len(season.years) > 1:
        for first, index in season.years.items():
            figure.add_scatter(
                x=names,
                y=list(index),
                mode="markers",
                marker={"color": colours.ink, "symbol": "line-ew-open", "size": 12},
                text=[titled(_year_title(first), format_number(one)) for one in index],
                hovertemplate="%{text}<extra></extra>",
            )
    figure.add_hline(y=100, line={"color": colours.muted, "width": 1, "dash": "dot"})
    figure.update_layout(
        showlegend=False,
        xaxis={"type": "category"},
        yaxis={"title": {"text": _("index, the mean month is 100")}},
    )
    columns = [_("Index"), *map(_year_title, season.years)]
    data = pd.DataFrame(
        {
            _("Month"): [format_month_name(month) for month in MONTHS],
            **{
                title: [round(one, 1) for one in index]
                for title, index in zip(
                    columns, (season.index, *season.years.values()), strict=True
                )
            },
        }
    )
    show_chart(
        figure,
        _("Which months of the year are strong?"),
        key="insights_season",
        data=data,
        written=dict.fromkeys(columns, partial(format_number, digits=1)),
    )


def _year_title(first: date) -> str:
    """Return the name of twelve months by the first of them."""
    return _("12 months from %(month)s", month=format_month(first))


def _say_basis(season: Season) -> None:
    first = next(iter(season.years))
    st.caption(
        ngettext_(
            "Mean of one year, the twelve months from %(month)s on: one good month may be chance.",
            "Mean of %(count)s years, the oldest from %(month)s on; each line is one of them.",
            len(season.years),
            month=format_month(first),
        )
    )
