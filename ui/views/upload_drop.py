"""Upload, first step: files come in."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Protocol

import streamlit as st

from core.jobs import PLAN, enqueue
from core.services.import_files import receive, today_of
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession

IMPORT = "import"
_TYPES = ("csv", "tsv", "txt", "psv", "xlsx", "gz")
_BLOCK = 1 << 20


# Streamlit writes the uploader's own words in English only.
_UPLOADER_WORDS = """
<style>
[data-testid="stFileUploaderDropzone"] button p,
[data-testid="stFileUploaderDropzoneInstructions"] span {{ font-size: 0; }}
[data-testid="stFileUploaderDropzone"] button p::after {{ content: {button}; font-size: 1rem; }}
[data-testid="stFileUploaderDropzoneInstructions"] span::after {{
    content: {instructions};
    font-size: 0.875rem;
}}
</style>
"""


class Dropped(Protocol):
    """A file as the browser handed it over."""

    name: str

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""


def draw_drop(session: UiSession) -> None:
    """Draw the place where files are dropped; take them in and lead to their import."""
    st.html(
        _UPLOADER_WORDS.format(
            button=_css_text(_("Choose files")),
            instructions=_css_text(_("or drop them here: CSV, text or Excel")),
        )
    )
    with st.form("drop", border=True):
        dropped = st.file_uploader(
            _("Files with clients, products, sales or contacts, as your software exports them"),
            type=_TYPES,
            accept_multiple_files=True,
            key="drop_files",
        )
        as_of = st.date_input(
            _("Date of the export"),
            value=today_of(session.store),
            format="DD/MM/YYYY",
            width=220,
            help=_("A sale dated after this day is rejected as being in the future."),
            key="drop_as_of",
        )
        st.caption(_("Nothing is loaded yet: you see first what would change."))
        is_sent = st.form_submit_button(_("Look at the files"), type="primary")
    if not is_sent:
        return
    if not dropped:
        st.warning(_("No file was chosen. Drop at least one CSV or Excel file above."))
        return
    with error_boundary(), st.spinner(_("Receiving the files")):
        st.query_params[IMPORT] = _receive(session, dropped, as_of)
        st.rerun()


def _css_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _receive(session: UiSession, dropped: Sequence[Dropped], as_of: date) -> str:
    session.store.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="drop-", dir=session.store.folder) as folder:
        files = []
        for number, file in enumerate(dropped):
            path = Path(folder) / str(number)
            with path.open("wb") as target:
                _copy(file, target)
            files.append((file.name, path))
        import_id = receive(session.store, session.actor, files, as_of=as_of)
    enqueue(session.store, session.actor, PLAN, import_id)
    return import_id


def _copy(file: Dropped, target: BinaryIO) -> None:
    while block := file.read(_BLOCK):
        target.write(block)
