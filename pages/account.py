"""My account: password, language, second factor, sessions, invitations."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header
from ui.views.account_factor import draw_factor
from ui.views.account_invitations import draw_invitations
from ui.views.account_language import draw_language
from ui.views.account_password import draw_password
from ui.views.account_sessions import draw_sessions

session = require_session()
page_header(_("My account"), _("How do you sign in, and where are you signed in now?"))
with error_boundary():
    draw_invitations(session)
left, right = st.columns(2, gap="large")
with left, error_boundary():
    draw_password(session)
    draw_language(session)
with right, error_boundary():
    draw_factor(session)
with error_boundary():
    draw_sessions(session)
