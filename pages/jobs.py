"""Jobs: what is worked on, what waits, what became of the rest."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.jobs_active import draw_active
from ui.views.jobs_history import draw_history

session = require_session()
page_header(
    _("Jobs"),
    _("What is being worked on, what waits, and what became of the rest?"),
)
worker_notice(session)
with error_boundary():
    draw_active(session)
st.header(_("What is over"), anchor=False)
with error_boundary():
    draw_history(session)
