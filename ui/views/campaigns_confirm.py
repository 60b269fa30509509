"""Campaigns: let a live one go out, at once or at a moment, by typing the number of recipients."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from core.jobs import SEND, enqueue
from core.services.addressee_checks import local_day
from core.services.campaign_control import confirm_live
from core.services.campaign_offers import Duration, expected_duration
from core.services.campaign_reports import CampaignStatus
from ui.i18n import _, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession

_MINUTE = 60
_MORNING = time(9)
_NOW, _LATER = "now", "later"


def draw_confirm(session: UiSession, status: CampaignStatus, *, is_held: bool) -> None:
    """Draw the button that names the number, behind it the question for it."""
    label = ngettext_("Send to %(count)s person", "Send to %(count)s people", status.pending)
    with st.popover(label, type="primary", disabled=is_held or not status.pending):
        draw_warning(session, status)
        titles = {_NOW: _("At once"), _LATER: _("At a moment to come")}
        when = st.segmented_control(
            _("When"),
            list(titles),
            default=_NOW,
            required=True,
            format_func=lambda choice: titles[choice],
            key="campaign_when",
        )
        with st.form("campaign_confirm", border=False):
            typed = st.number_input(
                _("Type the number of recipients"),
                min_value=0,
                step=1,
                value=None,
                key="campaign_typed",
            )
            start_at = _choose_start(session) if when == _LATER else None
            is_asked = st.form_submit_button(label, type="primary", key="campaign_confirm_send")
        if is_asked:
            with error_boundary():
                _confirm(session, status, int(typed or 0), start_at)


def _choose_start(session: UiSession) -> datetime | None:
    """Draw day and time where the company lives; tomorrow morning unless chosen otherwise."""
    tomorrow = local_day(session.store) + timedelta(days=1)
    left, right = st.columns(2)
    day = left.date_input(
        _("Day of the start"),
        value=tomorrow,
        min_value=local_day(session.store),
        format="DD/MM/YYYY",
        key="campaign_start_day",
    )
    moment = right.time_input(_("Time of the start"), value=_MORNING, key="campaign_start_time")
    if day is None or moment is None:
        return None
    return datetime.combine(day, moment, ZoneInfo(session.tenant.time_zone))


def _confirm(
    session: UiSession, status: CampaignStatus, recipients: int, start_at: datetime | None
) -> None:
    store, actor = session.store, session.actor
    confirm_live(store, actor, status.campaign_id, recipients, start_at=start_at)
    if start_at is None:
        enqueue(store, actor, SEND, status.campaign_id)
    st.rerun()


def draw_warning(session: UiSession, status: CampaignStatus) -> None:
    """Say that this is real, and how long it takes."""
    st.markdown(_("This is real: each of them receives one message, which nobody can recall."))
    st.caption(_duration_words(expected_duration(session.store, status.pending)))


def _duration_words(expected: Duration) -> str:
    each = format_number(expected.seconds_each, 2)
    words = {"duration": _time_words(expected.seconds), "seconds": each}
    if expected.is_measured:
        return _(
            "It takes about %(duration)s: %(seconds)s s a message, as measured on the last"
            " campaign.",
            **words,
        )
    return _(
        "It takes about %(duration)s: %(seconds)s s a message, which is assumed, for no campaign"
        " was sent yet.",
        **words,
    )


def _time_words(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return ngettext_("%(count)s second", "%(count)s seconds", max(1, round(seconds)))
    return ngettext_("%(count)s minute", "%(count)s minutes", round(seconds / _MINUTE))
