"""Campaigns: let a live campaign go out, pause it, let it go on, cancel what is left."""

import streamlit as st

from core.errors import CrmError
from core.jobs import SEND, JobState, enqueue
from core.outreach.outcomes import PAUSE_SENTENCES, PauseReason
from core.outreach.protocol import FINISHED, CampaignState
from core.services.campaign_control import pause, resume
from core.services.campaign_doubts import Doubts
from core.services.campaign_offers import confirmation_of
from core.services.campaign_reports import CampaignStatus
from ui.i18n import _, current_language, format_moment, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_confirm import draw_confirm, draw_warning
from ui.views.campaigns_send import draw_cancel
from ui.views.plain import plain
from ui.views.review_version import may_decide


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
        st.caption(refusal.sentence(current_language(), plain))
    is_held = doubts.is_restored or refusal is not None
    with st.container(horizontal=True):
        if _needs_confirmation(session, status):
            draw_confirm(session, status, is_held=is_held)
            if status.start_at is not None:
                _draw_pause(session, status)
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
    if status.state == CampaignState.PREPARED or status.pause_reason == PauseReason.ROLE_LOST:
        return True
    return confirmation_of(session.store, status.campaign_id) is None


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


def _draw_under_way(session: UiSession, status: CampaignStatus, job: JobState | None) -> None:
    """Offer to stop; where no worker has it, to go on at once."""
    is_idle = job is None or job.is_over
    with st.container(horizontal=True):
        _draw_pause(session, status)
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


def _draw_pause(session: UiSession, status: CampaignStatus) -> None:
    if st.button(_("Pause"), key="campaign_pause"):
        with error_boundary():
            pause(session.store, session.actor, status.campaign_id)
            st.rerun()


def _draw_resume(session: UiSession, status: CampaignStatus, *, is_held: bool) -> None:
    label = ngettext_("Resume for %(count)s person", "Resume for %(count)s people", status.pending)
    with st.popover(label, type="primary", disabled=is_held):
        draw_warning(session, status)
        if st.button(label, type="primary", key="campaign_resume"):
            with error_boundary():
                resume(session.store, session.actor, status.campaign_id)
                enqueue(session.store, session.actor, SEND, status.campaign_id)
                st.rerun()


def _draw_cancel_rest(session: UiSession, status: CampaignStatus) -> None:
    button = ngettext_("Cancel %(count)s message", "Cancel %(count)s messages", status.pending)
    draw_cancel(session, status, _("Cancel the rest"), button)
