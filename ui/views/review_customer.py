"""One customer as a whole in a review: what was decided about her, and whether to write to her."""

from collections.abc import Sequence

import streamlit as st

from core.i18n import N_
from core.services.review import Subject
from core.services.review_desk import DecisionCard
from core.services.review_meant import APPROVE, REJECT
from core.services.run_records import CustomerDetail
from ui.i18n import _, format_moment, titled
from ui.session import UiSession
from ui.views.plain import bold, plain
from ui.views.review_enter import ask_reason, enter
from ui.views.review_state import draw_waiting
from ui.views.review_version import may_decide
from ui.views.review_words import decision_title, state_title

_CHOICES = {REJECT: N_("Reject"), APPROVE: N_("Approve")}
_CAPTIONS = {
    REJECT: N_("No campaign of this run writes to this customer."),
    APPROVE: N_("Somebody looked at the whole list; an earlier rejection ends."),
}


def draw_review(
    session: UiSession, run_id: str, detail: CustomerDetail, about: Sequence[DecisionCard]
) -> None:
    """Draw the decisions about a customer, their progress, and the decision on her as a whole."""
    if about:
        st.markdown(bold(_("What was decided?")))
        for card in about:
            st.markdown(_line(session, card))
    draw_waiting(session, run_id, key="customer")
    if may_decide(session):
        _draw_choice(session, run_id, detail, about)


def _line(session: UiSession, card: DecisionCard) -> str:
    decision = card.decision
    made = _(
        "%(who)s, %(when)s",
        who=decision.decided_by,
        when=format_moment(decision.decided_at, session.tenant.time_zone),
    )
    parts = [titled(made, decision.note) if decision.note else made, state_title(decision)]
    return f"{plain(decision_title(card))} :gray[· {plain(' · '.join(parts))}]"


def _draw_choice(
    session: UiSession, run_id: str, detail: CustomerDetail, about: Sequence[DecisionCard]
) -> None:
    key = f"customer_whole_{detail.verdict.customer}_{len(about)}"
    with st.popover(_("Decide about this customer")):
        kind = st.radio(
            _("Your decision on the whole list"),
            list(_CHOICES),
            format_func=lambda choice: _(_CHOICES[choice]),
            captions=[_(caption) for caption in _CAPTIONS.values()],
            key=f"{key}_choice",
        )
        note = ask_reason(f"{key}_why")
        titles = {REJECT: _("Reject this customer"), APPROVE: _("Approve this customer")}
        if st.button(titles[kind], type="primary", key=f"{key}_enter"):
            enter(session, run_id, kind, Subject(customer=detail.verdict.customer), note)
