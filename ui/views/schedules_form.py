"""Schedules: the form that makes one or changes it."""

from datetime import time

import streamlit as st

from core.services.accounts import Actor
from core.services.message_templates import template_title, templates
from core.services.schedule_mail import can_be_mailed
from core.services.schedules import STEP_TITLES, Plan, Schedule, Step, save_schedule
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.schedules_words import WEEKDAYS, weekday_title

_USUAL = Plan(name="", days=(0,), at=time(6), steps=tuple(Step))


def draw_new_button(session: UiSession) -> None:
    """Draw the button that opens the form of a new schedule, for who may work."""
    if session.may_work and st.button(
        _("New schedule"), type="primary", key="schedules_new", icon=":material/add:"
    ):
        open_form(session, None)


def open_form(session: UiSession, schedule: Schedule | None) -> None:
    """Open the form of a new schedule, or of one that is changed."""

    @st.dialog(_("Schedule"))
    def form() -> None:
        _draw_form(session, schedule)

    form()


def _draw_form(session: UiSession, schedule: Schedule | None) -> None:
    plan = _asked(session, schedule.plan if schedule else _USUAL)
    st.caption(_("It works for whoever saves it, with her rights, and is switched on."))
    if Step.MAIL in plan.steps:
        st.caption(_mail_sentence(session.actor))
    if st.button(_("Save"), type="primary", key="schedules_save", width="stretch"):
        with error_boundary():
            save_schedule(
                session.store, session.actor, plan, schedule.schedule_id if schedule else None
            )
            st.rerun()


def _mail_sentence(actor: Actor) -> str:
    """Return where the report goes of a schedule that `actor` saves."""
    name = plain(actor.username)
    if can_be_mailed(actor.username):
        return _("The report goes to %(address)s.", address=name)
    return _(
        "No report can be mailed to you: your user name %(name)s is no e-mail address.", name=name
    )


def _asked(session: UiSession, before: Plan) -> Plan:
    """Draw the fields and return what stands in them."""
    name = st.text_input(_("Name"), value=before.name, max_chars=60, key="schedules_name")
    days = st.pills(
        _("Days"),
        WEEKDAYS,
        selection_mode="multi",
        default=list(before.days),
        format_func=weekday_title,
        key="schedules_days",
    )
    at = st.time_input(_("Time"), value=before.at, step=900, key="schedules_at")
    steps = st.multiselect(
        _("What is done, in this order"),
        list(Step),
        default=list(before.steps),
        format_func=lambda step: _(STEP_TITLES[step]),
        key="schedules_steps",
    )
    names = [card.name for card in templates(session.language)]
    template = st.selectbox(
        _("Message of the campaign"),
        names,
        index=names.index(before.template) if before.template in names else 0,
        format_func=lambda found: template_title(found, session.language),
        key="schedules_template",
        disabled=Step.CAMPAIGN not in steps,
    )
    return Plan(name=name, days=tuple(sorted(days)), at=at, steps=tuple(steps), template=template)
