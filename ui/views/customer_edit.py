"""Customers: what may be changed by hand of a customer, and the history of her row."""

import uuid
from dataclasses import dataclass, replace

import streamlit as st

from core.contracts import FileKind
from core.i18n import N_
from core.services.hand_changes import as_seen, change_customer
from core.services.hand_rows import RowChange
from ui.i18n import _
from ui.session import UiSession
from ui.views.hand_saved import hand_boundary, start_change

_OPEN = "customer_form"
_TYPES = {"private": N_("Private"), "trade": N_("Trade")}


@dataclass(frozen=True, kw_only=True)
class _Form:
    """An open form: the customer as she was seen, and the id of the import to be."""

    change_id: str
    customer: RowChange


def draw_customer_edit(session: UiSession, customer: str) -> None:
    """Draw the button that changes what kind of customer she is, for whoever may work."""
    if not session.may_work:
        return
    if st.button(_("Private or trade"), key="customer_edit", icon=":material/edit:"):
        found = as_seen(session.store, FileKind.CLIENTS, [customer])[customer]
        st.session_state[_OPEN] = _Form(change_id=str(uuid.uuid4()), customer=found)
    form: _Form | None = st.session_state.get(_OPEN)
    if form is None or form.customer.key != customer:
        return

    @st.dialog(_("Private or trade"), width="small", on_dismiss=_close)
    def dialog() -> None:
        with hand_boundary():
            _draw_form(session, form)

    dialog()


def _close() -> None:
    st.session_state.pop(_OPEN, None)


def _draw_form(session: UiSession, form: _Form) -> None:
    st.caption(
        _(
            "A run compares her with others of her kind. What she likes is what she bought: change"
            " the sweetness, family or grape of a product on its own page. The next file of clients"
            " that is exported after this and names her kind replaces it."
        )
    )
    shown = form.customer.cells["customer_type"]
    codes = list(_TYPES)
    with st.form(f"customer_form_{form.change_id}", border=False):
        found = st.radio(
            _("She is a customer of this kind"),
            codes,
            index=codes.index(str(shown)) if shown in codes else None,
            format_func=lambda code: _(_TYPES[code]),
            key="form_customer_type",
        )
        if st.form_submit_button(_("Save the change"), type="primary", key="customer_save"):
            change = replace(form.customer, cells={"customer_type": found})
            store, actor = session.store, session.actor
            import_id = change_customer(store, actor, change, change_id=form.change_id)
            _close()
            start_change(session, import_id)
