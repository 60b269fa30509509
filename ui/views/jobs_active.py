"""Jobs: the queue and what runs, read again while something does."""

import streamlit as st

from core.jobs.kinds import UNSTOPPABLE
from core.jobs.listing import active_jobs, can_stop, place_in_queue
from core.jobs.records import Job
from core.jobs.stopping import stop_job
from ui.i18n import _, format_moment, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.job_progress import job_sentence, job_share
from ui.views.jobs_words import asked_sentence, draw_way, job_title, stop_sentence
from ui.views.plain import plain

_POLL_SECONDS = 1.0
_DRAWN = 20


def draw_active(session: UiSession) -> None:
    """Draw what runs and what waits; the page runs again when one of them ends."""
    names = [job.name for job in active_jobs(session.store, session.actor)]
    if not names:
        st.caption(_("Nothing is being worked on, and nothing waits."))
        return
    _poll(session, names)


@st.fragment(run_every=_POLL_SECONDS)
def _poll(session: UiSession, names: list[str]) -> None:
    jobs = active_jobs(session.store, session.actor)
    if [job.name for job in jobs] != names:
        st.rerun()
    for job in jobs[:_DRAWN]:
        _draw_job(session, job, place_in_queue(job, jobs))
    if len(jobs) > _DRAWN:
        st.caption(ngettext_("%(count)s more waits.", "%(count)s more wait.", len(jobs) - _DRAWN))


def _draw_job(session: UiSession, job: Job, place: int) -> None:
    with st.container(border=True, key=f"job_{job.name.replace('.', '_')}"):
        asked = asked_sentence(job, format_moment(job.asked_at, session.tenant.time_zone))
        st.markdown(f"**{job_title(job.kind)}**")
        st.caption(plain(asked))
        st.progress(job_share(job.state), text=_where(job, place))
        with st.container(horizontal=True):
            draw_way(job)
            _draw_stop(session, job)


def _where(job: Job, place: int) -> str:
    if job.is_stopping:
        return _("It is being stopped: it ends where it next says how far it is.")
    if place:
        return _("Waiting, at place %(place)s of your company", place=format_number(place))
    if job.tries > 1:
        return _(
            "%(said)s (try %(number)s: its worker died)",
            said=job_sentence(job.state),
            number=format_number(job.tries),
        )
    return job_sentence(job.state)


def _draw_stop(session: UiSession, job: Job) -> None:
    if not session.may_work or job.is_stopping:
        return
    if not can_stop(job):
        st.caption(_(UNSTOPPABLE[job.kind]))
        return
    with st.popover(_("Stop")):
        st.markdown(stop_sentence(job.kind))
        if st.button(_("Stop this job"), key=f"jobs_stop_{job.name}", type="primary"):
            with error_boundary():
                stop_job(session.store, session.actor, job.name)
                st.rerun()
