"""Campaigns: dry or live, in which state, and the sums of the journal."""

from collections.abc import Mapping

import streamlit as st

from core.i18n import N_
from core.outreach.protocol import SUMS, CampaignState, Mode
from core.services.campaign_reports import CampaignStatus
from ui.i18n import _, format_moment, format_number
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.views.plain import plain
from ui.views.words import sum_title

_SHARED = "shared"
_STATE_SENTENCES: Mapping[tuple[str, str], str] = {
    (Mode.DRY, CampaignState.PREPARED): N_(
        "Prepared to be rehearsed. Look at the messages below, then do the dry run."
    ),
    (Mode.DRY, CampaignState.SENDING): N_("It is being rehearsed."),
    (Mode.DRY, CampaignState.PAUSED): N_("The rehearsal is paused."),
    (Mode.DRY, CampaignState.SENT): N_(
        "Rehearsed: every message was checked and composed. Nothing was sent."
    ),
    (Mode.DRY, CampaignState.CANCELLED): N_("Given up. Nothing was sent."),
    (Mode.LIVE, CampaignState.PREPARED): N_(
        "Ready to be sent. Nothing has gone out yet: you type the number of recipients first."
    ),
    (Mode.LIVE, CampaignState.SENDING): N_("It is being sent to real people."),
    (Mode.LIVE, CampaignState.PAUSED): N_("It is paused: nobody more is written to."),
    (Mode.LIVE, CampaignState.SENT): N_("Sent: everything that was planned is worked through."),
    (Mode.LIVE, CampaignState.CANCELLED): N_(
        "Cancelled. What had been sent stays sent; the rest never goes out."
    ),
}


def draw_mode(session: UiSession, status: CampaignStatus) -> None:
    """Draw in words whether this contacts anybody, and where it stands."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if status.mode == Mode.LIVE:
            st.badge(
                _("LIVE: real people are written to"), icon=":material/outgoing_mail:", color="red"
            )
        else:
            st.badge(_("DRY RUN: nobody is contacted"), icon=":material/visibility:", color="gray")
        sentence = _state_words(session, status)
        if sentence:
            st.markdown(sentence, width="content")


def _state_words(session: UiSession, status: CampaignStatus) -> str:
    if status.state == CampaignState.PREPARED and status.start_at is not None:
        moment = format_moment(status.start_at, session.tenant.time_zone)
        return _(
            "Confirmed: it begins by itself on %(moment)s. Nothing has gone out yet.",
            moment=moment,
        )
    sentence = _STATE_SENTENCES.get((status.mode, status.state))
    return _(sentence) if sentence else ""


def draw_sums(status: CampaignStatus) -> None:
    """Draw what became of everybody planned, and that nobody is lost."""
    figures_row(
        [
            Figure(
                label=_("Planned"),
                value=format_number(status.planned),
                explanation=_("Recipients, and those who share an address with one."),
            ),
            _worked_through(status),
            Figure(label=_("To come"), value=format_number(status.pending)),
            Figure(
                label=_("Difference"),
                value=format_number(status.difference),
                explanation=_(
                    "Planned less everything that became of them: 0, or somebody is lost."
                ),
            ),
        ]
    )
    st.caption(plain(f"{format_number(status.planned)} = {' + '.join(_parts(status))}"))


def _worked_through(status: CampaignStatus) -> Figure:
    if status.mode == Mode.LIVE:
        return Figure(
            label=_("Sent"),
            value=format_number(status.sent),
            explanation=_(
                "With a proof each: Brevo's answer, an event, or what a person has decided."
            ),
        )
    return Figure(
        label=_("Worked through, dry"),
        value=format_number(status.sent),
        explanation=_("Checked and composed as for a real send; nobody was contacted."),
    )


def _parts(status: CampaignStatus) -> list[str]:
    """Return the sums in words: of a live campaign all, of a dry run those that are not 0."""
    counts = {name: getattr(status, name) for name in (*SUMS, _SHARED)}
    return [
        f"{format_number(count)} {sum_title(name, status.mode)}"
        for name, count in counts.items()
        if count or status.mode == Mode.LIVE
    ]
