"""Setting up a second factor: what the app is given, the first code, the recovery codes."""

from base64 import b64encode
from html import escape

import qrcode
import streamlit as st
from qrcode.image.svg import SvgPathFillImage

from core.services.second_factor import Enrolment
from ui.i18n import _

_PICTURE_PIXELS = 200


def draw_enrolment(begun: Enrolment, key: str) -> str | None:
    """Draw the key to scan and the form of a first code; return the code once it is sent."""
    st.markdown(
        _(
            "Scan this picture with your authenticator app, or enter the key in it; on the"
            " telephone itself, open the app. Then type the code that it shows."
        )
    )
    _draw_picture(begun.uri)
    groups = (begun.secret[at : at + 4] for at in range(0, len(begun.secret), 4))
    st.code(" ".join(groups), language=None, wrap_lines=True)
    st.link_button(_("Open the authenticator app"), begun.uri)
    with st.form(f"{key}_confirm", clear_on_submit=True):
        code = st.text_input(
            _("Code"), key=f"{key}_code", autocomplete="one-time-code", max_chars=8
        )
        is_sent = st.form_submit_button(_("Switch it on"), type="primary")
    return (code or "") if is_sent else None


def _draw_picture(uri: str) -> None:
    """Draw the address as a QR code, within the page: what goes by `/media` answers anyone."""
    picture = qrcode.make(uri, image_factory=SvgPathFillImage).to_string()
    source = f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
    alt = escape(_("QR code of the key"))
    st.html(f'<img alt="{alt}" width="{_PICTURE_PIXELS}" src="{source}">')


def draw_recovery_codes(codes: tuple[str, ...]) -> None:
    """Show recovery codes, which nobody can ask for again."""
    st.success(_("These recovery codes are shown once. Keep them where your telephone is not."))
    st.code("\n".join(codes), language=None)
    st.caption(_("Each opens one sign-in in place of a code, when the telephone is lost."))
