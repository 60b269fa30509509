"""Long work on a page: what is happening, how far, how long still."""

import time

import streamlit as st

from core.jobs import JobState, job_of
from ui.i18n import _, format_number
from ui.session import UiSession
from ui.views.plain import plain

_POLL_SECONDS = 0.7
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
    return job


@st.fragment(run_every=_POLL_SECONDS)
def _poll(session: UiSession, kind: str, subject: str) -> None:
    job = job_of(session.store, kind, subject)
    if job is None or job.is_over:
        st.rerun()
    draw_progress(job, f"{kind}/{subject}")


def draw_progress(job: JobState, name: str) -> None:
    """Draw how far a job is; `name` tells it from the others of this window."""
    with st.container(border=True):
        st.progress(_share(job), text=_sentence(job, name))
        st.caption(_("You can leave this page: the work goes on, and this address leads back."))


def _share(job: JobState) -> float:
    return min(1.0, job.done / job.total) if job.total else 0.0


def _sentence(job: JobState, name: str) -> str:
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
    left = _seconds_left(job, name)
    if left is None:
        return counted
    return counted + _(", about %(seconds)s s left", seconds=format_number(left))


def _seconds_left(job: JobState, name: str) -> float | None:
    """Return the time left at the pace seen by this window since the stage began."""
    began = st.session_state.setdefault("job_pace", {})
    stage, done, moment = began.get(name, ("", 0, 0.0))
    if stage != job.stage or job.done < done:
        began[name] = (job.stage, job.done, time.monotonic())
        return None
    gained, elapsed = job.done - done, time.monotonic() - moment
    return (job.total - job.done) * elapsed / gained if gained else None
