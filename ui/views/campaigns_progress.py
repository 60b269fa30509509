"""Campaigns: what is being worked through, with the sums at every moment."""

import streamlit as st

from core.jobs import SEND, JobState, job_of
from core.services.campaign_reports import status_of
from ui.session import UiSession
from ui.views.campaigns_sums import draw_sums
from ui.views.job_progress import draw_progress
from ui.views.plain import plain

_POLL_SECONDS = 1.0


def follow_send(session: UiSession, campaign_id: str) -> JobState | None:
    """Draw the sums; while the campaign is worked through, with its progress, again and again.

    Returns the last job, None when nothing was asked. The page runs again when the job ends; why
    it failed is shown as a sentence.
    """
    job = job_of(session.store, SEND, campaign_id)
    if job is None or job.is_over:
        draw_sums(status_of(session.store, campaign_id))
    else:
        _poll(session, campaign_id)
    if job is not None and job.status in ("failed", "stopped"):
        st.error(job.error_sentence(session.language, plain))
    return job


@st.fragment(run_every=_POLL_SECONDS)
def _poll(session: UiSession, campaign_id: str) -> None:
    job = job_of(session.store, SEND, campaign_id)
    if job is None or job.is_over:
        st.rerun()
    draw_progress(job)
    draw_sums(status_of(session.store, campaign_id))
