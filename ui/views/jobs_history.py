"""Jobs: what is over, in pages, by kind and state; a click tells the whole of one."""

from typing import Any

import streamlit as st

from core.jobs import enqueue, job_of
from core.jobs.kinds import TITLES
from core.jobs.listing import can_try_again, past_jobs
from core.jobs.records import Job
from core.services.accounts import Role, includes
from ui.filters import choose_filter
from ui.i18n import _, format_moment
from ui.layout import empty_state
from ui.session import UiSession
from ui.tables import choose_row, no_rows
from ui.views.jobs_words import STATE_TITLES, draw_way, duration, job_title
from ui.views.plain import plain

_PAGE = 25
_KIND_PARAM, _STATE_PARAM, _PAGE_PARAM = "kind", "state", "page"


def draw_history(session: UiSession) -> None:
    """Draw a page of what is over; the filters and the page stand in the address."""
    kind, state = _choose_filters()
    page = _page_asked()
    found = past_jobs(
        session.store,
        session.actor,
        kind=kind,
        state=state,
        limit=_PAGE + 1,
        offset=(page - 1) * _PAGE,
    )
    if not found and page == 1:
        if kind or state:
            no_rows()
        else:
            empty_state(_("What workers have done is listed here: imports, runs, campaigns."))
        return
    _draw_rows(session, found[:_PAGE], page)
    _draw_switch(page, is_more=len(found) > _PAGE)


def _choose_filters() -> tuple[str | None, str | None]:
    with st.container(horizontal=True):
        kind = _choose(_("What"), _KIND_PARAM, TITLES)
        state = _choose(_("How it ended"), _STATE_PARAM, STATE_TITLES)
    return kind, state


def _choose(title: str, param: str, titles: Any) -> str | None:
    """Draw one filter and keep the choice in the address; a change leads to the first page."""
    asked = st.query_params.get(param)
    known = asked if asked in titles else None
    chosen = choose_filter(
        title,
        {name: _(titles[name]) for name in titles},
        known,
        every=_("All"),
        key=f"jobs_{param}",
        width=320,
    )
    if chosen != known:
        st.query_params.pop(_PAGE_PARAM, None)
        if chosen is None:
            st.query_params.pop(param, None)
        else:
            st.query_params[param] = chosen
        st.rerun()
    return chosen


def _page_asked() -> int:
    asked = st.query_params.get(_PAGE_PARAM, "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 7 else 1


def _draw_rows(session: UiSession, jobs: list[Job], page: int) -> None:
    titles = {
        "what": _("What"),
        "how": _("How it ended"),
        "who": _("Asked by"),
        "when": _("Ended"),
        "took": _("Took"),
        "why": st.column_config.TextColumn(_("Why"), width="large"),
    }
    rows = [_row(session, job) for job in jobs]
    alt = _("Jobs that are over, the newest first")
    chosen = choose_row(rows, titles, key=f"jobs_past_{page}", alt=alt)
    if chosen is not None:
        _draw_one(session, jobs[chosen])


def _row(session: UiSession, job: Job) -> dict[str, Any]:
    return {
        "what": job_title(job.kind),
        "how": _(STATE_TITLES[job.state.status]),
        "who": job.asked_by,
        "when": format_moment(job.ended_at, session.tenant.time_zone),
        "took": duration(job.seconds),
        "why": job.state.error_sentence(session.language),
    }


def _draw_one(session: UiSession, job: Job) -> None:
    with st.container(border=True):
        st.markdown(f"**{job_title(job.kind)}**")
        if job.state.error:
            st.markdown(job.state.error_sentence(session.language, plain))
        with st.container(horizontal=True):
            draw_way(job)
            _draw_again(session, job)
        if job.state.log and includes(session.actor.role, Role.ADMIN):
            st.caption(_("Where it arose, for whoever looks after the program"))
            st.code(job.state.log, language=None, wrap_lines=True)


def _draw_again(session: UiSession, job: Job) -> None:
    """Draw the button that asks for the same work, where its last job came to nothing."""
    last = job_of(session.store, job.kind, job.subject)
    if last is None or not can_try_again(session.actor.role, job, last):
        return
    if st.button(_("Try again"), key=f"jobs_again_{job.name}", type="primary"):
        enqueue(session.store, session.actor, job.kind, job.subject)
        st.rerun()


def _draw_switch(page: int, *, is_more: bool) -> None:
    if page == 1 and not is_more:
        return
    with st.container(horizontal=True):
        if st.button(_("Newer"), key="jobs_newer", disabled=page == 1):
            _open_page(page - 1)
        if st.button(_("Older"), key="jobs_older", disabled=not is_more):
            _open_page(page + 1)


def _open_page(page: int) -> None:
    st.query_params[_PAGE_PARAM] = str(page)
    st.rerun()
