"""Insights: the form that asks for a backtest."""

from datetime import date

import streamlit as st

from core.jobs import BACKTEST, enqueue
from core.services.backtest import (
    LONGEST_LIST,
    LONGEST_WINDOW,
    PROTOCOLS,
    RANKED,
    ROLLING,
    WINDOW_DAYS,
    create_backtest,
)
from core.services.backtest_cards import is_under_way
from core.services.import_files import today_of
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.words import protocol_title

BACKTEST_PARAM = "backtest"


def draw_launch_button(session: UiSession) -> None:
    """Draw the page's primary action, which opens the form unless a backtest is worked out."""
    if not session.may_work:
        return
    is_busy = is_under_way(session.store)
    explanation = _("A backtest is being worked out. Wait until it has finished.")
    if st.button(
        _("Look back"),
        type="primary",
        key="insights_launch",
        disabled=is_busy,
        help=explanation if is_busy else None,
    ):
        _open_form(session)


def _open_form(session: UiSession) -> None:
    @st.dialog(_("Look back"))
    def form() -> None:
        _draw_form(session)

    form()


def _draw_form(session: UiSession) -> None:
    protocol = st.radio(
        _("What is to be foretold?"),
        PROTOCOLS,
        format_func=protocol_title,
        key="backtest_protocol",
    )
    k = st.number_input(
        _("Products proposed to each customer"),
        min_value=1,
        max_value=LONGEST_LIST,
        value=RANKED,
        key="backtest_k",
    )
    window_days = WINDOW_DAYS
    if protocol == ROLLING:
        window_days = int(
            st.number_input(
                _("Days that are looked at after each date"),
                min_value=1,
                max_value=LONGEST_WINDOW,
                value=WINDOW_DAYS,
                key="backtest_window",
                help=_("Choose about the time after which a good customer comes back."),
            )
        )
    as_of: date = st.date_input(
        _("Last day"),
        value=today_of(session.store),
        format="DD/MM/YYYY",
        key="backtest_as_of",
        help=_("Later sales are ignored."),
    )
    if st.button(_("Start"), type="primary", key="backtest_send", width="stretch"):
        with error_boundary():
            backtest_id = create_backtest(
                session.store,
                session.actor,
                protocol=protocol,
                k=int(k),
                as_of=as_of,
                window_days=window_days,
            )
            enqueue(session.store, session.actor, BACKTEST, backtest_id)
            st.query_params[BACKTEST_PARAM] = backtest_id
            st.rerun()
