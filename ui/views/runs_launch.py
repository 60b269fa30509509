"""Runs: the form that launches one."""

from datetime import date

import streamlit as st

from core.jobs import RUN, enqueue
from core.services.execute_run import create_run
from core.services.import_files import today_of
from core.services.policies import current_policy
from ui.i18n import _, format_date
from ui.layout import error_boundary
from ui.session import UiSession

RUN_PARAM = "run"
_MOST_PROPOSED = 20
_LONGEST_SILENCE = 365


def draw_launch_button(session: UiSession, *, is_next: bool) -> None:
    """Draw the button that opens the form; the page's primary action when it `is_next`."""
    if not session.may_work:
        return
    if st.button(_("Launch a run"), type="primary" if is_next else "secondary", key="runs_launch"):
        _open_form(session)


def _open_form(session: UiSession) -> None:
    @st.dialog(_("Launch a run"))
    def form() -> None:
        with error_boundary():
            _draw_form(session)

    form()


def _draw_form(session: UiSession) -> None:
    policy = current_policy(session.store)
    as_of: date = st.date_input(
        _("As-of date"),
        value=today_of(session.store),
        format="DD/MM/YYYY",
        key="launch_as_of",
        help=_("Sales and contacts later than this day are ignored."),
    )
    st.caption(_("Everything is computed as if today were %(day)s.", day=format_date(as_of)))
    top_n = st.number_input(
        _("Products proposed to each customer"),
        min_value=1,
        max_value=_MOST_PROPOSED,
        value=policy.top_n,
        key="launch_top_n",
    )
    silence = st.number_input(
        _("Silence window, in days"),
        min_value=0,
        max_value=_LONGEST_SILENCE,
        value=policy.audit.silence_window_days,
        key="launch_silence",
        help=_("Who was written to within these days is not written to again."),
    )
    if st.button(_("Launch"), type="primary", key="launch_send", width="stretch"):
        with error_boundary():
            run_id = create_run(
                session.store,
                session.actor,
                as_of=as_of,
                top_n=int(top_n),
                silence_window_days=int(silence),
            )
            enqueue(session.store, session.actor, RUN, run_id)
            st.query_params[RUN_PARAM] = run_id
            st.rerun()
