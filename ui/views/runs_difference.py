"""Runs: one customer of two runs, both lists side by side, and why they differ."""

from itertools import zip_longest

import streamlit as st

from core.jobs import CAUSES, enqueue
from core.services.cause_questions import answer_of, ask_causes, question_of
from core.services.comparison_records import CustomerDifference, ListItem, RunComparison
from core.services.comparison_words import cause_lines
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.job_progress import follow_job
from ui.views.plain import bold, plain
from ui.views.words import scenario_title


def draw_difference(
    session: UiSession, comparison: RunComparison, customer: CustomerDifference
) -> None:
    """Draw one customer: why she changed as far as the runs tell, and her two lists."""
    with st.container(border=True):
        st.markdown(bold(plain(customer.customer)))
        for line in cause_lines(comparison, customer, session.language):
            st.markdown(plain(line))
        is_in_both = None not in (customer.reason_before, customer.reason_after)
        if customer.is_changed and is_in_both and len(comparison.causes) > 1:
            with error_boundary():
                _draw_question(session, comparison, customer.customer)
        rows = [
            {"rank": rank, "before": _item(before), "after": _item(after)}
            for rank, (before, after) in enumerate(
                zip_longest(customer.before, customer.after), start=1
            )
        ]
        titles = {"rank": _("Rank"), "before": _("Before"), "after": _("After")}
        show_rows(rows, titles, key="compared_lists", alt=_("Lists before and after"))


def _draw_question(session: UiSession, comparison: RunComparison, customer: str) -> None:
    """Draw the button that has the causes tried, how far that is, or what came of it."""
    question = (comparison.older.run_id, comparison.newer.run_id, customer)
    trial_id = question_of(session.store, session.actor, *question)
    answer = None if trial_id is None else answer_of(session.store, trial_id)
    if answer is not None:
        st.markdown(bold(_("Computed again, one thing changed at a time:")))
        for line in answer.lines(session.language):
            st.markdown(f"- {plain(line)}")
        return
    job = None if trial_id is None else follow_job(session, CAUSES, trial_id)
    if job is not None and not job.is_over:
        return
    label = _("Find out which of them decided")
    if session.may_work and st.button(label, key="compared_causes"):
        trial_id = ask_causes(session.store, session.actor, *question)
        enqueue(session.store, session.actor, CAUSES, trial_id)
        st.rerun()


def _item(item: ListItem | None) -> str | None:
    return None if item is None else f"{item.product_name} ({scenario_title(item.scenario)})"
