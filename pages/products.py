"""Products: the catalogue with sales, buyers and stock; a click opens one."""

import streamlit as st

from ui.guard import require_session
from ui.i18n import _
from ui.layout import error_boundary, page_header
from ui.views.product_edit import draw_creation_button
from ui.views.product_profile import draw_product
from ui.views.products_list import PRODUCT_PARAM, draw_products

session = require_session()
shown = st.query_params.get(PRODUCT_PARAM)
page_header(
    _("Products"),
    _("What sells, who comes back for it, and will the stock last?"),
    action=(lambda: draw_creation_button(session)) if shown is None else None,
)
with error_boundary():
    if shown is None:
        draw_products(session)
    else:
        draw_product(session, shown)
