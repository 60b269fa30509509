"""Schedules: what is done by itself, when, and what came of it."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.schedules_form import draw_new_button
from ui.views.schedules_list import draw_schedules

session = require_session()
page_header(
    _("Schedules"),
    _("What is done by itself, when, and what came of it?"),
    action=lambda: draw_new_button(session),
)
worker_notice(session)
with error_boundary():
    draw_schedules(session)
st.caption(_("Times are those of the company's clock, %(zone)s.", zone=session.tenant.time_zone))
