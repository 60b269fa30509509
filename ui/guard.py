"""The first line of every page: nobody sees more than the sign-in form without a session."""

import streamlit as st

from ui.session import UiSession, current_session
from ui.sign_in import draw_sign_in


def require_session() -> UiSession:
    """Return the session of this browser; without one, draw the sign-in form and stop the page."""
    session = current_session()
    if session is None:
        draw_sign_in()
        st.stop()
    return session
