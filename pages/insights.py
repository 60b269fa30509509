"""Insights: would the recommender have named what customers then bought?"""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.insights_launch import BACKTEST_PARAM, draw_launch_button
from ui.views.insights_list import draw_backtests
from ui.views.insights_result import draw_backtest

session = require_session()
page_header(
    _("Insights"),
    _("Would the recommender have named what customers then bought, and is it worth its while?"),
    action=lambda: draw_launch_button(session),
)
worker_notice(session)
with error_boundary():
    draw_backtest(session, st.query_params.get(BACKTEST_PARAM))
with error_boundary():
    draw_backtests(session, st.query_params.get(BACKTEST_PARAM))
