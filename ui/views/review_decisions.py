"""The decisions on a run: what, whom, who, when, why and where each stands; taking one back."""

from typing import Any

import streamlit as st

from core.services.review import KIND_TITLES
from core.services.review_desk import DecisionCard, decision_page
from core.services.review_meant import REPLACE
from ui.i18n import _, format_moment
from ui.session import UiSession
from ui.tables import choose_page, choose_row
from ui.views.plain import plain
from ui.views.review_enter import take_back
from ui.views.review_version import may_decide
from ui.views.review_words import decision_title, state_title, whom_title

_PAGE = 10


def draw_decisions(session: UiSession, run_id: str, *, is_editable: bool) -> None:
    """Draw the decisions, the newest first; a click opens one, with the way to take it back."""
    st.header(_("Decisions"), anchor=False)
    place = st.container()
    total = decision_page(session.store, run_id, limit=0).total
    if total == 0:
        with place:
            st.caption(_no_decision(session))
        return
    offset = choose_page(total, _PAGE, key="decisions_page", is_counted=total > _PAGE)
    page = decision_page(session.store, run_id, limit=_PAGE, offset=offset)
    states = "".join(str(int(card.decision.waits)) for card in page.cards)
    with place:
        chosen = choose_row(
            [_row(session, card) for card in page.cards],
            _titles(),
            key=f"decisions_{offset}_{total}_{states}",
            alt=_("Decisions, the newest first"),
            has_long_texts=True,
        )
        if chosen is not None:
            _draw_decision(session, run_id, page.cards[chosen], is_editable=is_editable)


def _no_decision(session: UiSession) -> str:
    if may_decide(session):
        return _(
            "Nothing was decided yet. Open a customer to approve, reject or replace what is"
            " proposed, or filter the table to decide about many at once."
        )
    return _("Nothing was decided yet.")


def _titles() -> dict[str, Any]:
    return {
        "kind": _("Decision"),
        "what": st.column_config.TextColumn(_("What"), width=165),
        "whom": st.column_config.TextColumn(_("Whom"), width=150),
        "why": st.column_config.TextColumn(_("Why"), width=155),
        "who": st.column_config.TextColumn(_("By"), width=70),
        "when": _("When"),
        "state": st.column_config.TextColumn(_("State"), width=100),
    }


def _row(session: UiSession, card: DecisionCard) -> dict[str, Any]:
    decision = card.decision
    return {
        "kind": _(KIND_TITLES[decision.kind]),
        "what": _what(card),
        "whom": whom_title(card),
        "why": decision.note or None,
        "who": decision.decided_by,
        "when": format_moment(decision.decided_at, session.tenant.time_zone),
        "state": state_title(decision),
    }


def _what(card: DecisionCard) -> str:
    if card.product_name is None:
        return _("The whole list")
    if card.decision.kind == REPLACE:
        return f"{card.product_name} → {card.replacement_name}"
    return card.product_name


def _draw_decision(
    session: UiSession,
    run_id: str,
    card: DecisionCard,
    *,
    is_editable: bool,
) -> None:
    decision = card.decision
    with st.container(border=True):
        st.markdown(f"**{plain(decision_title(card))}**")
        lines = [whom_title(card), decision.note, state_title(decision)]
        if decision.withdrawn_at is not None:
            lines.append(
                _(
                    "Taken back by %(who)s, %(when)s.",
                    who=decision.withdrawn_by,
                    when=format_moment(decision.withdrawn_at, session.tenant.time_zone),
                )
            )
        st.markdown("  \n".join(plain(line) for line in lines if line))
        if is_editable and decision.withdrawn_at is None:
            st.caption(_("The lists it means are made again without it; the decision stays here."))
            if st.button(_("Take back"), key=f"take_back_{decision.number}"):
                take_back(session, run_id, decision.number)
