"""Runs: the list of runs, and the choice of a finished one on the other pages."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.contracts import Scenario
from core.errors import NotFound
from core.services.run_records import RunCard
from core.services.run_reports import list_runs, number_of_runs, run_of
from core.store.runs import RunStatus
from ui.i18n import _, format_date, format_moment, format_number, format_percent
from ui.layout import empty_state, show_error
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column, percent_column
from ui.theme import tokens
from ui.views.runs_launch import RUN_PARAM
from ui.views.words import run_state_title, scenario_title

_PAGE = 15
_CHOICES = 50


def draw_runs(session: UiSession, shown: str | None, *, has_data: bool) -> None:
    """Draw the list of runs, the newest first; a click opens one."""
    total = number_of_runs(session.store)
    if total == 0:
        _draw_none(has_data=has_data)
        return
    st.header(_("Runs so far"), anchor=False)
    place = st.container()
    offset = choose_page(total, _PAGE, key="runs_page")
    cards = list_runs(session.store, limit=_PAGE, offset=offset)
    with place:
        chosen = choose_row(
            [_row(session, card) for card in cards],
            _titles(),
            key=f"runs_{offset}_{shown}",
            alt=_("Runs, the newest first"),
        )
    if chosen is not None and cards[chosen].run_id != shown:
        st.query_params[RUN_PARAM] = cards[chosen].run_id
        st.rerun()


def _draw_none(*, has_data: bool) -> None:
    """Say what will be here, and what is missing for it: files, or the first run."""
    if has_data:
        empty_state(
            _(
                "Your files are loaded. Launch a first run: it says whom to write to, about which"
                " product, and why, and is listed here."
            )
        )
        return
    empty_state(
        _(
            "Your runs will be listed here. A run says whom to write to, about which product,"
            " and why. It needs clients, products and sales."
        ),
        _("Bring in files"),
        page="upload",
    )


def _row(session: UiSession, card: RunCard) -> dict[str, Any]:
    return {
        "launched": format_moment(card.created_at, session.tenant.time_zone),
        "as_of": format_date(card.as_of),
        "customers": card.customers,
        "eligible": card.eligible,
        "gating": card.gating_rate,
        "mix": [card.scenario_counts.get(s, 0) for s in Scenario] if card.scenario_counts else None,
        "duration": _duration(card),
        "policy": _policy_title(card),
    }


def _titles() -> dict[str, Any]:
    order = ", ".join(scenario_title(scenario) for scenario in Scenario)
    return {
        "launched": _("Launched"),
        "as_of": _("As-of date"),
        "customers": number_column(_("Customers")),
        "eligible": number_column(_("Eligible")),
        "gating": percent_column(
            _("Gating rate"), explanation=_("Blocked customers among all customers.")
        ),
        "mix": st.column_config.BarChartColumn(
            _("Scenario mix"), help=order, y_min=0, color=tokens().primary
        ),
        "duration": _("Duration"),
        "policy": _("Policy version"),
    }


def _duration(card: RunCard) -> str:
    """Return how long the run took, or where it stands while it is not done."""
    if card.status is not RunStatus.DONE:
        return run_state_title(card.status)
    return _("%(seconds)s s", seconds=format_number(card.seconds))


def _policy_title(card: RunCard) -> str | None:
    if card.policy_version is None:
        return None
    return format_number(card.policy_version) if card.policy_version else _("Defaults")


def run_label(session: UiSession, card: RunCard) -> str:
    """Return how a run is named in a choice."""
    return _(
        "%(as_of)s, launched %(when)s: %(blocked)s of customers blocked",
        as_of=format_date(card.as_of),
        when=format_moment(card.created_at, session.tenant.time_zone),
        blocked=format_percent(card.gating_rate),
    )


def choose_run(session: UiSession, *, page: str) -> RunCard | None:
    """Draw the choice of a finished run, kept in the address.

    None, said in words, when there is none, or while the address names a run that cannot be shown:
    no other is shown in its place.
    """
    cards = finished_runs(session)
    if not cards:
        empty_state(
            _("There is no finished run yet. A run computes what this page shows."),
            _("Go to the runs"),
            page="runs",
            key=f"{page}_to_runs",
        )
        return None
    by_id = {card.run_id: card for card in cards}
    asked = st.query_params.get(RUN_PARAM, "").lower() or cards[0].run_id
    older = None if asked in by_id else _asked_run(session, asked)
    if older is not None:
        by_id[older.run_id] = older
    ids = list(by_id)
    chosen = st.selectbox(
        _("Run"),
        ids,
        index=ids.index(asked) if asked in by_id else None,
        format_func=lambda run_id: run_label(session, by_id[run_id]),
        placeholder=_("Choose a run"),
        key=f"{page}_run_{asked}",
    )
    if chosen is None:
        return None
    if chosen != asked:
        st.query_params.from_dict({RUN_PARAM: chosen})
        st.rerun()
    return by_id[chosen]


def _asked_run(session: UiSession, run_id: str) -> RunCard | None:
    """Return the run of the address if it is finished; None, said in words, if it is not."""
    try:
        card = run_of(session.store, run_id).card
    except NotFound as error:
        show_error(error)
        return None
    if card.status is RunStatus.DONE:
        return card
    st.info(
        _(
            "The run of this address is not finished (%(state)s). Choose another, or open it on the"
            " page Runs.",
            state=run_state_title(card.status),
        )
    )
    return None


def finished_runs(session: UiSession) -> Sequence[RunCard]:
    """Return the newest finished runs."""
    return list_runs(session.store, limit=_CHOICES, done_only=True)
