"""Waiting rows: unknown product keys and customers, returns, and what was decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.i18n import N_
from core.services.alias_desk import create_customers, create_products, take_back
from core.services.waiting_rows import (
    CUSTOMERS,
    PRODUCTS,
    RETURNS,
    count_decided,
    list_decided,
)
from core.store.aliases import DecidedLabel
from core.store.waiting import WaitingSubject
from ui.i18n import _, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page, choose_row, money_column, number_column, show_rows
from ui.views.plain import plain
from ui.views.waiting_reads import key_under, product_names_of, subjects_of, sums_of
from ui.views.waiting_release import start_release

_PAGE = 20


@dataclass(frozen=True, kw_only=True)
class _KeyList:
    """How a list of unknown keys speaks (gettext source strings), and what creates some of them.

    `create` is given the keys to create, None: all.
    """

    about: str
    subject: str
    alt: str
    create_one: str
    create_all: Callable[[int], str]
    create: Callable[..., str | None]


_LISTS: Mapping[str, _KeyList] = {
    PRODUCTS: _KeyList(
        about=N_(
            "A product created here is named by the label its rows carry. One without a name of"
            " its own is never recommended, until a products file says otherwise."
        ),
        subject=N_("Product key"),
        alt=N_("Unknown product keys, the largest revenue first"),
        create_one=N_("Create this product"),
        create_all=lambda count: ngettext_(
            "Create %(count)s product", "Create all %(count)s products", count
        ),
        create=create_products,
    ),
    CUSTOMERS: _KeyList(
        about=N_(
            "A customer created here has no address: the purchases count, and nobody is written to"
            " until a clients file brings the address."
        ),
        subject=N_("Customer"),
        alt=N_("Unknown customers, the largest revenue first"),
        create_one=N_("Create this customer"),
        create_all=lambda count: ngettext_(
            "Create %(count)s customer", "Create all %(count)s customers", count
        ),
        create=create_customers,
    ),
}


def draw_keys(session: UiSession, what: str) -> None:
    """Draw the unknown products or customers, with the buttons that create one or all of them."""
    keys, total = _LISTS[what], sums_of(session)[what].subjects
    st.caption(_(keys.about))
    actions = st.container(horizontal=True, vertical_alignment="center")
    place = st.container()
    offset = choose_page(total, _PAGE, key=f"{what}_page", is_counted=False)
    found = subjects_of(session, what, limit=_PAGE, offset=offset)
    with place:
        key = key_under(session, f"{what}_{offset}")
        titles = _titles(session, what)
        chosen = choose_row([_row(subject) for subject in found], titles, key=key, alt=_(keys.alt))
    with actions:
        if not session.may_work:
            return
        wanted = None if chosen is None else [found[chosen].subject]
        is_one = wanted is not None and st.button(
            f"{_(keys.create_one)} ({plain(wanted[0])})", type="primary", key=f"{what}_create"
        )
        is_all = st.button(keys.create_all(total), key=f"{what}_create_all")
    if is_one or is_all:
        with error_boundary():
            keys_wanted = wanted if is_one else None
            start_release(session, keys.create(session.store, session.actor, keys_wanted))


def _titles(session: UiSession, what: str) -> dict[str, object]:
    return {
        "subject": _(_LISTS[what].subject),
        **({"name": _("Label in the rows")} if what == PRODUCTS else {}),
        "rows": number_column(_("Rows")),
        "amount": money_column(_("Revenue"), session.tenant.currency),
    }


def draw_returns(session: UiSession) -> None:
    """Draw the products of the returns that wait for their sale."""
    st.caption(
        _(
            "These rows wait for the sale they return. Import the sales before them; they are then"
            " counted by themselves."
        )
    )
    total = sums_of(session)[RETURNS].subjects
    place = st.container()
    offset = choose_page(total, _PAGE, key="returns_page", is_counted=False)
    found = subjects_of(session, RETURNS, limit=_PAGE, offset=offset)
    titles = {
        "subject": _("Product key"),
        "rows": number_column(_("Rows")),
        "amount": money_column(_("Revenue"), session.tenant.currency),
    }
    with place:
        show_rows(
            [_row(subject) for subject in found], titles, alt=_("Returns without an earlier sale")
        )


def _row(subject: WaitingSubject) -> dict[str, object]:
    return {
        "subject": subject.subject,
        "name": subject.name,
        "rows": subject.rows,
        "amount": subject.amount_cents or 0,
    }


def draw_decided(session: UiSession) -> None:
    """Draw the decided labels, the newest first; a click offers to take one back."""
    total = count_decided(session.store)
    place = st.container()
    offset = choose_page(total, _PAGE, key="decided_page")
    found = list_decided(session.store, limit=_PAGE, offset=offset)
    names = product_names_of(session)
    titles = {
        "label": _("Label"),
        "product": _("Means"),
        "at": _("Decided"),
        "by": _("By"),
    }
    rows = [
        {
            "label": decided.label,
            "product": _meaning(decided, names),
            "at": format_moment(decided.decided_at, session.tenant.time_zone),
            "by": decided.decided_by,
        }
        for decided in found
    ]
    with place:
        key = key_under(session, f"decided_{offset}")
        chosen = choose_row(rows, titles, key=key, alt=_("Decided labels, the newest first"))
    if chosen is None:
        st.caption(_("Click a label to take the decision back."))
    else:
        _draw_taking_back(session, found[chosen])


def _meaning(decided: DecidedLabel, names: dict[str, str]) -> str:
    if decided.product_key is None:
        return _("Ignored")
    name = names.get(decided.product_key)
    return f"{name} ({decided.product_key})" if name else decided.product_key


def _draw_taking_back(session: UiSession, decided: DecidedLabel) -> None:
    if decided.product_key is None:
        st.markdown(_("The label comes back to the list of unknown labels."))
    else:
        st.markdown(
            _(
                "Later files no longer know this label. Rows loaded by it stay; to let them wait"
                " again, undo the release in the imports so far."
            )
        )
    if st.button(_("Take the decision back"), key="decided_take_back"):
        with error_boundary():
            take_back(session.store, session.actor, decided.label)
            st.rerun()
