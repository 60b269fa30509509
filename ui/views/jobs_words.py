"""Jobs: their words, and where the work of each is looked at."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.jobs.kinds import (
    BACKTEST,
    ERASE,
    FORGET,
    LOAD,
    PLAN,
    PREPARE,
    RECONCILE,
    RETAIN,
    REVIEW,
    RUN,
    SCHEDULE,
    SEND,
    SYNC,
    TAKE,
    TITLES,
)
from core.jobs.records import Job
from ui.i18n import _, format_number, titled
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.insights_launch import BACKTEST_PARAM
from ui.views.runs_launch import RUN_PARAM
from ui.views.upload_drop import IMPORT

STATE_TITLES: Mapping[str, str] = {
    "done": N_("done"),
    "failed": N_("failed"),
    "stopped": N_("stopped"),
}
# Where a job's subject is looked at: the page, and the parameter that names the subject there.
_PLACES: Mapping[str, tuple[str, str | None]] = {
    **dict.fromkeys((PLAN, LOAD, TAKE), ("upload", IMPORT)),
    **dict.fromkeys((RUN, REVIEW, SYNC), ("runs", RUN_PARAM)),
    **dict.fromkeys((PREPARE, SEND, RECONCILE), ("campaigns", CAMPAIGN_PARAM)),
    BACKTEST: ("insights", BACKTEST_PARAM),
    SCHEDULE: ("schedules", None),
    **dict.fromkeys((ERASE, RETAIN, FORGET), ("privacy", None)),
}
# What a stop leaves, where it is not as if the job had never begun.
_STOP_LEAVES: Mapping[str, str] = {
    TAKE: N_("Nothing is loaded; the import waits for somebody on the Upload page."),
    SEND: N_("The rehearsal pauses, and can go on from there on the Campaigns page."),
    SYNC: N_("The contacts that were pushed so far stay at Brevo."),
    REVIEW: N_("The decisions stay, and wait until they are applied."),
    SCHEDULE: N_("What its steps have done so far stays; no report is mailed."),
}
_STOP_LEAVES_NOTHING = N_("What it did so far counts for nothing; it can be started again.")
_MINUTE, _HOUR = 60, 3600


def job_title(kind: str) -> str:
    """Return what a kind of job does, in the current language."""
    return _(TITLES[kind])


def stop_sentence(kind: str) -> str:
    """Return what remains of a job of this kind when it is stopped."""
    return _(_STOP_LEAVES.get(kind, _STOP_LEAVES_NOTHING))


def duration(seconds: float | None) -> str:
    """Return a time in the unit that people use; empty without one."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return _("%(count)s s", count=format_number(seconds))
    if seconds < _HOUR:
        return _("%(count)s min", count=format_number(seconds / _MINUTE))
    return _("%(count)s h", count=format_number(seconds / _HOUR, 1))


def draw_way(job: Job) -> None:
    """Draw the button that opens what the job worked on, where there is a page for it."""
    page, param = _PLACES.get(job.kind, (None, None))
    if page is not None and st.button(_("Open"), key=f"jobs_open_{job.name}"):
        query = {param: job.subject} if param else {}
        st.switch_page(f"../pages/{page}.py", query_params=query)


def asked_sentence(job: Job, moment: str) -> str:
    """Return by whom and when a job was asked for."""
    return titled(job.asked_by or _("somebody"), moment)
