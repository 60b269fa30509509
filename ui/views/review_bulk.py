"""Decisions by filter: on the customers shown, or on a product in their lists or in all."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.services.review import Subject, number_meant
from core.services.review_desk import ListedProduct, product_titles
from core.services.review_meant import APPROVE, REJECT, REPLACE
from ui.i18n import _, ngettext_
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.qc_filters import Filters
from ui.views.review_enter import ask_reason, enter


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """The customers that the filters of the page leave, `total` of them."""

    run_id: str
    filters: Filters
    total: int

    @property
    def key(self) -> str:
        """What tells widgets about these customers from those about others."""
        return f"bulk_{self.filters.key}_{self.total}"


def draw_bulk(
    session: UiSession,
    run_id: str,
    filters: Filters,
    total: int,
    products: Sequence[ListedProduct],
) -> None:
    """Draw what can be decided at once on the customers shown; nothing while all are shown."""
    if filters.wanted.is_open:
        return
    shown = _Shown(run_id=run_id, filters=filters, total=total)
    with st.container(horizontal=True):
        _draw_approve(session, shown)
        _draw_reject(session, shown)
        chosen = next((p for p in products if p.product_key == filters.product), None)
        if chosen is not None:
            _draw_reject_product(session, shown, chosen)
            _draw_replace_product(session, shown, chosen)


def _draw_approve(session: UiSession, shown: _Shown) -> None:
    label = ngettext_("Approve this customer", "Approve these %(count)s customers", shown.total)
    with st.popover(label):
        st.markdown(
            _(
                "It is recorded that somebody looked at them. Who was rejected before is written"
                " to again."
            )
        )
        note = ask_reason(f"{shown.key}_approve_why", label=_("A remark, if you like"))
        button = ngettext_("Approve %(count)s customer", "Approve %(count)s customers", shown.total)
        if st.button(button, type="primary", key=f"{shown.key}_approve"):
            subject = Subject(customers_like=shown.filters.wanted)
            enter(session, shown.run_id, APPROVE, subject, note)


def _draw_reject(session: UiSession, shown: _Shown) -> None:
    label = ngettext_("Reject this customer", "Reject these %(count)s customers", shown.total)
    with st.popover(label):
        st.markdown(
            _(
                "No campaign of this run writes to them. They stay in the run, and the decision"
                " can be taken back."
            )
        )
        note = ask_reason(f"{shown.key}_reject_why")
        button = ngettext_("Reject %(count)s customer", "Reject %(count)s customers", shown.total)
        if st.button(button, type="primary", key=f"{shown.key}_reject"):
            subject = Subject(customers_like=shown.filters.wanted)
            enter(session, shown.run_id, REJECT, subject, note)


def _draw_reject_product(session: UiSession, shown: _Shown, product: ListedProduct) -> None:
    with st.popover(_("Reject the product")):
        subject, lists = _choose_lists(session, shown, product, "reject")
        st.markdown(
            _(
                "%(product)s leaves these lists. In each the next candidate that passes takes the"
                " last place, and the list is audited again.",
                product=plain(product.name),
            )
        )
        note = ask_reason(f"{shown.key}_out_why")
        button = ngettext_("Reject it in %(count)s list", "Reject it in %(count)s lists", lists)
        if st.button(button, type="primary", key=f"{shown.key}_out"):
            enter(session, shown.run_id, REJECT, subject, note)


def _draw_replace_product(session: UiSession, shown: _Shown, product: ListedProduct) -> None:
    with st.popover(_("Replace the product")):
        subject, lists = _choose_lists(session, shown, product, "replace")
        titles = product_titles(session.store)
        replacement = st.selectbox(
            _("By which product?"),
            [key for key in titles if key != product.product_key],
            index=None,
            format_func=lambda key: titles[key],
            placeholder=_("Search the catalogue"),
            key=f"{shown.key}_by",
        )
        st.markdown(
            _(
                "It takes the place of %(product)s, and each list is audited again. Where it breaks"
                " a rule it stays, and the issue counts.",
                product=plain(product.name),
            )
        )
        note = ask_reason(f"{shown.key}_by_why")
        button = ngettext_("Replace it in %(count)s list", "Replace it in %(count)s lists", lists)
        if st.button(button, type="primary", key=f"{shown.key}_swap", disabled=not replacement):
            enter(session, shown.run_id, REPLACE, subject, note, replacement)


def _choose_lists(
    session: UiSession, shown: _Shown, product: ListedProduct, key: str
) -> tuple[Subject, int]:
    """Draw the choice between the lists shown and all that hold the product, if they differ."""
    meant = Subject(product_key=product.product_key, customers_like=shown.filters.wanted)
    everywhere = Subject(product_key=product.product_key)
    everybody = number_meant(session.store, shown.run_id, everywhere)
    if everybody == shown.total:
        return everywhere, everybody
    few = ngettext_("In the %(count)s list shown", "In the %(count)s lists shown", shown.total)
    all_ = ngettext_("In the only list", "In all %(count)s lists that have it", everybody)
    is_everywhere = st.radio(
        _("In which lists?"),
        [False, True],
        format_func=lambda choice: all_ if choice else few,
        label_visibility="collapsed",
        key=f"{shown.key}_{key}_where",
    )
    return (everywhere, everybody) if is_everywhere else (meant, shown.total)
