"""Campaigns: let a live campaign go out, pause it, let it go on, cancel what is left."""

import streamlit as st

from core.errors import CrmError
from core.jobs import SEND, JobState, enqueue
from core.outreach.outcomes import PAUSE_SENTENCES, PauseReason
from core.outreach.protocol import FINISHED, CampaignState
from core.services.campaign_control import confirm_live, pause, resume
from core.services.campaign_doubts import Doubts
from core.services.campaign_offers import Duration, confirmation_of, expected_duration
from core.services.campaign_reports import CampaignStatus
from ui.i18n import _, current_language, format_moment, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_send import draw_cancel
from ui.views.review_version import may_decide

_MINUTE = 60


def draw_live(
    session: UiSession,
    status: CampaignStatus,
    job: JobState | None,
    doubts: Doubts,
    refusal: CrmError | None,
) -> None:
    """Draw what can be done with a live campaign in its state."""
    _draw_confirmation(session, status)
    if status.state in FINISHED:
        return
    if status.state == CampaignState.PAUSED or doubts.is_restored:
        draw_pause_reason(status, is_restored=doubts.is_restored)
    if not may_decide(session):
        return
    if status.state == CampaignState.SENDING:
        _draw_under_way(session, status, job)
        return
    if refusal is not None and status.pause_reason != PauseReason.NOT_LIVE:
        st.caption(refusal.sentence(current_language()))
    is_held = doubts.is_restored or refusal is not None
    with st.container(horizontal=True):
        if _needs_confirmation(session, status):
            _draw_confirm(session, status, is_held=is_held)
        else:
            _draw_resume(session, status, is_held=is_held)
        _draw_cancel_rest(session, status)


def draw_pause_reason(status: CampaignStatus, *, is_restored: bool) -> None:
    """Say why a campaign stands still, and what to do about it."""
    if is_restored:
        st.warning(
            _(
                "A backup was brought back, so this page may not know of messages that went out"
                " after it was made. Nothing is sent until Brevo's events say which: reconcile,"
                " and once more half an hour later. Who is found counts as sent. Then resume."
            )
        )
    elif status.pause_reason is not None:
        st.warning(_(PAUSE_SENTENCES[PauseReason(status.pause_reason)]))


def _needs_confirmation(session: UiSession, status: CampaignStatus) -> bool:
    is_new = confirmation_of(session.store, status.campaign_id) is None
    return is_new or status.pause_reason == PauseReason.ROLE_LOST


def _draw_confirmation(session: UiSession, status: CampaignStatus) -> None:
    said = confirmation_of(session.store, status.campaign_id)
    if said is not None:
        sentence = ngettext_(
            "Confirmed by %(name)s on %(moment)s for %(count)s recipient.",
            "Confirmed by %(name)s on %(moment)s for %(count)s recipients.",
            said.recipients,
            name=said.by,
            moment=format_moment(said.at, session.tenant.time_zone),
        )
        st.caption(sentence)


def _draw_confirm(session: UiSession, status: CampaignStatus, *, is_held: bool) -> None:
    label = ngettext_("Send to %(count)s person", "Send to %(count)s people", status.pending)
    with st.popover(label, type="primary", disabled=is_held or not status.pending):
        st.markdown(_("This is real: each of them receives one message, which nobody can recall."))
        st.caption(_duration_words(expected_duration(session.store, status.pending)))
        with st.form("campaign_confirm", border=False):
            typed = st.number_input(
                _("Type the number of recipients"),
                min_value=0,
                step=1,
                value=None,
                key="campaign_typed",
            )
            is_asked = st.form_submit_button(label, type="primary", key="campaign_confirm_send")
        if is_asked:
            with error_boundary():
                confirm_live(session.store, session.actor, status.campaign_id, int(typed or 0))
                enqueue(session.store, session.actor, SEND, status.campaign_id)
                st.rerun()


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


def _draw_under_way(session: UiSession, status: CampaignStatus, job: JobState | None) -> None:
    """Offer to stop; where no worker has it, to go on at once."""
    is_idle = job is None or job.is_over
    with st.container(horizontal=True):
        if st.button(_("Pause"), key="campaign_pause"):
            with error_boundary():
                pause(session.store, session.actor, status.campaign_id)
                st.rerun()
        if is_idle and st.button(_("Go on now"), key="campaign_go_on"):
            enqueue(session.store, session.actor, SEND, status.campaign_id)
            st.rerun()
        _draw_cancel_rest(session, status)
    if is_idle:
        st.caption(_("Nobody works on it at the moment; the worker takes it up within a minute."))
    st.caption(
        _(
            "Pause: nobody more is written to, and what is under way is finished; you can resume."
            " Cancel: the rest never goes out."
        )
    )


def _draw_resume(session: UiSession, status: CampaignStatus, *, is_held: bool) -> None:
    label = ngettext_("Resume for %(count)s person", "Resume for %(count)s people", status.pending)
    with st.popover(label, type="primary", disabled=is_held):
        st.markdown(_("This is real: each of them receives one message, which nobody can recall."))
        st.caption(_duration_words(expected_duration(session.store, status.pending)))
        if st.button(label, type="primary", key="campaign_resume"):
            with error_boundary():
                resume(session.store, session.actor, status.campaign_id)
                enqueue(session.store, session.actor, SEND, status.campaign_id)
                st.rerun()


def _draw_cancel_rest(session: UiSession, status: CampaignStatus) -> None:
    button = ngettext_("Cancel %(count)s message", "Cancel %(count)s messages", status.pending)
    draw_cancel(session, status, _("Cancel the rest"), button)
