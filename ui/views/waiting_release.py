"""Waiting rows: releases on their way, what came of one, and the way to the desk."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.jobs import LOAD, enqueue, job_of
from core.services.import_ledger import discard, entry_of, report_of
from core.services.waiting_rows import count_waiting_rows, list_open_releases
from core.store.imports import ImportEntry
from ui.i18n import _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.job_progress import follow_job

_LAST = "waiting_last_release"


def start_release(session: UiSession, import_id: str | None) -> None:
    """Have the release loaded, if there is one, and draw the page again."""
    if import_id is not None:
        enqueue(session.store, session.actor, LOAD, import_id)
        st.session_state[_LAST] = import_id
    st.rerun()


def release_sentence(report: Mapping[str, Any]) -> str:
    """Return what a release did: "12 rows released by 3 decided labels"."""
    counts = report["release"]
    parts = [
        text
        for count, text in (
            (
                counts["labels"],
                ngettext_("%(count)s decided label", "%(count)s decided labels", counts["labels"]),
            ),
            (
                counts["products"],
                ngettext_(
                    "%(count)s created product", "%(count)s created products", counts["products"]
                ),
            ),
            (
                counts["customers"],
                ngettext_(
                    "%(count)s created customer", "%(count)s created customers", counts["customers"]
                ),
            ),
        )
        if count
    ]
    return ngettext_(
        "%(count)s row released by %(what)s",
        "%(count)s rows released by %(what)s",
        report["released"],
        what=", ".join(parts),
    )


def loaded_totals(report: Mapping[str, Any]) -> dict[str, int]:
    """Return the totals of an import, `loaded` with the waiting rows that it released."""
    totals = dict(report["totals"])
    return {**totals, "loaded": totals["loaded"] + report.get("released", 0)}


def draw_releases(session: UiSession) -> None:
    """Draw the releases on their way with their progress, and what came of the last one."""
    for entry in list_open_releases(session.store):
        job = follow_job(session, LOAD, entry.import_id)
        if job is None or job.is_over:
            now = entry_of(session.store, entry.import_id)  # it may have been loaded in between
            if now.status != "loaded":
                _draw_stopped(session, now)
    last = st.session_state.get(_LAST)
    if last is not None and entry_of(session.store, last).status == "loaded":
        st.success(f"{release_sentence(report_of(session.store, last))}.")
        del st.session_state[_LAST]  # said once


def _draw_stopped(session: UiSession, entry: ImportEntry) -> None:
    if not session.may_work:
        return
    st.warning(_("These decisions are kept, but the rows are not released yet."))
    with st.container(horizontal=True):
        if st.button(_("Release the rows"), key=f"release_{entry.import_id}"):
            start_release(session, entry.import_id)
        if st.button(_("Give these decisions up"), key=f"give_up_{entry.import_id}"):
            with error_boundary():
                discard(session.store, session.actor, entry.import_id)
                st.rerun()


def draw_release(session: UiSession, entry: ImportEntry) -> None:
    """Draw one release as an import of the history: on its way, loaded or undone."""
    follow_job(session, LOAD, entry.import_id)
    sentence = release_sentence(report_of(session.store, entry.import_id))
    if entry.status == "loaded":
        st.success(f"{sentence}.")
    elif entry.status == "undone":
        st.info(_("This release was undone: its rows wait again, its decisions are taken back."))
    elif entry.status == "discarded":
        st.info(_("This release was given up: its rows wait, nothing is decided by it."))
    elif job_of(session.store, LOAD, entry.import_id) is None:
        _draw_stopped(session, entry)
    if st.button(_("Go to the waiting rows"), key="upload_to_waiting"):
        st.switch_page("../pages/waiting.py")


def draw_waiting_link(session: UiSession) -> None:
    """Say how many rows wait for a decision, with the button that leads to them."""
    rows = count_waiting_rows(session.store)
    if not rows:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            ngettext_(
                "%(count)s row waits for a product, a customer or its sale.",
                "%(count)s rows wait for a product, a customer or their sale.",
                rows,
            ),
            width="content",
        )
        if st.button(_("Look at the waiting rows"), key="upload_to_waiting"):
            st.switch_page("../pages/waiting.py")
