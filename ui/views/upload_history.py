"""Upload, below the steps: what was imported, and the way back."""

import json
from typing import Any

import streamlit as st

from core.jobs import PLAN, enqueue
from core.services.import_files import LOADED, list_imports, undo
from core.services.import_report import ASKING, PLANNED
from core.store.imports import ImportEntry
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row, number_column
from ui.views.upload_drop import IMPORT
from ui.views.words import import_state_title

_SHOWN = 20


def draw_history(session: UiSession, shown: str | None) -> None:
    """Draw the last imports; a click opens one, the last loaded one can be undone."""
    entries = list_imports(session.store, limit=_SHOWN)
    st.subheader(_("Imports so far"), anchor=False)
    if not entries:
        st.caption(_("What you import will be listed here, and can be undone from here."))
        return
    titles = {
        "at": _("Received"),
        "state": st.column_config.TextColumn(_("State"), width=140),
        "files": st.column_config.TextColumn(_("Files"), width="medium"),
        "loaded": number_column(_("Rows loaded")),
        "rejected": number_column(_("Rejected")),
        "held": number_column(_("Held")),
        "by": _("By"),
    }
    rows = [_row(session, entry) for entry in entries]
    # The key changes with the opened import, so that a click is not answered twice.
    key = f"imports_{shown}"
    chosen = choose_row(rows, titles, key=key, alt=_("Imports, the newest first"))
    if chosen is not None and entries[chosen].import_id != shown:
        st.query_params[IMPORT] = entries[chosen].import_id
        st.rerun()
    _draw_undo(session, entries, shown)


def _row(session: UiSession, entry: ImportEntry) -> dict[str, Any]:
    totals = json.loads(entry.report_json)["totals"] if entry.report_json else {}
    is_counted = entry.status != ASKING  # until every question is answered no row is
    return {
        "at": format_moment(entry.created_at, session.tenant.time_zone),
        "files": ", ".join(file.name for file in entry.files),
        "by": entry.created_by,
        "state": import_state_title(entry.status),
        "loaded": totals.get("loaded") if entry.status == LOADED else None,
        "rejected": totals.get("rejected") if is_counted else None,
        "held": totals.get("held") if is_counted else None,
    }


def _draw_undo(session: UiSession, entries: list[ImportEntry], shown: str | None) -> None:
    """Draw the undoing of the import loaded last, asked once; what is shown is compared again."""
    loaded = [e for e in entries if e.status == LOADED and e.seq is not None]
    if not loaded:
        return
    last = max(loaded, key=lambda entry: entry.seq or 0)
    rows = json.loads(last.report_json or "{}")["totals"]["loaded"]
    when = format_moment(last.loaded_at, session.tenant.time_zone)
    with st.popover(_("Undo the last import")):
        st.markdown(
            _(
                "The import loaded on %(when)s is taken back: every row is as before it."
                " Opt-outs that it brought stay.",
                when=when,
            )
        )
        label = ngettext_("Undo %(count)s row", "Undo %(count)s rows", rows)
        if st.button(label, key="upload_undo"):
            with error_boundary():
                undo(session.store, session.actor, last.import_id)
                if any(e.import_id == shown and e.status == PLANNED for e in entries):
                    enqueue(session.store, session.actor, PLAN, str(shown))
                st.rerun()
