"""Campaigns: rehearse, prepare the same live, give up."""

import streamlit as st

from core.errors import CrmError
from core.jobs import SEND, enqueue
from core.outreach.protocol import CampaignState
from core.services.campaign_control import cancel, resume
from core.services.campaign_offers import ask_live
from core.services.campaign_reports import CampaignStatus
from ui.i18n import _, current_language, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_prepare import begin_preparation
from ui.views.plain import plain


def draw_rehearsal(session: UiSession, status: CampaignStatus, refusal: CrmError | None) -> None:
    """Draw what can be done with a dry run: start it, give it up, prepare the same live."""
    if status.state == CampaignState.SENT:
        _draw_live_offer(session, status, refusal)
    elif status.state != CampaignState.CANCELLED:
        with st.container(horizontal=True):
            if status.state == CampaignState.PAUSED:
                _draw_go_on(session, status)
            else:
                _draw_start(session, status)
            draw_cancel(session, status, _("Give up this campaign"), _("Give it up"))


def _draw_start(session: UiSession, status: CampaignStatus) -> None:
    if not session.may_work:
        return
    label = ngettext_("Dry run to %(count)s person", "Dry run to %(count)s people", status.pending)
    with st.popover(label, type="primary"):
        st.markdown(
            _("Every message is checked and composed as for a real send, and nobody is contacted.")
        )
        if st.button(_("Start the dry run"), type="primary", key="campaign_send"):
            enqueue(session.store, session.actor, SEND, status.campaign_id)
            st.rerun()


def _draw_go_on(session: UiSession, status: CampaignStatus) -> None:
    if not session.may_work:
        return
    if st.button(_("Go on with the dry run"), type="primary", key="campaign_resume_dry"):
        with error_boundary():
            resume(session.store, session.actor, status.campaign_id)
            enqueue(session.store, session.actor, SEND, status.campaign_id)
            st.rerun()


def _draw_live_offer(session: UiSession, status: CampaignStatus, refusal: CrmError | None) -> None:
    if not session.may_work:
        return
    is_asked = st.button(
        _("Prepare it live"),
        type="primary",
        disabled=refusal is not None,
        key="campaign_prepare_live",
    )
    if refusal is not None:
        st.caption(refusal.sentence(current_language(), plain))
        return
    st.caption(
        _(
            "The same run, message, batch size and held-out share, for the audience of today."
            " Preparing sends nothing: you look at it and type the number of recipients first."
        )
    )
    if is_asked:
        with error_boundary():
            begin_preparation(session, ask_live(session.store, session.actor, status.campaign_id))


def draw_cancel(session: UiSession, status: CampaignStatus, label: str, button: str) -> None:
    """Draw the way to give up what has not gone out, asked once."""
    if not session.may_work:
        return
    with st.popover(label):
        sentence = ngettext_(
            "%(count)s message will not go out.",
            "%(count)s messages will not go out.",
            status.pending,
        )
        st.markdown(sentence)
        if status.state == CampaignState.SENDING:
            st.caption(_("What leaves while you read this is sent and not cancelled."))
        if st.button(button, key="campaign_cancel"):
            with error_boundary():
                cancel(session.store, session.actor, status.campaign_id)
                st.rerun()
