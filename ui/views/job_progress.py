"""Long work on a page: what is happening, how far, how long still."""

import time

import streamlit as st

from core.jobs import JobState, job_of
from ui.i18n import _, format_number
from ui.session import UiSession
from ui.views.plain import plain

_POLL_SECONDS = 0.7
_MINUTE, _MINUTES_TOLD = 60.0, 90
_COUNTABLE = 50  # a stage of fewer steps says nothing about the time that is left


def follow_job(session: UiSession, kind: str, subject: str) -> JobState | None:
    """Return the last job of `kind` on `subject`, None when nothing was asked.

    While it goes on its progress is drawn, and the page runs again when it ends; why it failed
    is shown as a sentence.
    """
    job = job_of(session.store, kind, subject)
    if job is None:
        return None
    if not job.is_over:
        _poll(session, kind, subject)
    if job.status == "failed":
        st.error(job.error_sentence(session.language, plain))
    if job.status == "stopped":
        st.info(job.error_sentence(session.language, plain))
    return job


@st.fragment(run_every=_POLL_SECONDS)
def _poll(session: UiSession, kind: str, subject: str) -> None:
    job = job_of(session.store, kind, subject)
    if job is None or job.is_over:
        st.rerun()
    draw_progress(job)


def draw_progress(job: JobState) -> None:
    """Draw how far a job is."""
    with st.container(border=True):
        st.progress(job_share(job), text=job_sentence(job))
        st.caption(_("You can leave this page: the work goes on, and this address leads back."))


def job_share(job: JobState) -> float:
    """Return how much of its stage is done, from 0 to 1."""
    return min(1.0, job.done / job.total) if job.total else 0.0


def job_sentence(job: JobState) -> str:
    """Return what happens, how far it is and how long it takes still."""
    if job.status == "queued":
        return _("Waiting for the worker")
    stage = _(job.stage) if job.stage else _("Starting")
    if job.total < _COUNTABLE:
        return f"{stage} …"
    counted = _(
        "%(stage)s: %(done)s of %(total)s",
        stage=stage,
        done=format_number(job.done),
        total=format_number(job.total),
    )
    left = job.seconds_left(time.time())
    return counted if left is None else f"{counted}, {_left(left)}"


def _left(seconds: float) -> str:
    """Return the remaining time in the unit that people use."""
    if seconds < _MINUTE:
        return _("less than a minute left")
    minutes = round(seconds / _MINUTE)
    if minutes < _MINUTES_TOLD:
        return _("about %(minutes)s min left", minutes=format_number(minutes))
    return _("about %(hours)s h left", hours=format_number(minutes / 60, 1))
