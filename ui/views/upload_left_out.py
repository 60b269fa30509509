"""Upload: files that are left out of an import, and the way to leave one out or take it back."""

import streamlit as st

from core.jobs import PLAN, enqueue
from core.services.import_again import leave_out
from core.store.imports import ImportEntry, ImportFile
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import plain


def draw_left_out(session: UiSession, entry: ImportEntry) -> None:
    """Draw a button per file of an import of several: leave it out, or take it back."""
    kept = [file for file in entry.files if not file.left_out]
    left = [file for file in entry.files if file.left_out]
    if left:
        names = ", ".join(plain(file.name) for file in left)
        st.info(_("Left out, neither read nor counted: %(files)s.", files=names))
    if len(entry.files) < 2:
        return
    with st.expander(_("Leave a file out, or take one back"), expanded=bool(left)):
        st.caption(_("The other files go on without it. Nothing is lost: you can take it back."))
        for file in left:
            _draw_button(session, entry, file, _("Take %(file)s back", file=plain(file.name)))
        for file in kept if len(kept) > 1 else ():
            _draw_button(session, entry, file, _("Leave %(file)s out", file=plain(file.name)))


def _draw_button(session: UiSession, entry: ImportEntry, file: ImportFile, label: str) -> None:
    if not st.button(label, key=f"left_out_{file.file_no}"):
        return
    with error_boundary():
        left_out = not file.left_out
        leave_out(session.store, session.actor, entry.import_id, file.file_no, left_out=left_out)
        enqueue(session.store, session.actor, PLAN, entry.import_id)
        st.rerun()
