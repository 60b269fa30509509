"""Schedules: each with its next time, its switches and what it did."""

import json
from typing import Any

import streamlit as st

from core.errors import sentence_of
from core.jobs import SCHEDULE, enqueue
from core.services.schedule_report import step_sentences
from core.services.schedules import (
    PAUSE_SENTENCES,
    STEP_TITLES,
    Schedule,
    Step,
    ask_now,
    list_schedules,
    occurrences_of,
    remove_schedule,
    switch_schedule,
)
from core.store.occurrences import OccurrenceRow
from ui.i18n import _, format_moment, titled
from ui.layout import empty_state, error_boundary
from ui.session import UiSession
from ui.tables import choose_row
from ui.views.plain import plain
from ui.views.schedules_form import open_form
from ui.views.schedules_words import OUTCOME_TITLES, when_sentence


def draw_schedules(session: UiSession) -> None:
    """Draw every schedule of the company; without any, what one is for."""
    schedules = list_schedules(session.store, session.actor)
    if not schedules:
        empty_state(
            _(
                "Your schedules will stand here: every Monday at six, import the raw folder, run,"
                " prepare a campaign as a rehearsal, and mail the report."
            )
        )
    for schedule in schedules:
        with st.container(border=True):
            _draw_schedule(session, schedule)


def _draw_schedule(session: UiSession, schedule: Schedule) -> None:
    st.markdown(f"**{plain(schedule.plan.name)}**")
    steps = ", ".join(_(STEP_TITLES[step]) for step in schedule.plan.steps)
    st.markdown(titled(when_sentence(schedule), steps))
    st.caption(_next(session, schedule))
    if schedule.pause_reason:
        st.warning(_(PAUSE_SENTENCES[schedule.pause_reason]))
    if session.may_work:
        with st.container(horizontal=True):
            _draw_switches(session, schedule)
    _draw_history(session, schedule)


def _next(session: UiSession, schedule: Schedule) -> str:
    owner = plain(schedule.owner)
    if schedule.next_at is None:
        return _("Off. It works for %(owner)s.", owner=owner)
    moment = format_moment(schedule.next_at, session.tenant.time_zone)
    return _("Next: %(moment)s. It works for %(owner)s.", moment=moment, owner=owner)


def _draw_switches(session: UiSession, schedule: Schedule) -> None:
    key = schedule.schedule_id
    if st.button(_("Run now"), key=f"schedules_now_{key}"):
        with error_boundary():
            occurrence_id = ask_now(session.store, session.actor, key)
            enqueue(session.store, session.actor, SCHEDULE, occurrence_id)
            st.rerun()
    if st.button(_("Edit"), key=f"schedules_change_{key}"):
        open_form(session, schedule)
    switch = _("Switch off") if schedule.is_on else _("Switch on")
    if st.button(switch, key=f"schedules_switch_{key}"):
        with error_boundary():
            switch_schedule(session.store, session.actor, key, is_on=not schedule.is_on)
            st.rerun()
    with st.popover(_("Remove")):
        if st.button(_("Remove this schedule"), key=f"schedules_remove_{key}", type="primary"):
            with error_boundary():
                remove_schedule(session.store, session.actor, key)
                st.rerun()


def _draw_history(session: UiSession, schedule: Schedule) -> None:
    found = occurrences_of(session.store, session.actor, schedule.schedule_id)
    if not found:
        st.caption(_("It has not been due yet."))
        return
    titles = {
        "due": _("Due"),
        "outcome": _("What became of it"),
        "said": st.column_config.TextColumn(_("What was done"), width="large"),
    }
    rows = [_row(session, one) for one in found]
    key = f"schedules_past_{schedule.schedule_id}"
    alt = _("What the schedule did, the newest first")
    chosen = choose_row(rows, titles, key=key, alt=alt, has_long_texts=True)
    if chosen is not None:
        _draw_occurrence(session, found[chosen])


def _row(session: UiSession, one: OccurrenceRow) -> dict[str, Any]:
    report = json.loads(one.report_json)
    whole = [sentence_of(said, session.language) for said in report["said"]]
    steps = [step_sentences(entry, session.language) for entry in report["steps"]]
    return {
        "due": format_moment(one.due_at, session.tenant.time_zone),
        "outcome": _(OUTCOME_TITLES[one.outcome]),
        "said": " ".join((*whole, *steps)),
    }


_PLACES = {
    Step.IMPORT: ("upload", "import"),
    Step.RUN: ("runs", "run"),
    Step.CAMPAIGN: ("campaigns", "campaign"),
}


def _draw_occurrence(session: UiSession, one: OccurrenceRow) -> None:
    """Draw what each step of an occurrence did, and the way to what it made."""
    if one.asked_by:
        st.caption(_("Started by hand by %(name)s.", name=plain(one.asked_by)))
    for entry in json.loads(one.report_json)["steps"]:
        step = Step(entry["step"])
        st.markdown(titled(_(STEP_TITLES[step]), plain(step_sentences(entry, session.language))))
        page, param = _PLACES.get(step, ("", ""))
        for made in entry["ids"] if page else ():
            if st.button(_("Open"), key=f"schedules_open_{one.occurrence_id}_{made}"):
                st.switch_page(f"../pages/{page}.py", query_params={param: made})
