"""Campaigns: the first messages as they will look, on a desk and on a phone."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.services.campaign_reports import PREVIEWS, Preview, previews
from ui.i18n import _
from ui.session import UiSession

_WIDTHS = {"desktop": 680, "phone": 360}
_HEIGHT = 620
# The message runs in a frame without scripts, origin or forms: it may show what files brought.
_FRAME = (
    '<body style="margin:0"><iframe sandbox="" title="{title}" srcdoc="{message}"'
    ' style="border:0;width:100%;height:{height}px;background:#ffffff"></iframe></body>'
)


def draw_messages(session: UiSession, campaign_id: str) -> None:
    """Draw the first messages one at a time, at the width that is chosen."""
    st.subheader(_("How will the first messages look?"), anchor=False)
    found = previews(session.store, campaign_id, PREVIEWS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            _("Message to"),
            range(len(found)),
            format_func=lambda place: _recipient(found, place),
            width=360,
            key="preview_no",
        )
        width = st.segmented_control(
            _("Width"),
            list(_WIDTHS),
            default="desktop",
            required=True,
            format_func=lambda name: {"desktop": _("Desktop"), "phone": _("Phone")}[name],
            key="preview_width",
        )
    if number is not None:
        _draw_message(found[number], _WIDTHS[width or "desktop"])


def _recipient(found: Sequence[Preview], place: int) -> str:
    return f"{found[place].email} ({found[place].customer})"


def _draw_message(preview: Preview, width: int) -> None:
    st.text(_("Subject: %(subject)s", subject=preview.subject))
    with st.container(border=True, width=width + 34):
        frame = _FRAME.format(
            title=escape(preview.subject), message=escape(preview.html), height=_HEIGHT
        )
        st.iframe(frame, width="stretch", height=_HEIGHT, alt=_("The message as it will look"))
    with st.expander(_("The same message as plain text")):
        st.code(preview.text, language=None, wrap_lines=True)
