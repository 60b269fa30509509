"""Upload: one import on its way from recognised to loaded."""

import json
from typing import Any

import streamlit as st

from core.i18n import N_
from core.jobs import LOAD, PLAN, enqueue, job_of
from core.services.import_files import (
    ASKING,
    DISCARDED,
    LOADED,
    PLANNED,
    RECEIVED,
    UNDONE,
    confirm_opt_outs,
    discard,
    entry_of,
)
from core.store.imports import ImportEntry
from ui.i18n import _, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.job_progress import follow_job
from ui.views.steps import show_steps
from ui.views.upload_drop import IMPORT
from ui.views.upload_recognise import draw_questions, draw_recognition
from ui.views.upload_review import draw_review

STEPS = (N_("Drop"), N_("Recognise"), N_("Review"), N_("Load"))
_STEP_OF = {RECEIVED: 1, ASKING: 1, PLANNED: 2, LOADED: 4, DISCARDED: 4, UNDONE: 4}


def draw_import(session: UiSession, import_id: str) -> None:
    """Draw the import as it stands; raises `NotFound` when the tenant has none of this id."""
    entry_of(session.store, import_id)
    steps = st.container()
    jobs = [follow_job(session, kind, import_id) for kind in (PLAN, LOAD)]
    working = [job is not None and not job.is_over for job in jobs]
    entry = entry_of(session.store, import_id)  # again: a job may have ended in between
    with steps:
        show_steps([_(step) for step in STEPS], 3 if working[1] else _STEP_OF[entry.status])
    if not any(working):
        _draw_state(session, entry)


def _draw_state(session: UiSession, entry: ImportEntry) -> None:
    report: dict[str, Any] = json.loads(entry.report_json) if entry.report_json else {}
    if entry.status == RECEIVED:
        if st.button(_("Look at the files"), type="primary", key="upload_plan"):
            enqueue(session.store, session.actor, PLAN, entry.import_id)
            st.rerun()
    elif entry.status == ASKING:
        draw_questions(session, entry, report)
        draw_recognition(session, entry, report, is_open=True)
        _draw_giving_up(session, entry)
    elif entry.status == PLANNED:
        if report["totals"]["rows_in"]:
            _draw_loading(session, entry, report)
            draw_review(report)
        else:
            st.info(_("These files have a header and no row: there is nothing to load."))
            _draw_giving_up(session, entry)
        draw_recognition(session, entry, report, is_open=False)
    else:
        _draw_closed(session, entry, report)


def _draw_loading(session: UiSession, entry: ImportEntry, report: dict[str, Any]) -> None:
    _warn_of_twice(report)
    alarm = report.get("opt_out_alarm")
    is_sure = alarm is None or _ask_about_opt_outs(alarm)
    rows = report["totals"]["loaded"]
    with st.container(horizontal=True, vertical_alignment="center"):
        label = ngettext_("Load %(count)s row", "Load %(count)s rows", rows)
        if st.button(label, type="primary", key="upload_load", disabled=not is_sure):
            if alarm is not None:
                confirm_opt_outs(session.store, session.actor, entry.import_id)
            enqueue(session.store, session.actor, LOAD, entry.import_id)
            st.rerun()
        _draw_giving_up(session, entry)


def _warn_of_twice(report: dict[str, Any]) -> None:
    """Warn of documents that are loaded under other line numbers."""
    renumbered = sum(f.get("renumbered", 0) for f in report["files"])
    if renumbered:
        st.warning(
            ngettext_(
                "%(count)s document is loaded already, and only one of the two exports numbers"
                " its lines: loading these files would count it twice. Undo the earlier import"
                " first, or export with the same columns as before.",
                "%(count)s documents are loaded already, and only one of the two exports numbers"
                " their lines: loading these files would count them twice. Undo the earlier import"
                " first, or export with the same columns as before.",
                renumbered,
            )
        )


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
