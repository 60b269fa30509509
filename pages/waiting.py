"""Waiting rows: what held rows wait for, and the decisions that release them."""

from functools import partial

import streamlit as st

from core.services.waiting_rows import (
    CUSTOMERS,
    LABELS,
    PRODUCTS,
    RETURNS,
    count_decided,
    count_waiting_rows,
)
from core.store.waiting import WaitingSum
from ui.guard import require_session
from ui.i18n import _, format_money, format_number, ngettext_
from ui.layout import (
    Figure,
    empty_state,
    error_boundary,
    figures_row,
    page_header,
    worker_notice,
)
from ui.views.waiting_keys import draw_decided, draw_keys, draw_returns
from ui.views.waiting_labels import draw_labels, draw_sure_button
from ui.views.waiting_reads import sums_of
from ui.views.waiting_release import draw_releases

_LIST = "list"
_DECIDED = "decided"


_DRAWS = {
    LABELS: draw_labels,
    PRODUCTS: partial(draw_keys, what=PRODUCTS),
    CUSTOMERS: partial(draw_keys, what=CUSTOMERS),
    RETURNS: draw_returns,
    _DECIDED: draw_decided,
}


def draw_desk() -> None:
    """Draw the figures, then one of the lists."""
    sums = sums_of(session)
    figures_row([compose_figure(title, sums[what]) for what, title in titles.items()])
    shown = [what for what in titles if sums[what].subjects]
    if count_decided(session.store):
        shown.append(_DECIDED)
    if not shown:
        return
    chosen = st.segmented_control(
        _("List"),
        shown,
        default=shown[0],
        format_func=lambda what: titles.get(what, _("Decided labels")),
        label_visibility="collapsed",
        required=True,
        key=_LIST,
    )
    _DRAWS[chosen](session)


def compose_figure(title: str, waiting: WaitingSum) -> Figure:
    """Return how many labels, keys or returns wait, with the rows and amounts behind them."""
    revenue = format_money(waiting.amount_cents, session.tenant.currency)
    return Figure(
        label=title,
        value=format_number(waiting.subjects),
        explanation=ngettext_(
            "%(count)s row, revenue %(amount)s",
            "%(count)s rows, revenue %(amount)s",
            waiting.rows,
            amount=revenue,
        ),
    )


session = require_session()
titles = {
    LABELS: _("Unknown labels"),
    PRODUCTS: _("Unknown products"),
    CUSTOMERS: _("Unknown customers"),
    RETURNS: _("Returns without sale"),
}
page_header(
    _("Waiting rows"),
    _("Which rows of your files wait, and what do they mean?"),
    action=lambda: draw_sure_button(session),
)
worker_notice(session)
with error_boundary():
    draw_releases(session)
with error_boundary():
    is_listed = any(listed.subjects for listed in sums_of(session).values())
    if is_listed or count_decided(session.store) or count_waiting_rows(session.store):
        draw_desk()
    else:
        empty_state(
            _(
                "Nothing waits. Rows whose product, label or customer is not known will be listed"
                " here, and what you decide is remembered for the next files."
            ),
            _("Bring in files"),
            page="upload",
        )
