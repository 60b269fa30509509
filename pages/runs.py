"""Runs: launch one, follow it, open it."""

import streamlit as st

from core.services.import_ledger import last_loaded
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.runs_detail import draw_run
from ui.views.runs_launch import RUN_PARAM, draw_launch_button
from ui.views.runs_list import draw_runs

session = require_session()
shown = st.query_params.get(RUN_PARAM)
has_data = True
with error_boundary():
    has_data = last_loaded(session.store) is not None
page_header(
    _("Runs"),
    _("Whom to write to, about which bottle, and why?"),
    action=lambda: draw_launch_button(session, is_next=has_data and shown is None),
)
worker_notice(session)
if shown is not None:
    with error_boundary():
        draw_run(session, shown)
with error_boundary():
    draw_runs(session, shown, has_data=has_data)
