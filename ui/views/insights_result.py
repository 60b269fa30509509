"""Insights: what one backtest found."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from core.i18n import N_
from core.jobs import BACKTEST, enqueue
from core.services.backtest import ROLLING
from core.services.backtest_cards import BacktestCard, backtest_of, is_under_way, list_backtests
from core.services.backtest_words import comparison_sentences, verdict_sentences
from core.store.runs import RunStatus
from ui.i18n import _, format_date, format_number, format_percent
from ui.layout import Figure, empty_state, figures_row
from ui.session import UiSession
from ui.tables import percent_column, show_rows
from ui.views.insights_charts import draw_recall, draw_scenarios
from ui.views.job_progress import follow_job
from ui.views.plain import plain
from ui.views.words import protocol_title, system_title

_NEWEST = 20
_LOOK_SECONDS = 2.0
_WITHOUT_ERROR: Mapping[RunStatus, str] = {
    RunStatus.QUEUED: N_("This backtest was not started yet."),
    RunStatus.RUNNING: N_("This backtest was interrupted before it had finished."),
}


def draw_backtest(session: UiSession, shown: str | None) -> None:
    """Draw one backtest, or the newest that is done: its progress, or what it found.

    Raises `NotFound` for an unknown one.
    """
    card = backtest_of(session.store, shown) if shown else _newest_done(session)
    if card is None:
        empty_state(
            _(
                "Nothing has been looked back on yet. A backtest goes back to dates of the past,"
                " makes the proposals of that day, and compares them with what was then bought."
            )
        )
        return
    job = follow_job(session, BACKTEST, card.backtest_id)
    if job is not None and not job.is_over:
        return
    card = backtest_of(session.store, card.backtest_id)
    if card.report is not None:
        _draw_result(session, card, card.report)
    else:
        _draw_unfinished(session, card, is_said=job is not None)


def _draw_unfinished(session: UiSession, card: BacktestCard, *, is_said: bool) -> None:
    """Say what became of a backtest without report and, while none is worked out, start it."""
    if is_under_way(session.store):
        _draw_elsewhere(session, card.backtest_id)
        return
    if not is_said:
        st.error(card.error_sentence(session.language, plain) or _(_WITHOUT_ERROR[card.status]))
    if session.may_work and st.button(_("Start again"), type="primary", key="backtest_again"):
        enqueue(session.store, session.actor, BACKTEST, card.backtest_id)
        st.rerun()


@st.fragment(run_every=_LOOK_SECONDS)
def _draw_elsewhere(session: UiSession, backtest_id: str) -> None:
    """Say that a command works on this backtest or on another one, until it does not any more."""
    if not is_under_way(session.store):
        st.rerun()
    card = backtest_of(session.store, backtest_id)
    with st.container(border=True):
        if card.status is RunStatus.RUNNING:
            st.markdown(_("This backtest is being worked out, started by a command."))
        else:
            st.markdown(
                _("Another backtest is being worked out; this one can be started after it.")
            )
        st.caption(_("The page goes on by itself when it has finished."))


def _newest_done(session: UiSession) -> BacktestCard | None:
    cards = list_backtests(session.store, limit=_NEWEST)
    done = [card for card in cards if card.status is RunStatus.DONE]
    return next(iter(done or cards), None)


def _draw_result(session: UiSession, card: BacktestCard, report: Mapping[str, Any]) -> None:
    st.header(protocol_title(card.protocol), anchor=False)
    with st.container(border=True):
        verdict, *figures = verdict_sentences(report, session.language)
        st.markdown(f"**{verdict}**")
        for sentence in figures:
            st.caption(sentence)
    st.caption(_looked_at(report))
    if not report["customers"]:
        return
    figures_row(_figures(report))
    left, right = st.columns(2)
    with left:
        draw_recall(report["systems"], key="backtest_recall")
    if report["scenarios"]:
        with right:
            draw_scenarios(report["scenarios"], key="backtest_scenarios")
            _draw_lists(session, report)
    _draw_tables(report)


def _looked_at(report: Mapping[str, Any]) -> str:
    """Return which days the figures are about."""
    if report["protocol"] != ROLLING:
        return _("Sales until %(day)s.", day=_day(report["as_of"]))
    dates = [_day(one["as_of"]) for one in report.get("dates", ())]
    if not dates:
        return _("Sales until %(day)s.", day=_day(report["as_of"]))
    return _(
        "Looked back from these dates, %(days)s days each: %(dates)s.",
        dates=", ".join(dates),
        days=format_number(report["window_days"]),
    )


def _day(text: str) -> str:
    return format_date(date.fromisoformat(text))


def _figures(report: Mapping[str, Any]) -> list[Figure]:
    compared = report["comparisons"][0]
    points = {n: format_number(100 * compared[n], 1) for n in ("difference", "low", "high")}
    return [
        Figure(
            label=_("Recommender"),
            value=format_percent(compared["ours"]),
            explanation=_("Of what a customer bought next, the share that it had proposed."),
        ),
        Figure(
            label=_("Best baseline"),
            value=format_percent(compared["theirs"]),
            explanation=system_title(compared["baseline"]),
        ),
        Figure(
            label=_("Difference, points"),
            value=points["difference"],
            explanation=_(
                "With 95 percent certainty between %(low)s and %(high)s points.",
                low=points["low"],
                high=points["high"],
            ),
        ),
        Figure(
            label=_("Customers compared"),
            value=format_number(report["customers"]),
            explanation=_(
                "%(enough)s would be enough to see a difference of 5 percent.",
                enough=format_number(compared["enough"]),
            ),
        ),
    ]


def _draw_lists(session: UiSession, report: Mapping[str, Any]) -> None:
    """Say how the lists compare, and why they are not made to name the most."""
    for compared in report["comparisons"]:
        if compared["system"] == "lists" and compared["measure"] == "recall":
            said = comparison_sentences(compared, report["k"], session.language)
            st.caption(_("Lists of a run: %(verdict)s", verdict=" ".join(said)))
    st.caption(
        _(
            "Lists leave out what was bought in the last 30 days and mix in what is new: they are"
            " made to bring somebody back, not to repeat the last basket."
        )
    )


def _draw_tables(report: Mapping[str, Any]) -> None:
    rows = [
        {
            **one,
            "system": system_title(one["system"]),
            "repeat_recall": one["repeat"]["recall"],
            "new_recall": one["new"]["recall"],
        }
        for one in report["systems"]
    ]
    st.header(_("All figures against the baselines"), anchor=False)
    st.caption(
        _(
            "Repeats are products that the customer had bought before: %(share)s of what was"
            " bought.",
            share=format_percent(report["repeat_share"]),
        )
    )
    show_rows(rows, _titles(), key="backtest_systems", alt=_("Figures of each system"))


def _titles() -> dict[str, Any]:
    return {
        "system": _("System"),
        "recall": percent_column(
            _("Recall"), explanation=_("Share of what was bought that had been proposed.")
        ),
        "repeat_recall": percent_column(
            _("Recall, repeats"), explanation=_("The same for what had been bought before.")
        ),
        "new_recall": percent_column(
            _("Recall, new"), explanation=_("The same for what was bought for the first time.")
        ),
        "ndcg_full": percent_column(
            _("NDCG, full ideal"),
            explanation=_(
                "Counts a product more the higher it stood; against all that was bought."
            ),
        ),
        "ndcg_truncated": percent_column(
            _("NDCG, truncated"),
            explanation=_("The same, against as many products as were proposed."),
        ),
        "hit_rate": percent_column(
            _("Hit rate"), explanation=_("Share of customers of whom anything was foretold.")
        ),
        "coverage": percent_column(
            _("Coverage"), explanation=_("Share of the products that are proposed to anybody.")
        ),
    }
