"""Upload, first step: the list of files on their way, drawn by the browser.

Streamlit's own uploader holds whole files in memory. This part sends them to `api/uploads.py`,
where they go to disk, and tells the page only how many are here and how many are not.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.services.uploads import Upload
from ui.i18n import _, format_number
from ui.session import UiSession

ADDRESS = "/uploads"
_PARTS = Path(__file__).resolve().parent.parent / "static" / "upload_files"


def draw_files(session: UiSession, uploads: Sequence[Upload]) -> int:
    """Draw the place where files are dropped, with `uploads`; return how many are not here yet."""
    result = _component()(
        key="drop_files",
        data={
            "address": ADDRESS,
            "language": session.language,
            "texts": _texts(session),
            "uploads": [_told(upload) for upload in uploads],
        },
        on_files_change=lambda: None,
    )
    in_window = result.get("files") or {}
    unfinished = sum(not upload.is_complete for upload in uploads)
    return max(unfinished, int(in_window.get("open", 0)))


@lru_cache(maxsize=1)
def _component() -> Any:
    def text(name: str) -> str:
        return (_PARTS / name).read_text(encoding="utf-8")

    return st.components.v2.component(
        "upload_files",
        html=text("view.html"),
        css=text("view.css"),
        js=text("queue.js") + text("view.js"),
    )


def _told(upload: Upload) -> dict[str, object]:
    return {
        "id": upload.upload_id,
        "name": upload.name,
        "bytes": upload.bytes,
        "offset": upload.offset,
        "complete": upload.is_complete,
    }


def _texts(session: UiSession) -> dict[str, str]:
    """Return every sentence of the list; the browser fills in what is missing of them."""
    limit = format_number(session.store.store.settings.max_upload_mb)
    return {
        "label": _(
            "Files with clients, products, sales or contacts, as your software exports them"
        ),
        "choose": _("Choose files"),
        "drop": _("or drop them here: CSV, text or Excel, up to %(limit)s MB each", limit=limit),
        "list": _("Files on their way"),
        "nothing": _("There was no file in what you dropped. Save it as a file first."),
        "folder": _("%(name)s is a folder. Open it and choose the files in it."),
        "waiting": _("Waits for its turn, %(total)s"),
        "sending": _("%(percent)s: %(done)s of %(total)s%(pace)s"),
        "pace": _(", %(rate)s, about %(time)s left"),
        "paused": _(
            "The connection is lost at %(done)s of %(total)s. It goes on by itself from there."
        ),
        "unfinished": _(
            "%(done)s of %(total)s are here. Choose the same file again and it goes on from there."
        ),
        "unsent": _("Nothing of it is here yet. Choose the same file again, or remove it."),
        "here": _("Complete, %(total)s"),
        "refused": _("The server refused this file. Try again, or remove it."),
        "unreadable": _(
            "This file cannot be read: it was moved or changed, or is open elsewhere. Remove it"
            " and choose it again."
        ),
        "cancel": _("Cancel"),
        "remove": _("Remove"),
        "again": _("Try again"),
    }
