"""Insights: the backtests so far."""

from typing import Any

import streamlit as st

from core.services.backtest_cards import BacktestCard, is_under_way, list_backtests
from core.store.runs import RunStatus
from ui.i18n import NO_VALUE, _, format_date, format_moment
from ui.session import UiSession
from ui.tables import choose_row, number_column, percent_column
from ui.views.insights_launch import BACKTEST_PARAM
from ui.views.words import protocol_title, run_state_title, verdict_title


def draw_backtests(session: UiSession, shown: str | None) -> None:
    """Draw the list of backtests, the newest first; a click opens one."""
    cards = list_backtests(session.store)
    if not cards:
        return
    st.header(_("Looked back so far"), anchor=False)
    is_at_work = is_under_way(session.store)
    chosen = choose_row(
        [_row(session, card, is_at_work) for card in cards],
        _titles(),
        key=f"backtests_{shown}",
        alt=_("Backtests, the newest first"),
    )
    if chosen is not None and cards[chosen].backtest_id != shown:
        st.query_params[BACKTEST_PARAM] = cards[chosen].backtest_id
        st.rerun()


def _row(session: UiSession, card: BacktestCard, is_at_work: bool) -> dict[str, Any]:
    compared = card.report["comparisons"][0] if card.report and card.report["comparisons"] else {}
    is_cut = card.status is RunStatus.RUNNING and not is_at_work
    return {
        "started": format_moment(card.created_at, session.tenant.time_zone),
        "protocol": protocol_title(card.protocol),
        "state": _("Interrupted") if is_cut else run_state_title(card.status),
        "verdict": verdict_title(card.report["verdict"]) if card.report else NO_VALUE,
        "ours": compared.get("ours"),
        "theirs": compared.get("theirs"),
        "as_of": format_date(card.as_of),
        "k": card.k,
    }


def _titles() -> dict[str, Any]:
    return {
        "started": _("Started"),
        "protocol": _("Foretold"),
        "state": _("State"),
        "verdict": _("Verdict"),
        "ours": percent_column(_("Recommender")),
        "theirs": percent_column(_("Best baseline")),
        "as_of": _("Last day"),
        "k": number_column(_("Proposed")),
    }
