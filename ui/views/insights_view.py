"""Insights: which of its questions the page is on, kept in the address."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.services.run_records import RunCard
from ui.i18n import _, format_date
from ui.layout import empty_state
from ui.views.insights_launch import BACKTEST_PARAM

VIEW_PARAM = "view"
SEGMENTS, MOVEMENT, COHORTS, SEASON = "segments", "movement", "cohorts", "season"
FAMILIES, CAMPAIGNS, BACKTEST = "families", "campaigns", "backtest"
VIEW_TITLES: Mapping[str, str] = {
    SEGMENTS: N_("Segments"),
    MOVEMENT: N_("Movement"),
    COHORTS: N_("Cohorts"),
    SEASON: N_("Season"),
    FAMILIES: N_("Families"),
    CAMPAIGNS: N_("Campaigns"),
    BACKTEST: N_("Backtest"),
}


def asked_view() -> str:
    """Return what the address asks for: an address with a backtest means that one."""
    asked = st.query_params.get(VIEW_PARAM)
    if asked in VIEW_TITLES:
        return asked
    return BACKTEST if BACKTEST_PARAM in st.query_params else SEGMENTS


def choose_view(asked: str) -> None:
    """Draw the switch; another choice draws the page anew under its own address."""
    chosen = st.segmented_control(
        _("What to look at"),
        list(VIEW_TITLES),
        default=asked,
        required=True,
        format_func=lambda view: _(VIEW_TITLES[view]),
        label_visibility="collapsed",
        key=f"insights_view_{asked}",
    )
    if chosen is not None and chosen != asked:
        st.query_params.from_dict({VIEW_PARAM: chosen})
        st.rerun()


def keep_choice(name: str, chosen: str, shown: str) -> None:
    """Put a choice within a view into the address, and draw the page it leads to."""
    if chosen != shown:
        st.query_params[name] = chosen
        st.rerun()


def say_nothing_counted(run: RunCard | None) -> None:
    """Say why there is nothing to show: no run yet, or one that counted nothing of this."""
    if run is None:
        empty_state(
            _("This comes with the first run: a run counts it of all customers."),
            _("Launch a run"),
            page="runs",
        )
        return
    st.caption(
        _(
            "The run as of %(day)s has not counted this: it was made before this page was there,"
            " or found no purchases. The next run counts it.",
            day=format_date(run.as_of),
        )
    )


def say_run(run: RunCard) -> None:
    """Say of which run the figures are."""
    st.caption(_("Counted by the run as of %(day)s.", day=format_date(run.as_of)))
