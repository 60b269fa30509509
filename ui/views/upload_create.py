"""Upload, third step: the way on for sales whose products and customers no file brings."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.jobs import PLAN, enqueue
from core.services.mappings import put_over
from core.store.imports import ImportEntry
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession

_WAITS = "MANY_HELD"
_CREATABLE = {"UNKNOWN_PRODUCT", "UNKNOWN_CUSTOMER"}
_ALL_MISSING: Mapping[str, Any] = {"create_missing": {"products": {}, "customers": {}}}


def draw_creation(session: UiSession, entry: ImportEntry, report: Mapping[str, Any]) -> None:
    """Offer to create what most rows of a sales file wait for, when they do; then look again."""
    numbers = _waiting_files(report)
    if not numbers or not session.may_work:
        return
    st.markdown(
        _(
            "No such files? Products and customers can be created from the sales. Nobody is written"
            " to before a clients file brings addresses."
        )
    )
    if st.button(_("Create them from the sales"), type="primary", key="upload_create"):
        with error_boundary():
            for number in numbers:
                put_over(session.store, session.actor, entry.import_id, number, _ALL_MISSING)
            enqueue(session.store, session.actor, PLAN, entry.import_id)
            st.rerun()


def _waiting_files(report: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the sales files that mostly wait and create nothing yet."""
    if _CREATABLE.isdisjoint(unknown["code"] for unknown in report.get("unknown", ())):
        return []
    names = {w["file"] for w in report.get("warnings", ()) if w["code"] == _WAITS}
    return [
        file["file_no"]
        for file in report["files"]
        if file["name"] in names
        and file["recognition"]["kind"] == FileKind.SALES
        and not file["recognition"]["mapping"].get("create_missing")
    ]
