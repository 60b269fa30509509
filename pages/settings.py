"""Settings: the policy of the company, edited, previewed, saved, taken back."""

import streamlit as st

from core.services.policies import PolicyVersion, UnusableVersion, newest_version
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.settings_draft import PREVIEW_PARAM, read_draft
from ui.views.settings_fields import draw_fields
from ui.views.settings_preview import draw_preview
from ui.views.settings_save import draw_save_button, draw_state
from ui.views.settings_versions import draw_versions, draw_ways_back


def draw_policy(current: PolicyVersion) -> None:
    """Draw the policy in force: its values, what differs from it, its versions."""
    draft = read_draft(session, current)
    page_header(title, question, action=lambda: draw_save_button(session, draft))
    worker_notice(session)
    # What comes and goes has a place of its own: else the tabs below would begin anew.
    with st.container():
        draw_state(session, draft)
    with st.container():
        if PREVIEW_PARAM in st.query_params:
            with error_boundary():
                draw_preview(session, draft, st.query_params[PREVIEW_PARAM])
    draw_fields(draft)
    draw_versions(session, current)


def draw_unusable(current: UnusableVersion) -> None:
    """Draw the ways out of a version in force that cannot be used."""
    page_header(title, question)
    draw_ways_back(session, current)
    draw_versions(session, current)


session = require_session()
title = _("Settings")
question = _("By which numbers are lists made, and who may be written to?")
with error_boundary():
    in_force = newest_version(session.store)
    if isinstance(in_force, UnusableVersion):
        draw_unusable(in_force)
    else:
        draw_policy(in_force)
