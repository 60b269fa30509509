"""Upload, below the steps: what was imported, what can be done with it, and the way back."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import NotFound
from core.jobs import PLAN, enqueue
from core.services.import_again import import_again, reopen, throw_away
from core.services.import_ledger import (
    OPEN,
    count_entries,
    entry_of,
    list_imports,
    reports_of,
)
from core.store.import_states import ASKING, DISCARDED, LOADED, PLANNED, UNDONE
from core.store.imports import ImportEntry, Origin
from ui.i18n import _, format_moment
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column
from ui.views.upload_corrections import source_title
from ui.views.upload_drop import IMPORT
from ui.views.upload_undo import draw_undo, draw_undone
from ui.views.waiting_release import loaded_totals, release_sentence
from ui.views.words import import_state_title

_SHOWN = 20
_LINE = 24  # characters of the file names that stand on one line
_NO_FILES = (Origin.RELEASE, Origin.HAND)  # of anybody's, to be read in another way
_COUNTED = ("rows_in", "held", "rejected")


def draw_history(session: UiSession, shown: str | None) -> None:
    """Draw the imports, a page at a time; a click opens one. One can be undone or taken up."""
    st.header(_("Imports so far"), anchor=False)
    draw_undone()
    total = count_entries(session.store)
    if not total:
        st.caption(_("What you import will be listed here, and can be undone from here."))
        return
    offset = choose_page(total, _SHOWN, key="imports_page", is_counted=False)
    entries = list_imports(session.store, limit=_SHOWN, offset=offset)
    # The key changes with the opened import, so that a click is not answered twice.
    key = f"imports_{shown}_{offset}"
    rows = _rows(session, entries)
    is_long = any(len(row["files"]) > _LINE for row in rows)
    alt = _("Imports, the newest first")
    chosen = choose_row(rows, _titles(), key=key, alt=alt, has_long_texts=is_long)
    if chosen is not None and entries[chosen].import_id != shown:
        st.query_params[IMPORT] = entries[chosen].import_id
        st.rerun()
    opened = _opened(session, shown)
    with st.container(horizontal=True):
        draw_undo(session, opened)
        if opened is not None:
            _draw_second_beginning(session, opened)
            _draw_downloads(opened)


def _opened(session: UiSession, shown: str | None) -> ImportEntry | None:
    try:
        return entry_of(session.store, shown) if shown else None
    except NotFound:  # said above the history
        return None


def _titles() -> Mapping[str, Any]:
    return {
        "at": _("Received"),
        "files": st.column_config.TextColumn(_("Files"), width="medium"),
        "state": st.column_config.TextColumn(_("State"), width=140),
        "rows_in": number_column(_("Rows read")),
        "loaded": number_column(_("Rows loaded")),
        "held": number_column(_("Held")),
        "rejected": number_column(_("Rejected")),
        "by": _("By"),
    }


def _rows(session: UiSession, entries: Sequence[ImportEntry]) -> list[dict[str, Any]]:
    reports = reports_of(session.store, entries)
    return [_row(session, entry, reports[entry.import_id]) for entry in entries]


def _row(session: UiSession, entry: ImportEntry, report: Mapping[str, Any]) -> dict[str, Any]:
    totals = loaded_totals(report) if report else {}
    is_counted = entry.status != ASKING  # until every question is answered no row is
    return {
        "at": format_moment(entry.created_at, session.tenant.time_zone),
        "files": _source(entry, report),
        "state": import_state_title(entry.status),
        "loaded": totals.get("loaded") if entry.status == LOADED else None,
        **{name: totals.get(name) if is_counted else None for name in _COUNTED},
        "by": entry.created_by,
    }


def _source(entry: ImportEntry, report: Mapping[str, Any]) -> str:
    """Return where the rows came from: file names, corrected rows, or rows that waited."""
    if entry.origin == Origin.RELEASE:
        return release_sentence(report)
    return source_title(entry)


def _draw_downloads(entry: ImportEntry) -> None:
    if entry.report_json and entry.origin not in _NO_FILES:
        address = f"/export/imports/{entry.import_id}"
        if entry.status not in (PLANNED, LOADED):  # of these they stand with the remarks
            st.link_button(_("Download every remark"), f"{address}/issues.csv")
        st.link_button(_("Download the report (JSON)"), f"{address}/report.json")


def _draw_second_beginning(session: UiSession, entry: ImportEntry) -> None:
    """Draw what can be done with an import that is not loaded."""
    if not session.may_work:
        return
    store, actor, is_release = session.store, session.actor, entry.origin in _NO_FILES
    can_reopen = entry.status == DISCARDED and not is_release
    can_import_again = entry.status == UNDONE and entry.origin == Origin.FILES
    if can_reopen and st.button(_("Take it up again"), key="upload_reopen"):
        with error_boundary():
            reopen(store, actor, entry.import_id)
            _look_at(session, entry.import_id)
    if can_import_again and st.button(_("Import these files again"), key="upload_import_again"):
        with error_boundary():
            _look_at(session, import_again(store, actor, entry.import_id))
    if entry.status in (*OPEN, DISCARDED) and not is_release:
        _draw_throwing_away(session, entry)


def _draw_throwing_away(session: UiSession, entry: ImportEntry) -> None:
    with st.popover(_("Throw it away")):
        st.markdown(_("The files are removed, and the import leaves this list."))
        if st.button(_("Throw this import away"), key="upload_throw_away"):
            with error_boundary():
                throw_away(session.store, session.actor, entry.import_id)
                del st.query_params[IMPORT]
                st.rerun()


def _look_at(session: UiSession, import_id: str) -> None:
    enqueue(session.store, session.actor, PLAN, import_id)
    st.query_params[IMPORT] = import_id
    st.rerun()
