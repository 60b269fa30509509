"""Customers: the search, the filters in the address, and a page of customers."""

from typing import Any

import streamlit as st

from core.policy import STATE_TITLES
from core.services.customers import LEAST, CustomerPage, CustomerRow, find_customers
from core.services.run_words import REASON_TITLES, SEGMENT_TITLES
from ui.filters import choose_filter
from ui.i18n import NO_VALUE, _, format_date, format_number, format_short_date
from ui.layout import empty_state
from ui.session import UiSession
from ui.tables import choose_row, money_column, no_rows
from ui.views.customer_table import CUSTOMER_PARAM
from ui.views.words import reason_title, segment_title, state_title

TERM, SEGMENT, STATE, AFTER = "q", "segment", "state", "after"
_PAGE = 20
_CHOICE_WIDTH = 220


def draw_customers(session: UiSession) -> None:
    """Draw the search, the filters and the customers they leave; a click opens one."""
    place = st.container(horizontal=True, vertical_alignment="bottom")
    term = st.query_params.get(TERM, "").strip()
    segment, state = _known(SEGMENT, SEGMENT_TITLES), _known(STATE, STATE_TITLES)
    with place:
        _draw_search(term)
        _draw_choice(_("Segment"), SEGMENT, list(SEGMENT_TITLES), segment)
        _draw_choice(_("State"), STATE, list(STATE_TITLES), state)
    page = find_customers(
        session.store,
        term=term,
        segment=segment,
        state=state,
        after=st.query_params.get(AFTER, ""),
        limit=_PAGE,
    )
    _draw_page(session, page, term, is_filtered=bool(term or segment or state))


def _known(name: str, titles: Any) -> str | None:
    value = st.query_params.get(name)
    return value if value in titles else None


def _draw_search(term: str) -> None:
    typed = st.text_input(
        _("Search"),
        value=term,
        placeholder=_("Name, code, address, postal code or telephone"),
        help=_(
            "Words are found by their beginning, whatever their case and accents. A telephone"
            " number is found by the whole of it."
        ),
        width=380,
        key=f"customers_search_{term}",
    )
    if (typed or "").strip() != term:
        _ask(TERM, (typed or "").strip() or None)


def _draw_choice(label: str, name: str, codes: list[str], chosen: str | None) -> None:
    title = segment_title if name == SEGMENT else state_title
    found = choose_filter(
        label,
        {code: title(code) for code in codes},
        chosen,
        every=_("All"),
        explanation=_("As the last run found it."),
        width=_CHOICE_WIDTH,
        key=f"customers_{name}_{chosen}",
    )
    if found != chosen:
        _ask(name, found)


def _ask(name: str, value: str | None) -> None:
    """Put a filter into the address, or a place to begin at, and draw the page it leads to."""
    st.query_params.pop(AFTER, None)
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
    st.rerun()


def _draw_page(session: UiSession, page: CustomerPage, term: str, *, is_filtered: bool) -> None:
    if term and len(term) < LEAST:
        st.caption(_("Type two letters or more."))
    elif page.customers:
        _draw_table(session, page)
    elif is_filtered or AFTER in st.query_params:
        no_rows()
    else:
        empty_state(
            _("Your customers will be listed here, once a file of clients is loaded."),
            _("Bring in files"),
            page="upload",
        )
    _draw_ways(page)
    _draw_basis(page)


def _draw_basis(page: CustomerPage) -> None:
    if page.run is None:
        st.caption(_("There is no finished run yet: segments and states come with the first."))
        return
    st.caption(
        _(
            "Segment, state, verdict and revenue are those of the run as of %(day)s, which has"
            " %(count)s customers.",
            day=format_date(page.run.as_of),
            count=format_number(page.run.customers),
        )
    )


def _draw_ways(page: CustomerPage) -> None:
    after = st.query_params.get(AFTER)
    with st.container(horizontal=True):
        if after and st.button(_("First page"), key="customers_first"):
            _ask(AFTER, None)
        if page.next_after and st.button(_("Next page"), key="customers_next"):
            _ask(AFTER, page.next_after)


def _draw_table(session: UiSession, page: CustomerPage) -> None:
    titles: dict[str, Any] = {
        "name": st.column_config.TextColumn(_("Customer"), width=130),
        "customer": _("Code"),
        "postal_code": _("Postal code"),
        "segment": st.column_config.TextColumn(_("Segment"), width=140),
        "state": _("State"),
        "verdict": st.column_config.TextColumn(_("Verdict"), width=165),
        "value": money_column(_("Revenue, 24 months"), session.tenant.currency),
        "last_sale": st.column_config.TextColumn(_("Last purchase"), width=95),
    }
    rows = [_row(customer) for customer in page.customers]
    first = page.customers[0].customer
    key = f"customers_{first}_{len(rows)}_{page.next_after}"
    chosen = choose_row(rows, titles, key=key, alt=_("Customers, by code"))
    if chosen is not None:
        st.query_params[CUSTOMER_PARAM] = page.customers[chosen].customer
        st.rerun()


def _row(customer: CustomerRow) -> dict[str, Any]:
    segment, state = customer.segment, customer.state
    return {
        "name": customer.name or customer.customer,
        "customer": customer.customer,
        "postal_code": customer.postal_code,
        "segment": segment_title(segment) if segment else None,
        "state": state_title(state) if state else None,
        "verdict": _verdict(customer),
        "value": customer.value_cents,
        "last_sale": format_short_date(customer.last_sale),
    }


def _verdict(customer: CustomerRow) -> str:
    reason = customer.reason
    return reason_title(reason) if reason in REASON_TITLES else NO_VALUE
