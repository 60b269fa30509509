"""Products: one product, its sales, who comes back for it, what goes with it, who is due."""

from datetime import date
from typing import Any

import streamlit as st

from core.contracts import FileKind
from core.services.products import DUE_LISTED, ProductView, product_view
from ui.i18n import (
    _,
    format_date,
    format_money,
    format_number,
    format_percent,
    format_short_date,
    ngettext_,
)
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import choose_row, number_column, show_rows
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.hand_saved import draw_last_change
from ui.views.plain import plain
from ui.views.product_charts import draw_gaps, draw_months
from ui.views.product_edit import OPEN_PARAM, draw_edit_buttons
from ui.views.product_labels import draw_product_labels
from ui.views.products_list import PRODUCT_PARAM
from ui.views.row_history import draw_row_history


def draw_product(session: UiSession, product_key: str) -> None:
    """Draw one product as the last run counted it; raises `NotFound`."""
    if st.button(_("Back to the products"), icon=":material/arrow_back:", key="products_back"):
        del st.query_params[PRODUCT_PARAM]
        st.rerun()
    view = product_view(session.store, product_key)
    product = view.product
    st.header(plain(product.name), anchor=False)
    price = format_money(product.price_cents, session.tenant.currency)
    vintage = None if product.vintage is None else str(product.vintage)
    known = (product.product_key, product.family, vintage, price)
    st.text(" · ".join(part for part in known if part))
    _draw_offer(view)
    draw_edit_buttons(session, product_key)
    draw_last_change(session)
    _draw_counted(session, view)
    opened = st.query_params.get(OPEN_PARAM)
    draw_product_labels(session, product_key, is_open=opened == "labels")
    draw_row_history(session, FileKind.PRODUCTS, product_key, is_open=opened == "history")


def _draw_offer(view: ProductView) -> None:
    """Say what is in stock and whether it is offered."""
    stock = view.product.stock
    known = _("The stock is not known")
    if stock is not None:
        known = _("In stock: %(stock)s", stock=format_number(stock))
    offered = _("offered") if view.product.is_offered else _("no longer offered")
    st.text(f"{known} · {offered}")


def _draw_counted(session: UiSession, view: ProductView) -> None:
    if view.run is None or view.product.buyers is None:
        st.caption(_("The last run counted no sale of this product."))
        return
    figures_row(_figures(view, session.tenant.currency))
    left, right = st.columns(2)
    with left:
        draw_months(view.months, _last_day(view))
    with right:
        draw_gaps(view.gaps, view.gap_days)
    _draw_stock(view)
    _draw_neighbours(view)
    _draw_due(view)


def _last_day(view: ProductView) -> date:
    assert view.run is not None
    return view.run.as_of


def _figures(view: ProductView, currency: str) -> list[Figure]:
    product = view.product
    return [
        Figure(label=_("Revenue, 12 months"), value=format_money(product.revenue_cents, currency)),
        Figure(label=_("Buyers"), value=format_number(product.buyers)),
        Figure(
            label=_("Repeat rate"),
            value=format_percent(product.repeat_rate),
            explanation=_("Buyers who bought it on another day again."),
        ),
        Figure(label=_("Last sale"), value=format_short_date(product.last_sale)),
    ]


def _draw_stock(view: ProductView) -> None:
    question = _("Will the stock last?")
    st.markdown(f"**{question}**")
    stock = view.product.stock
    rows = [
        {
            "days": days,
            "verdict": _verdict(stock, units / 1000),
            "demand": units / 1000,
            "left": None if stock is None else stock - units / 1000,
        }
        for days, units in view.demand.items()
    ]
    titles = {
        "days": number_column(_("Within days")),
        "verdict": _("In words"),
        "demand": number_column(_("Expected demand, units")),
        "left": number_column(_("Left of the stock")),
    }
    show_rows(rows, titles, key="product_stock", alt=question)
    st.caption(_assumption(view))


def _verdict(stock: int | None, demand: float) -> str:
    if stock is None:
        return _("The stock is not known")
    return _("It lasts") if stock >= demand else _("It falls short")


def _assumption(view: ProductView) -> str:
    if view.is_of_last_year:
        return _(
            "Assumed: as much is sold as a year earlier in the days after %(day)s.", day=_day(view)
        )
    return _(
        "Assumed: it goes on at the pace of the 90 days before %(day)s; it was not sold a year"
        " before.",
        day=_day(view),
    )


def _day(view: ProductView) -> str:
    return format_date(_last_day(view))


def _draw_neighbours(view: ProductView) -> None:
    question = _("What goes with it?")
    st.markdown(f"**{question}**")
    if not view.neighbours:
        st.caption(_("Nothing yet: too few customers bought it with something else."))
        return
    titles: dict[str, Any] = {
        "name": st.column_config.TextColumn(_("Product"), width="large"),
        "buyers": number_column(_("Customers who bought both")),
    }
    rows = [{"name": one.name, "buyers": one.buyers} for one in view.neighbours]
    key = f"product_neighbours_{view.product.product_key}"
    chosen = choose_row(rows, titles, key=key, alt=question)
    if chosen is not None:
        st.query_params[PRODUCT_PARAM] = view.neighbours[chosen].product_key
        st.rerun()
    st.caption(
        _("The strongest first: bought together more often than both are bought anyway. A click"
          " opens one.")
    )  # fmt: skip


def _draw_due(view: ProductView) -> None:
    question = _("Who is due for it?")
    st.markdown(f"**{question}**")
    count = view.product.due_customers or 0
    st.caption(
        ngettext_(
            "%(count)s customer is due by now or within 30 days.",
            "%(count)s customers are due by now or within 30 days.",
            count,
        )
    )
    if not view.due:
        return
    titles = {
        "name": _("Customer"),
        "customer": _("Code"),
        "last_on": _("Last bought"),
        "due_on": _("Due on"),
    }
    rows = [
        {
            "name": one.name,
            "customer": one.customer,
            "last_on": format_short_date(one.last_on),
            "due_on": format_short_date(one.due_on),
        }
        for one in view.due
    ]
    key = f"product_due_{view.product.product_key}"
    chosen = choose_row(rows, titles, key=key, alt=question)
    if chosen is not None:
        query = {CUSTOMER_PARAM: view.due[chosen].customer}
        st.switch_page("../pages/customers.py", query_params=query)
    st.caption(
        _(
            "At most %(count)s are listed, who is due first on top. Due is one usual gap after the"
            " last purchase: the customer's own, or the product's where only two days are known."
            " Who has waited two gaps is not counted any more.",
            count=format_number(DUE_LISTED),
        )
    )
