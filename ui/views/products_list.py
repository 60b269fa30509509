"""Products: the search, the filters in the address, and a page of products."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from core.i18n import N_
from core.services.products import ProductFilter, ProductPage, ProductRow, list_products
from ui.filters import choose_filter
from ui.i18n import _, format_date, format_number, format_short_date, titled
from ui.layout import empty_state
from ui.session import UiSession
from ui.tables import (
    choose_row,
    money_column,
    no_rows,
    number_column,
    percent_column,
    read_page,
)
from ui.views.hand_saved import draw_last_change
from ui.views.product_edit import draw_open_form
from ui.views.products_stock import draw_stock_editor, forget_seen

PRODUCT_PARAM = "product"
TERM, FAMILY, KIND, ORDER = "q", "family", "kind", "sort"
_PAGE_PARAM = "products_page"
_PAGE = 20
_CHOICE_WIDTH = 205
_KINDS: Mapping[str, str] = {
    "short": N_("Less in stock than customers are due"),
    "sold_out": N_("Sold out"),
    "unsold": N_("Nothing sold in 12 months"),
    "inactive": N_("No longer offered"),
}

_ORDERS: Mapping[str, str] = {
    "revenue": N_("Revenue"),
    "name": N_("Name, A to Z"),
    "buyers": N_("Buyers"),
    "repeat": N_("Repeat rate"),
    "last_sale": N_("Last sale"),
    "stock": N_("Stock, least first"),
    "due": N_("Customers due"),
}


def draw_products(session: UiSession) -> None:
    """Draw the search, the filters and the products they leave; a click opens one."""
    filters = st.container(horizontal=True, vertical_alignment="bottom")
    wanted = ProductFilter(
        term=st.query_params.get(TERM, "").strip() or None,
        family=st.query_params.get(FAMILY) or None,
        kind=kind if (kind := st.query_params.get(KIND)) in _KINDS else None,
        order=order if (order := st.query_params.get(ORDER, "")) in _ORDERS else "revenue",
    )
    place = st.container()
    page, offset = _read(session, wanted)
    if wanted.family and wanted.family not in page.families:  # the choice cannot show it
        wanted = replace(wanted, family=None)
        page, offset = _read(session, wanted)
    with filters:
        _draw_search(wanted.term or "")
        families = {
            family: f"{family} · {format_number(count)}" for family, count in page.families.items()
        }
        _draw_choice(_("Family"), FAMILY, families, wanted.family, _("All families"))
        kinds = {code: _(title) for code, title in _KINDS.items()}
        _draw_choice(_("Which ones"), KIND, kinds, wanted.kind, _("All"))
        first, *others = [(code, _(title)) for code, title in _ORDERS.items()]
        order = None if wanted.order == first[0] else wanted.order
        _draw_choice(_("Order"), ORDER, dict(others), order, first[1])
    with place:
        is_changing = draw_last_change(session, forget_seen)
        draw_open_form(session)
        _draw_page(session, page, wanted, offset, is_changing=is_changing)


def _read(session: UiSession, wanted: ProductFilter) -> tuple[ProductPage, int]:
    return read_page(
        lambda offset: list_products(session.store, wanted, limit=_PAGE, offset=offset),
        _PAGE,
        key=_PAGE_PARAM,
    )


def _is_edited(session: UiSession) -> bool:
    """Draw the switch between looking and changing; tell whether it stands at changing."""
    if not session.may_work:
        return False
    is_edited = st.toggle(_("Change stock and offer"), key="products_edited")
    if not is_edited:
        forget_seen()
    return is_edited


def _draw_search(term: str) -> None:
    typed = st.text_input(
        _("Search"),
        value=term,
        placeholder=_("Name or key"),
        width=240,
        key=f"products_search_{term}",
    )
    if (typed or "").strip() != term:
        _ask(TERM, (typed or "").strip() or None)


def _draw_choice(
    label: str, name: str, titles: Mapping[str, str], chosen: str | None, every: str
) -> None:
    found = choose_filter(
        label,
        titles,
        chosen,
        every=every,
        width=_CHOICE_WIDTH,
        key=f"products_{name}_{chosen}",
    )
    if found != chosen:
        _ask(name, found)


def _ask(name: str, value: str | None) -> None:
    st.query_params.pop(_PAGE_PARAM, None)
    st.session_state.pop(_PAGE_PARAM, None)
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
    st.rerun()


def _draw_page(
    session: UiSession,
    page: ProductPage,
    wanted: ProductFilter,
    offset: int,
    *,
    is_changing: bool,
) -> None:
    if not page.products and wanted == ProductFilter(order=wanted.order):
        empty_state(
            _("Your products will be listed here, once a file of products is loaded."),
            _("Bring in files"),
            page="upload",
        )
        return
    if not page.products:
        no_rows()
        return
    place = f"products_{wanted}_{offset}"
    if _is_edited(session):
        draw_stock_editor(session, page.products, place, is_locked=is_changing)
    else:
        _draw_table(session, page, _(_ORDERS[wanted.order]), key=place)
    if page.run is None:
        st.caption(_("There is no finished run yet: sales and buyers come with the first."))
        return
    st.caption(
        _(
            "Counted by the run as of %(day)s: revenue and units of the 12 months before; the"
            " repeat rate is the share of buyers who came back on another day. A run of before"
            " this page was there has no figures: launch another.",
            day=format_date(page.run.as_of),
        )
    )


def _draw_table(session: UiSession, page: ProductPage, order: str, *, key: str) -> None:
    titles: dict[str, Any] = {
        "name": st.column_config.TextColumn(_("Product"), width=220),
        "revenue": money_column(_("Revenue, 12 months"), session.tenant.currency),
        "units": number_column(_("Units")),
        "buyers": number_column(_("Buyers")),
        "repeat": percent_column(_("Repeat rate")),
        "last_sale": _("Last sale"),
        "stock": number_column(_("Stock")),
        "offered": _("Offered"),
    }
    rows = [_row(product) for product in page.products]
    chosen = choose_row(rows, titles, key=key, alt=titled(_("Products"), order))
    if chosen is not None:
        st.query_params[PRODUCT_PARAM] = page.products[chosen].product_key
        st.rerun()


def _row(product: ProductRow) -> dict[str, Any]:
    units = product.units_milli
    return {
        "name": product.name,
        "revenue": product.revenue_cents,
        "units": None if units is None else units / 1000,
        "buyers": product.buyers,
        "repeat": product.repeat_rate,
        "last_sale": format_short_date(product.last_sale),
        "stock": product.stock,
        "offered": _("Yes") if product.is_offered else _("No"),
    }
