"""Campaigns: choose, prepare, check, rehearse, send; and whom nobody may write to."""

import streamlit as st

from core.i18n import N_
from core.outreach.protocol import CampaignState, Mode
from core.services.campaign_doubts import doubts_of
from core.services.campaign_offers import live_refusal
from core.services.campaign_reports import CampaignStatus, audience_of, status_of
from core.services.prepare_campaign import is_prepared
from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.campaigns_audience import draw_audience
from ui.views.campaigns_list import campaign_title, draw_campaigns
from ui.views.campaigns_live import draw_live
from ui.views.campaigns_logs import draw_logs
from ui.views.campaigns_messages import draw_messages, draw_test
from ui.views.campaigns_people import draw_people
from ui.views.campaigns_prepare import (
    CAMPAIGN_PARAM,
    draw_preparation,
    follow_preparation,
)
from ui.views.campaigns_progress import follow_send
from ui.views.campaigns_results import draw_results
from ui.views.campaigns_review import draw_doubts
from ui.views.campaigns_send import draw_rehearsal
from ui.views.campaigns_sums import draw_mode
from ui.views.campaigns_view import PEOPLE, choose_view
from ui.views.review_version import may_decide
from ui.views.steps import show_steps

STEPS = (N_("Run"), N_("Message"), N_("Audience"), N_("Check"), N_("Send"))


def step_of(status: CampaignStatus) -> int:
    """Return which step is the present one; all are done once something was sent or cancelled."""
    if status.state == CampaignState.PREPARED:
        return 3
    is_over = status.state == CampaignState.CANCELLED or (
        status.state == CampaignState.SENT and status.mode == Mode.LIVE
    )
    return 5 if is_over else 4


def draw_campaign(campaign_id: str) -> None:
    """Draw one prepared campaign: state, sums, send, doubts, messages, audience, journal."""
    status = status_of(session.store, campaign_id)
    refusal = live_refusal(session.store)
    show_steps([_(step) for step in STEPS], step_of(status))
    st.header(campaign_title(session, status), anchor=False)
    draw_mode(session, status)
    job = follow_send(session, campaign_id)
    is_working = job is not None and not job.is_over
    doubts = doubts_of(session.store, campaign_id)
    if status.mode == Mode.LIVE:
        draw_live(session, status, job, doubts, refusal)
        draw_doubts(session, status, doubts, refusal)
    elif may_decide(session) and not is_working:
        draw_rehearsal(session, status, refusal)
    draw_results(session, status)
    draw_messages(session, campaign_id)
    if may_decide(session):
        draw_test(session, campaign_id, refusal)
    with st.expander(_("Who receives it, and who does not?")):
        draw_audience(audience_of(session.store, campaign_id), key=campaign_id)
    draw_logs(session, campaign_id)


def draw_work() -> None:
    """Draw the campaign of the address, or the way to a new one; then all of them."""
    with error_boundary():
        if shown is None:
            with st.container():
                show_steps([_(step) for step in STEPS], 0)
            draw_preparation(session)
        elif is_prepared(session.store, shown):
            draw_campaign(shown)
        else:
            follow_preparation(session, shown)
    with error_boundary():
        draw_campaigns(session, shown)


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
if choose_view() == PEOPLE:
    with error_boundary():
        draw_people(session)
else:
    draw_work()
