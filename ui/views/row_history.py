"""The history of a product or a customer: when, by whom or from which file, what changed."""

from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.services.row_history import CellChange, RowVersion, history_of
from core.store.imports import Origin
from ui.i18n import NO_VALUE, _, format_moment
from ui.session import UiSession
from ui.tables import read_page, show_rows
from ui.views.column_titles import column_title
from ui.views.upload_changes import written_cell

_PAGE = 10


def draw_row_history(
    session: UiSession, kind: FileKind, key: str, *, is_open: bool = False
) -> None:
    """Draw the versions of a row, the newest first, one line per cell that each changed."""
    with st.expander(_("History"), expanded=is_open):
        place = st.container()
        history, _offset = read_page(
            lambda offset: history_of(session.store, kind, key, limit=_PAGE, offset=offset),
            _PAGE,
            key="history_page",
            is_counted=False,
        )
        titles = {
            "at": _("Loaded"),
            "source": st.column_config.TextColumn(_("From"), width="medium"),
            "by": _("By"),
            "field": _("Field"),
            "before": _("Before"),
            "after": _("After"),
        }
        rows = [row for version in history.versions for row in _rows(session, kind, version)]
        with place:
            show_rows(rows, titles, key="history_rows", alt=_("Versions, the newest first"))


def _rows(session: UiSession, kind: FileKind, version: RowVersion) -> list[dict[str, Any]]:
    told = {
        "at": format_moment(version.at, session.tenant.time_zone),
        "source": _source(version),
        "by": version.by,
    }
    if version.is_first:
        return [{**told, "field": _("First version")}]
    currency = session.tenant.currency
    return [
        {
            **told,
            "field": column_title(change.column),
            "before": _written(kind, change, change.before, currency),
            "after": _written(kind, change, change.after, currency),
        }
        for change in version.changes
    ]


def _source(version: RowVersion) -> str:
    if version.origin == Origin.HAND:
        return _("Change by hand")
    return version.file_name or _("Rows of a file that named it")


def _written(kind: FileKind, change: CellChange, cell: object, currency: str) -> str:
    if cell is None:
        return NO_VALUE
    text = str(cell).lower() if isinstance(cell, bool) else str(cell)
    return written_cell({"kind": kind.value, "column": change.column}, text, currency)
