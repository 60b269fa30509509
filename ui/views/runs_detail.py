"""Runs: one run opened."""

from typing import Literal

import streamlit as st

from core.jobs import RUN, enqueue
from core.services.run_changes import changes_of
from core.services.run_records import RunCard, RunDetail
from core.services.run_reports import qc_of, run_of, sample_customers
from core.store.locks import RUN_LOCK, is_held
from core.store.runs import RunStatus
from ui.i18n import _, format_date, format_number, format_percent
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.views.customer_panel import draw_customer
from ui.views.customer_table import CUSTOMER_PARAM, choose_customer
from ui.views.job_progress import follow_job
from ui.views.run_charts import draw_scenario_mix, draw_scores
from ui.views.runs_comparison import draw_comparison
from ui.views.runs_launch import RUN_PARAM


def draw_run(session: UiSession, run_id: str) -> None:
    """Draw one run: its progress, or what came of it; raises `NotFound`."""
    run_of(session.store, run_id)
    job = follow_job(session, RUN, run_id)
    if job is not None and not job.is_over:
        return
    run = run_of(session.store, run_id, language=session.language)
    if run.card.status is RunStatus.DONE:
        _draw_result(session, run)
    elif run.card.status is RunStatus.RUNNING and is_held(session.store, RUN_LOCK):
        st.info(_("A schedule or a command is working on this run. Look again in a moment."))
    elif session.may_work and st.button(_("Start this run again"), type="primary", key="run_again"):
        enqueue(session.store, session.actor, RUN, run_id)
        st.rerun()


def _draw_result(session: UiSession, run: RunDetail) -> None:
    card = run.card
    st.header(_("Run as of %(day)s", day=format_date(card.as_of)), anchor=False)
    for warning in run.warnings:
        st.warning(warning)
    if card.review_no:
        number = format_number(card.review_no)
        st.caption(
            _(
                "Review %(number)s is in force: its lists are shown, exported and written to. The"
                " run's own lists are kept.",
                number=number,
            )
        )
    figures_row(_figures(card))
    changes = changes_of(session.store, card.run_id)
    if changes is not None:
        st.caption(_comparison(changes.before))
    _draw_next_steps(card.run_id)
    quality = qc_of(session.store, card.run_id, language=session.language)
    left, right = st.columns(2)
    with left:
        draw_scenario_mix(quality, key="run_mix")
    with right:
        draw_scores(quality, run.summary["policy"]["audit"]["gate_score"], key="run_scores")
    _draw_sample(session, card.run_id)
    with error_boundary():
        draw_comparison(session, card)


def _figures(card: RunCard) -> list[Figure]:
    return [
        Figure(label=_("Customers"), value=format_number(card.customers)),
        Figure(
            label=_("Eligible"),
            value=format_number(card.eligible),
            explanation=_("Customers who passed the audit: they may be written to."),
        ),
        Figure(
            label=_("Gating rate"),
            value=format_percent(card.gating_rate),
            explanation=_("Blocked customers among all customers."),
        ),
        Figure(label=_("Recommendations"), value=format_number(card.recommendations)),
    ]


def _comparison(before: RunCard) -> str:
    """Return the figures of the run launched before the one that is shown."""
    return _(
        "The run before it, as of %(day)s: %(eligible)s eligible, gating rate %(rate)s.",
        day=format_date(before.as_of),
        eligible=format_number(before.eligible),
        rate=format_percent(before.gating_rate),
    )


def _draw_next_steps(run_id: str) -> None:
    with st.container(horizontal=True):
        for title, page in (
            (_("Check its quality"), "qc"),
            (_("Prepare a campaign"), "campaigns"),
            (_("Download its files"), "exports"),
        ):
            is_next = page == "qc"
            look: Literal["primary", "secondary"] = "primary" if is_next else "secondary"
            if st.button(title, type=look, key=f"run_to_{page}"):
                st.switch_page(f"../pages/{page}.py", query_params={RUN_PARAM: run_id})


def _draw_sample(session: UiSession, run_id: str) -> None:
    st.header(_("Twenty customers as a sample"), anchor=False)
    st.caption(_("Click a row to see what this customer is proposed, and why."))
    shown = st.query_params.get(CUSTOMER_PARAM)
    verdicts = sample_customers(session.store, run_id)
    choose_customer(verdicts, session.tenant.currency, key="run_sample", shown=shown)
    if shown is not None:
        draw_customer(session, run_id, shown)
