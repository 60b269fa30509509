"""Campaigns: choose, prepare, check, rehearse."""

import streamlit as st

from core.i18n import N_
from core.jobs import SEND
from core.outreach.protocol import FINISHED
from core.services.campaign_reports import audience_of, status_of
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.campaigns_audience import draw_audience
from ui.views.campaigns_list import campaign_title, draw_campaigns
from ui.views.campaigns_messages import draw_messages
from ui.views.campaigns_prepare import CAMPAIGN_PARAM, draw_preparation
from ui.views.campaigns_results import draw_results
from ui.views.campaigns_send import draw_logs, draw_send, draw_sums
from ui.views.job_progress import follow_job
from ui.views.steps import show_steps

STEPS = (N_("Run"), N_("Message"), N_("Audience"), N_("Check"), N_("Send"))


def draw_campaign(campaign_id: str) -> None:
    """Draw one prepared campaign: sums, send, messages, audience, journal."""
    status_of(session.store, campaign_id)
    steps = st.container()
    job = follow_job(session, SEND, campaign_id)
    status = status_of(session.store, campaign_id)
    is_working = job is not None and not job.is_over
    with steps:
        is_over = status.state in FINISHED
        show_steps([_(step) for step in STEPS], 5 if is_over else 4 if is_working else 3)
    st.subheader(campaign_title(session, status), anchor=False)
    draw_sums(status)
    if not is_working:
        draw_send(session, status)
    draw_results(session, status)
    draw_messages(session, campaign_id)
    with st.expander(_("Who receives it, and who does not?")):
        draw_audience(audience_of(session.store, campaign_id), key=campaign_id)
    draw_logs(session, campaign_id)


session = require_session()
shown = st.query_params.get(CAMPAIGN_PARAM)
is_new = page_header(
    _("Campaigns"),
    _("Who would receive what, and did it go out?"),
    action=(lambda: st.button(_("New campaign"), key="campaign_new")) if shown else None,
)
if is_new:
    del st.query_params[CAMPAIGN_PARAM]
    st.rerun()
worker_notice(session)
with error_boundary():
    if shown is None:
        with st.container():
            show_steps([_(step) for step in STEPS], 0)
        draw_preparation(session)
    else:
        draw_campaign(shown)
with error_boundary():
    draw_campaigns(session, shown)
