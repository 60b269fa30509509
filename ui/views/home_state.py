"""Home: how fresh the data are, what the last run found, which campaigns are in flight."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.campaign_reports import CampaignStatus
from core.services.home import Home
from core.services.run_records import GatingPoint, RunCard
from ui.charts import percent_axis, show_chart
from ui.i18n import (
    _,
    format_date,
    format_moment,
    format_month,
    format_number,
    format_percent,
    ngettext_,
    titled,
)
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import choose_row, number_column
from ui.theme import tokens
from ui.views.campaigns_list import campaign_title
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.home_steps import open_page
from ui.views.runs_launch import RUN_PARAM
from ui.views.upload_warnings import draw_past_warnings
from ui.views.words import campaign_state_title, mode_title

_HEIGHT = 240


def draw_state(session: UiSession, home: Home) -> None:
    """Draw figures, freshness, the trend and the campaigns, each where there is something."""
    if home.last_run is not None:
        _draw_run(home.last_run, home.gating)
    left, right = st.columns(2)
    with left:
        _draw_freshness(session, home)
    with right:
        if home.last_run is not None:
            draw_trend(home.gating)
    _draw_campaigns(session, home.in_flight)


def _draw_run(card: RunCard, gating: Sequence[GatingPoint]) -> None:
    title = _("Last run, as of %(day)s", day=format_date(card.as_of))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(title, anchor=False)
        if st.button(_("Open the run"), key="home_run", type="tertiary"):
            open_page("runs", **{RUN_PARAM: card.run_id})
    before = gating[-2] if len(gating) > 1 else None
    figures_row(
        [
            Figure(
                label=_("Customers"),
                value=format_number(card.customers),
                change=_change(card.customers, before and before.customers),
            ),
            Figure(
                label=_("Eligible"),
                value=format_number(card.eligible),
                change=_change(card.eligible, before and before.eligible),
                explanation=_("Customers who passed the audit: they may be written to."),
            ),
            Figure(
                label=_("Gating rate"),
                value=format_percent(card.gating_rate),
                explanation=_("Blocked customers among all customers."),
            ),
            Figure(label=_("Recommendations"), value=format_number(card.recommendations)),
        ]
    )


def _change(now: int | None, before: int | None) -> str | None:
    if now is None or before is None or now == before:
        return None
    return f"{'+' if now > before else '-'}{format_number(abs(now - before))}"


def _draw_freshness(session: UiSession, home: Home) -> None:
    question = _("How fresh are the data?")
    if not home.months:
        st.markdown(f"**{question}**")
        st.caption(_("There are no sales yet. Their months are drawn here once they are loaded."))
        return
    days = [date.fromisoformat(f"{month}-01") for month, _lines in home.months]
    lines = [count for _month, count in home.months]
    figure = go.Figure(
        go.Bar(
            x=[f"{day:%m/%Y}" for day in days],
            y=lines,
            marker={"color": tokens().primary},
            hovertemplate=titled("%{x}", "%{y:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        xaxis={"type": "category", "nticks": 4, "tickangle": 0},
        yaxis={"title": {"text": _("sale lines")}},
    )
    data = pd.DataFrame({_("Month"): list(map(format_month, days)), _("Sale lines"): lines})
    show_chart(figure, question, key="home_months", data=data, height=_HEIGHT)
    if home.last_sale is None:
        st.caption(_("Sales reach to %(month)s.", month=format_month(days[-1])))
    else:
        st.caption(
            _(
                "Sales reach to %(month)s; the last that the last run knew is of %(day)s.",
                month=format_month(days[-1]),
                day=format_date(home.last_sale),
            )
        )
    _draw_last_import(session, home)


def _draw_last_import(session: UiSession, home: Home) -> None:
    entry = home.last_import
    if entry is None:
        return
    st.caption(
        _(
            "Last import: loaded %(when)s.",
            when=format_moment(entry.loaded_at, session.tenant.time_zone),
        )
    )
    if entry.warnings:
        draw_past_warnings(entry.report)
    else:
        st.caption(_("It was loaded without a warning."))
    if st.button(_("Open the import"), key="home_import", type="tertiary"):
        open_page("upload", **{"import": entry.import_id})


def draw_trend(history: Sequence[GatingPoint]) -> None:
    """Draw the gating rate of the last runs, in the order in which they were launched."""
    question = _("Is the share of blocked customers rising?")
    if len(history) == 1:
        st.markdown(f"**{question}**")
        st.caption(_("There is one run so far; the second one shows which way it goes."))
        return
    titles = [format_date(point.as_of) for point in history]
    rates = [100 * point.gating_rate for point in history]
    figure = go.Figure(
        go.Scatter(
            x=list(range(1, len(history) + 1)),
            y=rates,
            mode="lines+markers",
            line={"color": tokens().primary},
            text=[
                titled(title, format_percent(point.gating_rate))
                for title, point in zip(titles, history, strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"title": {"text": _("runs, oldest first")}, "dtick": 1},
        yaxis=percent_axis(_("gating rate")),
    )
    rows = [format_percent(point.gating_rate) for point in history]
    data = pd.DataFrame({_("As-of date"): titles, _("Gating rate"): rows})
    show_chart(figure, question, key="home_gating", data=data, height=_HEIGHT)


def _draw_campaigns(session: UiSession, campaigns: Sequence[CampaignStatus]) -> None:
    if not campaigns:
        return
    st.header(_("Campaigns in flight"), anchor=False)
    titles: dict[str, Any] = {
        "message": st.column_config.TextColumn(_("Message"), width="large"),
        "state": _("State"),
        "mode": _("Dry or live"),
        "planned": number_column(_("Planned")),
        "sent": number_column(_("Sent or rehearsed")),
        "pending": number_column(_("To come")),
    }
    rows = [_row(session, status) for status in campaigns]
    chosen = choose_row(rows, titles, key="home_campaigns", alt=_("Campaigns in flight"))
    if chosen is not None:
        open_page("campaigns", **{CAMPAIGN_PARAM: campaigns[chosen].campaign_id})
    names = ngettext_("%(count)s campaign", "%(count)s campaigns", len(campaigns))
    st.caption(_("%(campaigns)s, the newest first; a click opens one.", campaigns=names))


def _row(session: UiSession, status: CampaignStatus) -> dict[str, Any]:
    return {
        "message": campaign_title(session, status),
        "state": campaign_state_title(status.state),
        "mode": mode_title(status.mode),
        "planned": status.planned,
        "sent": status.sent,
        "pending": status.pending,
    }
