"""The list of one customer: what is proposed, why, and what was decided about it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.contracts import RunVersion
from core.i18n import N_
from core.services.review_desk import DecisionCard
from core.services.run_records import CustomerDetail, Item
from ui.i18n import _
from ui.session import UiSession
from ui.tables import choose_row, money_column, number_column, show_rows
from ui.views.review_item import draw_item
from ui.views.review_version import may_decide
from ui.views.review_words import waiting_titles
from ui.views.words import scenario_title

_COMPONENTS: Mapping[str, str] = {
    "affinity": N_("Affinity"),
    "due": N_("Due"),
    "popularity": N_("Popularity"),
    "price_fit": N_("Price fit"),
    "family_fit": N_("Family fit"),
    "season": N_("Season"),
    "margin": N_("Margin"),
}


def draw_list(
    session: UiSession,
    run_id: str,
    detail: CustomerDetail,
    about: Sequence[DecisionCard],
    version: RunVersion,
) -> None:
    """Draw the list; a click on a row opens its evidence and what can be decided about it."""
    if not detail.items:
        st.caption(_("There is nothing to recommend to this customer."))
        return
    question = _("What is proposed, and why?")
    st.markdown(f"**{question}**")
    waiting = waiting_titles(about) if version is RunVersion.REVIEWED else {}
    rows = [_row(item, waiting) for item in detail.items]
    titles = _titles(session.tenant.currency, has_decisions=bool(waiting))
    key = f"customer_items_{detail.verdict.customer}_{version}_{_state_key(detail, about)}"
    chosen = choose_row(rows, titles, key=key, alt=question, has_long_texts=True)
    if chosen is None:
        st.caption(
            _("Click a row to see its evidence and to decide about it.")
            if may_decide(session, version)
            else _("Click a row to see its evidence.")
        )
    else:
        draw_item(session, run_id, detail, detail.items[chosen], version, key=key)
    with st.expander(_("How the scores are made")):
        _draw_components(detail)


def _state_key(detail: CustomerDetail, about: Sequence[DecisionCard]) -> str:
    """Return what changes with the list and the decisions: a chosen row is of that list only."""
    keys = [item.product_key for item in detail.items]
    return f"{len(about)}_{sum(card.decision.waits for card in about)}_{'_'.join(keys)}"


def _titles(currency: str, *, has_decisions: bool) -> dict[str, Any]:
    titles: dict[str, Any] = {
        "rank": number_column(_("Rank")),
        "product": st.column_config.TextColumn(_("Product"), width=145 if has_decisions else 175),
        "decision": st.column_config.TextColumn(_("Decision"), width=105),
        "scenario": _("Scenario"),
        "why": st.column_config.TextColumn(_("Why"), width=175 if has_decisions else 285),
        "price": money_column(_("Price"), currency),
        "family": _("Family"),
        "score": number_column(
            _("Score"),
            digits=3,
            explanation=_("Between 0 and 1: how well the product fits."),
        ),
    }
    if not has_decisions:
        del titles["decision"]
    return titles


def _row(item: Item, waiting: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rank": item.rank,
        "product": item.product_name,
        "decision": waiting.get(item.product_key),
        "why": item.explain_short,
        "scenario": scenario_title(item.scenario),
        "family": item.family,
        "price": item.price_cents,
        "score": item.score,
    }


def _draw_components(detail: CustomerDetail) -> None:
    st.caption(
        _("Each part is between 0 and 1; the score is their sum, weighted as the policy says.")
    )
    titles: dict[str, Any] = {"product": _("Product")}
    for name, title in _COMPONENTS.items():
        titles[name] = number_column(_(title), digits=2)
    rows = [
        {"product": item.product_name, **item.reasons.get("components", {})}
        for item in detail.items
    ]
    show_rows(rows, titles, key="customer_components", alt=_("How the scores are made"))
