"""Upload: corrected rows and the import they belong to, and the rejected rows to correct."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.jobs import PLAN, enqueue
from core.services.import_corrections import choose_correction
from core.services.import_decisions import change_of
from core.services.import_ledger import entry_of
from core.services.rejecting_files import (
    RejectingFile,
    list_rejecting_files,
    stamp_of_loaded,
)
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.upload_drop import IMPORT


def hand_title(entry: ImportEntry) -> str:
    """Return what a change by hand is of: "Change by hand, 1 product"."""
    change = change_of(entry)
    products, customers = change.get("products", 0), change.get("clients", 0)
    if customers:
        return ngettext_(
            "Change by hand, %(count)s customer", "Change by hand, %(count)s customers", customers
        )
    return ngettext_(
        "Change by hand, %(count)s product", "Change by hand, %(count)s products", products
    )


def source_title(entry: ImportEntry) -> str:
    """Return where the rows of an import of files came from: their names, or that they correct."""
    names = ", ".join(file.name for file in entry.files if not file.left_out)
    if entry.origin == Origin.CORRECTION:
        return _("Corrected rows: %(files)s", files=names)
    if entry.origin == Origin.HAND:
        return hand_title(entry)
    return names


def draw_corrected_import(session: UiSession, entry: ImportEntry) -> None:
    """Draw, for corrected rows, which import they go back to, with the way to it."""
    if entry.origin != Origin.CORRECTION or entry.parent_id is None:
        return
    parent = entry_of(session.store, entry.parent_id)
    names = [file.name for n in entry.files if (file := parent.file(n.file_no)) is not None]
    st.info(
        _(
            "Corrected rows of %(files)s, imported on %(when)s: they go back to that import.",
            files=", ".join(plain(name) for name in names),
            when=format_moment(parent.created_at, session.tenant.time_zone),
        )
    )
    if st.button(_("Open that import"), key="upload_parent"):
        st.query_params[IMPORT] = parent.import_id
        st.rerun()


def draw_corrections_made(report: Mapping[str, Any]) -> None:
    """Draw how often rows of an import were corrected since: its counts say what came of it."""
    made = len(report.get("corrections", ()))
    if made:
        st.caption(
            ngettext_(
                "Its rejected rows were corrected once since: the counts include that.",
                "Its rejected rows were corrected %(count)s times since: the counts include that.",
                made,
            )
        )


def draw_rejects(import_id: str, files: Sequence[Mapping[str, Any]], *, is_loaded: bool) -> None:
    """Draw a download of the rejected rows per file, written as the file is."""
    rejecting = [file for file in files if file.get("rejected")]
    for file in rejecting:
        label = ngettext_(
            "Download the %(count)s rejected row of %(file)s",
            "Download the %(count)s rejected rows of %(file)s",
            file["rejected"],
            file=plain(file["name"]),
        )
        st.link_button(label, f"/export/imports/{import_id}/rejects/{file['file_no']}")
    if rejecting and is_loaded:
        st.caption(
            _(
                "Correct the rows in a spreadsheet, leave the last four columns as they are, and"
                " drop that file alone: the rows go back to this import."
            )
        )


def draw_choice_of_parent(session: UiSession, entry: ImportEntry) -> None:
    """Draw the choice to treat a single file as the corrected rows of an earlier import."""
    if entry.origin != Origin.FILES or len(entry.files) != 1:
        return
    offered = _files_with_rejects(session)
    if not offered:
        return
    with st.expander(_("These are corrected rows of an earlier import")):
        st.caption(_("For a file that lost the four columns of its download, in the same order."))
        chosen = st.selectbox(
            _("Corrected rows of"),
            list(offered),
            index=None,
            format_func=lambda key: offered[key],
            placeholder=_("Choose"),
            key="upload_parent_choice",
        )
        if st.button(_("Put them in their place"), key="upload_as_correction") and chosen:
            with error_boundary():
                parent_id, file_no = chosen
                choose_correction(session.store, session.actor, entry.import_id, parent_id, file_no)
                enqueue(session.store, session.actor, PLAN, entry.import_id)
                st.rerun()


def _files_with_rejects(session: UiSession) -> dict[tuple[str, int], str]:
    store = session.store
    return {
        (file.import_id, file.file_no): ngettext_(
            "%(file)s of %(when)s: %(count)s rejected row",
            "%(file)s of %(when)s: %(count)s rejected rows",
            file.rejected,
            file=file.name,
            when=format_moment(file.created_at, session.tenant.time_zone),
        )
        for file in _rejecting(store.tenant_id, stamp_of_loaded(store), store)
    }


@st.cache_data(max_entries=100, show_spinner=False)
def _rejecting(tenant_id: str, stamp: str, _store: TenantStore) -> list[RejectingFile]:  # noqa: ARG001
    """Return the files with rejected rows, read anew when an import was loaded or undone."""
    return list_rejecting_files(_store)
