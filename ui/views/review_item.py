"""One item of a customer's list: its evidence, and approve, reject or replace."""

import streamlit as st

from core.contracts import RunVersion
from core.i18n import N_
from core.services.review import Subject
from core.services.review_meant import APPROVE, REJECT, REPLACE
from core.services.run_records import CustomerDetail, Item
from ui.i18n import _, format_money
from ui.session import UiSession
from ui.views.item_evidence import evidence_lines
from ui.views.plain import plain
from ui.views.review_enter import ask_reason, enter
from ui.views.review_offer import draw_replacement
from ui.views.review_version import may_decide
from ui.views.words import scenario_title

_CHOICES = {APPROVE: N_("Approve"), REJECT: N_("Reject"), REPLACE: N_("Replace")}


def draw_item(
    session: UiSession,
    run_id: str,
    detail: CustomerDetail,
    item: Item,
    version: RunVersion,
    *,
    key: str,
) -> None:
    """Draw the chosen item: what speaks for it, and for an analyst what can be decided."""
    key = f"{key}_{item.product_key}"
    with st.container(border=True):
        st.markdown(f"**{plain(item.product_name)}**")
        currency = session.tenant.currency
        facts = (
            scenario_title(item.scenario),
            item.family,
            format_money(item.price_cents, currency),
        )
        st.caption(" · ".join(plain(fact) for fact in facts if fact))
        st.text(item.explain_short)
        lines = evidence_lines(item, detail.product_names, currency)
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))
        if may_decide(session, version):
            subject = Subject(customer=detail.verdict.customer, product_key=item.product_key)
            _draw_choices(session, run_id, subject, key)


def _draw_choices(session: UiSession, run_id: str, subject: Subject, key: str) -> None:
    choice = st.segmented_control(
        _("Your decision on this product"),
        list(_CHOICES),
        format_func=lambda kind: _(_CHOICES[kind]),
        key=f"{key}_choice",
    )
    if choice == APPROVE:
        _draw_approve(session, run_id, subject, key)
    elif choice == REJECT:
        _draw_reject(session, run_id, subject, key)
    elif choice == REPLACE:
        draw_replacement(session, run_id, subject, key=key)


def _draw_approve(session: UiSession, run_id: str, subject: Subject, key: str) -> None:
    st.caption(_("It is recorded that somebody looked; the list stays as it is."))
    note = ask_reason(f"{key}_approve_why", label=_("A remark, if you like"))
    if st.button(_("Approve this product"), type="primary", key=f"{key}_approve"):
        enter(session, run_id, APPROVE, subject, note)


def _draw_reject(session: UiSession, run_id: str, subject: Subject, key: str) -> None:
    st.caption(
        _(
            "It leaves this list. The next candidate that passes takes the last place, and the list"
            " is audited again."
        )
    )
    note = ask_reason(f"{key}_reject_why")
    if st.button(_("Reject this product"), type="primary", key=f"{key}_reject"):
        enter(session, run_id, REJECT, subject, note)
