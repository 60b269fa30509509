"""Home: the first steps until a campaign, then the state of the house and what needs a decision."""

import streamlit as st

from core.services.home import Home, home_of
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.home_decisions import draw_decisions
from ui.views.home_state import draw_state
from ui.views.home_steps import draw_new_files, draw_steps


def read_home() -> Home | None:
    """Return the state of the house, None (said in words) when it can not be read."""
    with error_boundary():
        return home_of(session.store)
    return None


session = require_session()
place = st.container()
found = read_home()
with place:
    page_header(
        _("Home"),
        _("How do your data, runs and campaigns stand, and what is next?"),
        # During the first steps the one action stands beside the next of them.
        action=draw_new_files if session.may_work and found and found.has_campaign else None,
    )
worker_notice(session)
if found is not None:
    with error_boundary():
        if not found.has_campaign:
            draw_steps(found, may_work=session.may_work)
        draw_decisions(session, found)
        draw_state(session, found)
