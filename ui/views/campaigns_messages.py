"""Campaigns: the first messages as they will look, on a desk and on a phone."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.errors import CrmError
from core.services.brevo_account import open_brevo
from core.services.campaign_reports import PREVIEWS, Preview, previews
from core.services.test_message import send_test
from ui.i18n import _, current_language
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_params import draw_brevo_params, draw_brevo_words
from ui.views.plain import plain

_WIDTHS = {"desktop": 680, "phone": 360}
_HEIGHT = 620
# The message runs in a frame without scripts, origin or forms: it may show what files brought.
_FRAME = (
    '<body style="margin:0"><iframe sandbox="" title="{title}" srcdoc="{message}"'
    ' style="display:block;border:0;width:100%;height:{height}px;background:#ffffff"></iframe>'
    "</body>"
)


def draw_messages(session: UiSession, campaign_id: str) -> None:
    """Draw the first messages one at a time, at the width that is chosen."""
    st.header(_("How will the first messages look?"), anchor=False)
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


def draw_test(session: UiSession, campaign_id: str, refusal: CrmError | None) -> None:
    """Draw the way to see the first message in a mailbox of one's own."""
    if not session.may_work:
        return
    with st.popover(_("Send a test to yourself"), disabled=refusal is not None):
        st.markdown(
            _(
                "The first message goes to this address alone, with [Test] in its subject. It is"
                " no contact, and its unsubscribe link is yours."
            )
        )
        with st.form("campaign_test", border=False):
            address = st.text_input(_("Your address"), key="campaign_test_address", type="email")
            is_asked = st.form_submit_button(_("Send one test message"), key="campaign_test_send")
        if is_asked:
            with error_boundary(), open_brevo(session.store) as brevo:
                send_test(session.store, session.actor, campaign_id, address or "", brevo)
                st.success(_("Brevo took the test message. Look into your mailbox."))
    if refusal is not None:
        st.caption(refusal.sentence(current_language(), plain))


def _recipient(found: Sequence[Preview], place: int) -> str:
    return f"{found[place].email} ({found[place].customer})"


def _draw_message(preview: Preview, width: int) -> None:
    if preview.subject is None:
        st.text(_("The subject is that of the template at Brevo."))
    else:
        st.text(_("Subject: %(subject)s", subject=preview.subject))
    if preview.params is not None:
        draw_brevo_words(preview)
    if preview.html is not None:
        _draw_frame(preview.html, preview.subject or "", width)
    if preview.text is not None:
        with st.expander(_("The same message as plain text")):
            st.code(preview.text, language=None, wrap_lines=True)
    if preview.params is not None:
        draw_brevo_params(preview)


def _draw_frame(html: str, title: str, width: int) -> None:
    with st.container(border=True, width=width + 34):
        frame = _FRAME.format(title=escape(title), message=escape(html), height=_HEIGHT)
        st.iframe(frame, width="stretch", height=_HEIGHT, alt=_("The message as it will look"))
