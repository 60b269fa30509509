"""Decisions that wait: that they do, how far the worker is, and the way to ask for it again."""

import streamlit as st

from core.jobs import REVIEW, enqueue
from core.services.review_desk import decision_page
from ui.i18n import ngettext_
from ui.layout import error_boundary, worker_notice
from ui.session import UiSession
from ui.views.job_progress import follow_job
from ui.views.review_version import may_decide


def draw_waiting(session: UiSession, run_id: str, *, key: str) -> None:
    """Draw the progress of the decisions on a run that wait; nothing when none does."""
    waiting = decision_page(session.store, run_id, limit=0).waiting
    if not waiting:
        return
    worker_notice(session)
    job = follow_job(session, REVIEW, run_id)
    if job is not None and not job.is_over:
        return
    if decision_page(session.store, run_id, limit=0).waiting == 0:
        st.rerun()
    sentence = ngettext_(
        "%(count)s decision waits to be applied.",
        "%(count)s decisions wait to be applied.",
        waiting,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(sentence)
        label = ngettext_("Apply %(count)s decision", "Apply %(count)s decisions", waiting)
        if may_decide(session) and st.button(label, key=f"{key}_apply"):
            with error_boundary():
                enqueue(session.store, session.actor, REVIEW, run_id)
                st.rerun()
