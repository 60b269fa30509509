"""What a customer bought, at which price, and when it is due again."""

from typing import Any

import streamlit as st

from core.services.customer_view import DAYS_FOR_A_GAP, BoughtProduct, CustomerView
from ui.i18n import _, format_number, format_short_date, ngettext_
from ui.tables import NumberColumn, money_column, number_column, show_rows


def draw_bought(view: CustomerView, currency: str) -> None:
    """Draw the products, what is due first; how a day is foretold stands below."""
    if not view.bought:
        return
    question = _("What was paid, and what is due again when?")
    st.markdown(f"**{question}**")
    due = sum(1 for product in view.bought if product.due_on and product.due_on <= view.as_of)
    if due:
        st.caption(ngettext_("%(count)s product is due.", "%(count)s products are due.", due))
    titles: dict[str, Any] = {
        "product": st.column_config.TextColumn(_("Product"), width="medium"),
        "family": _("Family"),
        "days": number_column(_("Days bought")),
        "units": number_column(_("Units")),
        "paid": money_column(_("Paid for 75 cl"), currency),
        "last": _("Last bought"),
        "gap": NumberColumn(
            title=_("Usual gap, days"),
            write=format_number,
            explanation=_("The median of the days between two purchases of this product."),
        ),
        "due": _("Due on"),
    }
    rows = [_row(product) for product in view.bought]
    show_rows(rows, titles, key="customer_bought", alt=question)
    st.caption(
        _(
            "A product is due one usual gap after its last purchase. It takes %(days)s days of"
            " purchase to tell a gap; gifts count nothing.",
            days=DAYS_FOR_A_GAP,
        )
    )


def _row(product: BoughtProduct) -> dict[str, Any]:
    return {
        "product": product.product_name,
        "family": product.family,
        "days": product.days,
        "units": product.quantity_milli / 1000,
        "paid": product.paid75_cents,
        "last": format_short_date(product.last_on),
        "gap": product.gap_days,
        "due": format_short_date(product.due_on),
    }
