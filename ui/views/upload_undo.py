"""Upload: taking an import back, asked once, or what stands against it."""

from typing import Any

import streamlit as st

from core.jobs import CLEAR, PLAN, enqueue
from core.services.import_ledger import entry_of, last_loaded
from core.services.import_undo import LaterImport, UndoOutlook, undo, undo_outlook
from core.store.import_states import LOADED, PLANNED
from core.store.imports import ImportEntry, Origin
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import number_column, show_rows
from ui.views.upload_corrections import source_title

_UNDONE = "rows_undone"


def draw_undone() -> None:
    """Say once that an import was taken back."""
    rows = st.session_state.pop(_UNDONE, None)
    if rows is not None:
        st.success(
            ngettext_(
                "The import of %(count)s row is undone: all is as before it, but for opt-outs.",
                "The import of %(count)s rows is undone: all is as before it, but for opt-outs.",
                rows,
            )
        )


def draw_undo(session: UiSession, opened: ImportEntry | None) -> None:
    """Draw the undoing of the opened import, or of the one loaded last."""
    entry = opened if opened is not None and opened.status == LOADED else last_loaded(session.store)
    if entry is None:
        return
    is_last = opened is None or entry.import_id != opened.import_id
    title = _("Undo the last import") if is_last else _("Undo this import")
    with st.popover(title):
        outlook = undo_outlook(session.store, entry.import_id)
        if outlook.later:
            _draw_later(session, outlook)
        else:
            _draw_way_back(session, entry, outlook, opened)


def _draw_way_back(
    session: UiSession, entry: ImportEntry, outlook: UndoOutlook, opened: ImportEntry | None
) -> None:
    st.markdown(
        _(
            "The import loaded on %(when)s will be taken back: every row will be as before it."
            " Opt-outs that it brought stay.",
            when=format_moment(entry.loaded_at, session.tenant.time_zone),
        )
    )
    if entry.origin == Origin.RELEASE:
        st.markdown(_("Its rows wait again, and its decisions are taken back."))
    if outlook.corrections:
        made = len(outlook.corrections)
        st.markdown(
            ngettext_(
                "The correction of its rows is taken back with it.",
                "The %(count)s corrections of its rows are taken back with it.",
                made,
            )
        )
    label = ngettext_("Undo %(count)s row", "Undo %(count)s rows", outlook.rows)
    if session.may_work and st.button(label, key="upload_undo"):
        with error_boundary():
            undo(session.store, session.actor, entry.import_id, clears=False)
            enqueue(session.store, session.actor, CLEAR, entry.import_id)
            _compare_again(session, opened)
            st.session_state[_UNDONE] = outlook.rows
            st.rerun()


def _compare_again(session: UiSession, opened: ImportEntry | None) -> None:
    """Have what waits to be loaded compared with what is there now."""
    if opened is not None and entry_of(session.store, opened.import_id).status == PLANNED:
        enqueue(session.store, session.actor, PLAN, opened.import_id)


def _draw_later(session: UiSession, outlook: UndoOutlook) -> None:
    st.markdown(
        ngettext_(
            "An import was loaded after this one. Undo it first.",
            "%(count)s imports were loaded after this one. Undo them first, the newest first.",
            len(outlook.later),
        )
    )
    titles = {
        "at": _("Loaded on"),
        "files": st.column_config.TextColumn(_("Files"), width="medium"),
        "by": _("By"),
        "rows": number_column(_("Of the same rows")),
    }
    rows = [_later_row(session, later) for later in outlook.later]
    show_rows(rows, titles, alt=_("Imports loaded after this one, the newest first"))


def _later_row(session: UiSession, later: LaterImport) -> dict[str, Any]:
    entry = later.entry
    is_release = entry.origin == Origin.RELEASE
    return {
        "at": format_moment(entry.loaded_at, session.tenant.time_zone),
        "files": _("rows that waited") if is_release else source_title(entry),
        "by": entry.created_by,
        "rows": later.rows,
    }
