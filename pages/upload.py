"""Upload: files in, what they would change, load, undo."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.steps import show_steps
from ui.views.upload_drop import IMPORT, draw_drop
from ui.views.upload_history import draw_history
from ui.views.upload_import import STEPS, draw_import

session = require_session()
shown = st.query_params.get(IMPORT)
is_new = page_header(
    _("Upload"),
    _("What do the files you bring in contain, and what would they change?"),
    action=(lambda: st.button(_("New import"), key="upload_new")) if shown else None,
)
if is_new:
    del st.query_params[IMPORT]
    st.rerun()
worker_notice(session)
with error_boundary():
    if shown is None:
        with st.container():
            show_steps([_(step) for step in STEPS], 0)
        draw_drop(session)
    else:
        draw_import(session, shown)
with error_boundary():
    draw_history(session, shown)
