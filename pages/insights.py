"""Insights: what customers and products did, and whether the recommender saw it coming."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.session import UiSession
from ui.views import insights_view as views
from ui.views.insights_campaigns import draw_campaigns
from ui.views.insights_cohorts import draw_cohorts
from ui.views.insights_families import draw_families
from ui.views.insights_launch import BACKTEST_PARAM, draw_launch_button
from ui.views.insights_list import draw_backtests
from ui.views.insights_movement import draw_movement
from ui.views.insights_result import draw_backtest
from ui.views.insights_season import draw_season
from ui.views.insights_segments import draw_segments


def draw_looking_back(session: UiSession) -> None:
    """Draw the backtest that the address names, or the newest, and all of them."""
    shown = st.query_params.get(BACKTEST_PARAM)
    worker_notice(session)
    with error_boundary():
        draw_backtest(session, shown)
    draw_backtests(session, shown)


DRAWN = {
    views.SEGMENTS: draw_segments,
    views.MOVEMENT: draw_movement,
    views.COHORTS: draw_cohorts,
    views.SEASON: draw_season,
    views.FAMILIES: draw_families,
    views.CAMPAIGNS: draw_campaigns,
    views.BACKTEST: draw_looking_back,
}
session = require_session()
view = views.asked_view()
page_header(
    _("Insights"),
    _("What do customers do over time, and would the recommender have known?"),
    action=(lambda: draw_launch_button(session)) if view == views.BACKTEST else None,
)
views.choose_view(view)
with error_boundary():
    DRAWN[view](session)
