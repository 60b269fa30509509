"""Customers: found by anything, of a segment or state; a click opens one from all sides."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header
from ui.views.customer_profile import draw_profile
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.customers_list import draw_customers

session = require_session()
shown = st.query_params.get(CUSTOMER_PARAM)
page_header(_("Customers"), _("Who buys here, what do they like, and what is due?"))
with error_boundary():
    if shown is None:
        draw_customers(session)
    else:
        draw_profile(session, shown)
