"""Upload, first step: files come in."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from core.jobs import PLAN, enqueue
from core.services.import_files import today_of
from core.services.uploads import Upload, list_uploads, receive_uploads
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.upload_files import draw_files

IMPORT = "import"
_IS_WANTED = "drop_is_wanted"


def draw_drop(session: UiSession) -> None:
    """Draw the place where files are dropped; take them in and lead to their import.

    Asked for too early, the files are taken in as soon as the last one is here.
    """
    if not session.may_work:
        st.info(_("Your role lets you look at imports. Files are brought in by an analyst."))
        return
    uploads = list_uploads(session.store, session.actor)
    with st.container(border=True):
        missing = draw_files(session, uploads)
        as_of = st.date_input(
            _("Date of the export"),
            value=today_of(session.store),
            format="DD/MM/YYYY",
            width=220,
            help=_("A sale dated after this day is rejected as being in the future."),
            key="drop_as_of",
        )
        st.caption(_("Nothing is loaded yet: you see first what would change."))
        # Remembered before the page is drawn: a file that arrives meanwhile draws it anew, and the
        # click would be lost.
        st.button(_("Look at the files"), type="primary", key="drop_look", on_click=_want)
    if not st.session_state.get(_IS_WANTED):
        return
    if missing:
        st.info(
            _(
                "Not every file is here yet. They are looked at as soon as they are; a file that"
                " does not come can be removed."
            )
        )
        return
    del st.session_state[_IS_WANTED]
    if not uploads:
        st.warning(_("No file was chosen. Drop at least one CSV or Excel file above."))
        return
    with error_boundary():
        st.query_params[IMPORT] = _receive(session, uploads, as_of)
        st.rerun()


def _want() -> None:
    st.session_state[_IS_WANTED] = True


def _receive(session: UiSession, uploads: Sequence[Upload], as_of: date) -> str:
    import_id = receive_uploads(session.store, session.actor, uploads, as_of=as_of)
    enqueue(session.store, session.actor, PLAN, import_id)
    return import_id
