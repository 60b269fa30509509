"""Upload: one import on its way from recognised to loaded."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.i18n import N_
from core.jobs import LOAD, PLAN, TAKE, enqueue, job_of
from core.services.import_files import confirm_opt_outs
from core.services.import_ledger import discard, entry_of, report_of
from core.store.import_states import ASKING, DISCARDED, LOADED, PLANNED, RECEIVED, UNDONE
from core.store.imports import ImportEntry, Origin
from ui.i18n import _, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.hand_saved import draw_hand_import
from ui.views.job_progress import follow_job
from ui.views.steps import show_steps
from ui.views.upload_corrections import (
    draw_choice_of_parent,
    draw_corrected_import,
    draw_corrections_made,
)
from ui.views.upload_create import draw_creation
from ui.views.upload_drop import IMPORT
from ui.views.upload_effect import draw_effect
from ui.views.upload_left_out import draw_left_out
from ui.views.upload_recognise import draw_questions, draw_recognition
from ui.views.upload_review import draw_review
from ui.views.upload_warnings import draw_past_warnings, draw_warnings
from ui.views.waiting_release import draw_release, draw_waiting_link

STEPS = (N_("Drop"), N_("Recognise"), N_("Review"), N_("Load"))
_STEP_OF = {RECEIVED: 1, ASKING: 1, PLANNED: 2, LOADED: 4, DISCARDED: 4, UNDONE: 4}


def draw_import(session: UiSession, import_id: str) -> None:
    """Draw the import as it stands; raises `NotFound` when the tenant has none of this id."""
    entry = entry_of(session.store, import_id)
    if entry.origin == Origin.RELEASE:
        draw_release(session, entry)
        return
    if entry.origin == Origin.HAND:
        draw_hand_import(session, entry)
        return
    steps = st.container()
    jobs = [follow_job(session, kind, import_id) for kind in (PLAN, LOAD, TAKE)]
    working = [job is not None and not job.is_over for job in jobs]
    entry = entry_of(session.store, import_id)  # again: a job may have ended in between
    with steps:
        show_steps([_(step) for step in STEPS], 3 if working[1] else _STEP_OF[entry.status])
    if not any(working):
        _draw_state(session, entry)


def _draw_state(session: UiSession, entry: ImportEntry) -> None:
    report = report_of(session.store, entry.import_id)
    draw_corrected_import(session, entry)
    if entry.status == RECEIVED:
        label = _("Look at the files")
        if session.may_work and st.button(label, type="primary", key="upload_plan"):
            enqueue(session.store, session.actor, PLAN, entry.import_id)
            st.rerun()
    elif entry.status == ASKING:
        draw_questions(session, entry, report)
        draw_left_out(session, entry)
        draw_recognition(session, entry, report, is_open=True)
        draw_choice_of_parent(session, entry)
        _draw_giving_up(session, entry)
    elif entry.status == PLANNED:
        if report["totals"]["rows_in"]:
            _draw_loading(session, entry, report)
            draw_left_out(session, entry)
            draw_review(report)
        else:
            st.info(_("These files have a header and no row: there is nothing to load."))
            _draw_giving_up(session, entry)
        draw_recognition(session, entry, report, is_open=False)
        draw_choice_of_parent(session, entry)
    else:
        _draw_closed(session, entry, report)


def _draw_loading(session: UiSession, entry: ImportEntry, report: dict[str, Any]) -> None:
    if report.get("same_as"):
        _draw_giving_up(session, entry)
        return
    draw_warnings(report)
    alarm = report.get("opt_out_alarm")
    is_sure = alarm is None or _ask_about_opt_outs(alarm)
    draw_creation(session, entry, report)
    with st.container(horizontal=True, vertical_alignment="center"):
        can_load = is_sure and session.may_work
        is_next = report["totals"]["loaded"] > 0
        if st.button(
            _load_label(report["totals"]),
            type="primary" if is_next else "secondary",
            key="upload_load",
            disabled=not can_load,
        ):
            if alarm is not None:
                confirm_opt_outs(session.store, session.actor, entry.import_id)
            enqueue(session.store, session.actor, LOAD, entry.import_id)
            st.rerun()
        _draw_giving_up(session, entry)
    draw_effect(report)


def _load_label(totals: Mapping[str, int]) -> str:
    """Return what the button does, also where no row is new."""
    rows, waiting = totals["loaded"], totals["held"]
    if rows:
        return ngettext_("Load %(count)s row", "Load %(count)s rows", rows)
    if waiting:
        return ngettext_(
            "Let %(count)s row wait as it is", "Let %(count)s rows wait as they are", waiting
        )
    return _("Load all the same")


def _ask_about_opt_outs(alarm: dict[str, int]) -> bool:
    st.warning(
        _(
            "These files opt %(leaving)s of your %(customers)s customers out of e-mail, and an"
            " import never takes an opt-out back. Check the column first.",
            leaving=format_number(alarm["leaving"]),
            customers=format_number(alarm["customers"]),
        )
    )
    return st.checkbox(_("The opt-outs are right"), key="upload_opt_outs")


def _draw_giving_up(session: UiSession, entry: ImportEntry) -> None:
    if not session.may_work:
        return
    if st.button(_("Give up this import"), key="upload_discard"):
        with error_boundary():
            discard(session.store, session.actor, entry.import_id)
            st.rerun()


def _draw_closed(session: UiSession, entry: ImportEntry, report: dict[str, Any]) -> None:
    if entry.status == LOADED:
        st.success(
            ngettext_(
                "%(count)s row is loaded. Next: launch a run.",
                "%(count)s rows are loaded. Next: launch a run.",
                report["totals"]["loaded"],
            )
        )
        if st.button(_("Go to the runs"), type="primary", key="upload_to_runs"):
            st.switch_page("../pages/runs.py")
        draw_waiting_link(session)
        draw_corrections_made(report)
        draw_past_warnings(report)
        draw_review(report)
        return
    loaded = job_of(session.store, LOAD, entry.import_id)
    if entry.status == UNDONE:
        st.info(_("This import was undone: every row is as it was before."))
    elif loaded is not None and loaded.status == "done":
        st.info(_("The same files were loaded before in the same way. Nothing had to change."))
    else:
        st.info(_("This import was given up. Nothing of it was loaded."))
    if st.button(_("Drop other files"), key="upload_again"):
        del st.query_params[IMPORT]
        st.rerun()
