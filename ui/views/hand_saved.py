"""Changes by hand on their way: saved, loaded, said in a sentence, taken back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.errors import Refused
from core.jobs import CLEAR, LOAD, enqueue
from core.services.import_ledger import discard, entry_of, report_of
from core.services.import_undo import undo
from core.store.import_states import DISCARDED, LOADED, UNDONE
from core.store.imports import ImportEntry
from ui.i18n import _, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.column_titles import column_title
from ui.views.job_progress import follow_job
from ui.views.plain import plain
from ui.views.upload_changes import written_cell
from ui.views.upload_corrections import hand_title

_LAST = "hand_last_change"
_SETTLED = "hand_settled_change"  # the last one whose end a page was told of
_OVER = (LOADED, DISCARDED, UNDONE)
_TOLD = 6  # cells of a change


@contextmanager
def hand_boundary() -> Iterator[None]:
    """Show an error of a change by hand as a sentence, the column it names by its title."""
    with error_boundary():
        try:
            yield
        except Refused as error:
            if "field" not in error.values:
                raise
            field = column_title(str(error.values["field"]))
            raise Refused(error.message, **{**error.values, "field": field}) from error


def start_change(session: UiSession, import_id: str) -> None:
    """Have a saved change loaded, and draw the page again, which follows it."""
    enqueue(session.store, session.actor, LOAD, import_id)
    st.session_state[_LAST] = import_id
    st.rerun()


def draw_last_change(session: UiSession, on_settled: Callable[[], None] | None = None) -> bool:
    """Draw the change that was saved last on its way, then what it changed, with the way back.

    Tells whether it is on its way still; `on_settled` is called once what is there has changed.
    """
    import_id = st.session_state.get(_LAST)
    if import_id is None:
        return False
    with error_boundary():
        job = follow_job(session, LOAD, import_id)
        entry = entry_of(session.store, import_id)  # it may have been loaded in between
        settled = (import_id, entry.status)
        if entry.status in _OVER and on_settled and st.session_state.get(_SETTLED) != settled:
            st.session_state[_SETTLED] = settled
            on_settled()
        if entry.status == LOADED:
            _draw_done(session, entry, on_settled)
        elif entry.status in _OVER:
            del st.session_state[_LAST]
        elif job is not None and not job.is_over:
            return True
        elif session.may_work:
            _draw_stopped(session, entry)
    return False


def draw_hand_import(session: UiSession, entry: ImportEntry) -> None:
    """Draw a change by hand as an import of the history: on its way, loaded or undone."""
    job = follow_job(session, LOAD, entry.import_id)
    entry = entry_of(session.store, entry.import_id)
    if entry.status == LOADED:
        st.success(f"{plain(hand_title(entry))}. {_sentence(session, entry)}")
    elif entry.status == UNDONE:
        st.info(_("This change was undone: everything is as it was before."))
    elif entry.status == DISCARDED:
        st.info(_("This change was given up. Nothing of it was loaded."))
    elif (job is None or job.is_over) and session.may_work:
        _draw_stopped(session, entry)


def _draw_stopped(session: UiSession, entry: ImportEntry) -> None:
    st.warning(_("This change is kept, but it is not loaded yet."))
    with st.container(horizontal=True):
        if st.button(_("Load the change"), key="hand_load"):
            start_change(session, entry.import_id)
        if st.button(_("Give the change up"), key="hand_give_up"):
            with error_boundary():
                discard(session.store, session.actor, entry.import_id)
                st.rerun()


def _draw_done(
    session: UiSession, entry: ImportEntry, on_settled: Callable[[], None] | None
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(_sentence(session, entry))
        if session.may_work and st.button(_("Undo"), key="hand_undo"):
            undo(session.store, session.actor, entry.import_id, clears=False)
            enqueue(session.store, session.actor, CLEAR, entry.import_id)
            del st.session_state[_LAST]
            if on_settled is not None:
                on_settled()
            st.rerun()
        if st.button(_("Close"), key="hand_close", type="tertiary"):
            del st.session_state[_LAST]
            st.rerun()


def _sentence(session: UiSession, entry: ImportEntry) -> str:
    """Return what a loaded change changed: "Saved: Stock from 3 to 5."."""
    files = report_of(session.store, entry.import_id)["files"]
    changes = [change | {"kind": file["kind"]} for file in files for change in file["changes"]]
    if not changes:
        return _("Saved: it is there now.")
    told = "; ".join(_one(change, session.tenant.currency) for change in changes[:_TOLD])
    return _("Saved: %(changes)s.", changes=told)


def _one(change: Mapping[str, Any], currency: str) -> str:
    field = column_title(change["column"])
    if change["rows"] > 1:
        return ngettext_(
            "%(field)s of %(count)s row", "%(field)s of %(count)s rows", change["rows"], field=field
        )
    (first, *_rest) = change["examples"]
    before, after = (written_cell(change, first[side], currency) for side in ("before", "after"))
    return _(
        "%(field)s from %(before)s to %(after)s",
        field=field,
        before=plain(before),
        after=plain(after),
    )
