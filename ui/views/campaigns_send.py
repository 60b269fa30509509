"""Campaigns, last step: rehearse the send, and the journal of it."""

from typing import Any

import streamlit as st

from core.jobs import SEND, enqueue
from core.outreach.protocol import FINISHED, SUMS
from core.services.campaign_control import cancel
from core.services.campaign_reports import CampaignStatus, logs_of, number_of_logs
from core.store.campaign_log import LogEntry
from ui.i18n import _, format_moment, format_number, ngettext_
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column
from ui.views.plain import plain
from ui.views.words import log_title, loss_title, sum_title

_LOG_PAGE = 20
_SHARED = "shared"


def draw_send(session: UiSession, status: CampaignStatus) -> None:
    """Draw the button that names the number, asked once, and the way to give up."""
    if status.state in FINISHED:
        return
    with st.container(horizontal=True):
        label = ngettext_(
            "Dry run to %(count)s person", "Dry run to %(count)s people", status.pending
        )
        with st.popover(label, type="primary"):
            st.markdown(
                _(
                    "Every message is checked and composed as for a real send, and nobody is"
                    " contacted."
                )
            )
            if st.button(_("Start the dry run"), type="primary", key="campaign_send"):
                enqueue(session.store, session.actor, SEND, status.campaign_id)
                st.rerun()
        with st.popover(_("Give up this campaign")):
            sentence = ngettext_(
                "%(count)s message will not go out.",
                "%(count)s messages will not go out.",
                status.pending,
            )
            st.markdown(sentence)
            if st.button(_("Give it up"), key="campaign_cancel"):
                with error_boundary():
                    cancel(session.store, session.actor, status.campaign_id)
                    st.rerun()


def draw_sums(status: CampaignStatus) -> None:
    """Draw what became of everybody planned, and that nobody is lost."""
    figures_row(
        [
            Figure(
                label=_("Planned"),
                value=format_number(status.planned),
                explanation=_("Recipients, and those who share an address with one."),
            ),
            Figure(
                label=_("Worked through, dry"),
                value=format_number(status.sent),
                explanation=_("Checked and composed as for a real send; nobody was contacted."),
            ),
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
    parts = {name: getattr(status, name) for name in (*SUMS, _SHARED)}
    listed = " + ".join(
        f"{format_number(count)} {sum_title(name)}" for name, count in parts.items() if count
    )
    st.caption(plain(f"{format_number(status.planned)} = {listed}"))


def draw_logs(session: UiSession, campaign_id: str) -> None:
    """Draw the journal, the newest line first."""
    st.subheader(_("What happened, line by line?"), anchor=False)
    place = st.container()
    offset = choose_page(number_of_logs(session.store, campaign_id), _LOG_PAGE, key="campaign_logs")
    lines = logs_of(session.store, campaign_id, _LOG_PAGE, offset)
    titles = {
        "no": number_column(_("Line")),
        "at": _("When"),
        "event": _("What"),
        "batch": number_column(_("Batch")),
        "delivery": number_column(_("Delivery")),
        "detail": st.column_config.TextColumn(_("Detail"), width="large"),
    }
    with place:
        st.caption(_("Click a row to see all that is kept of it."))
        chosen = choose_row(
            [_log_row(session, line) for line in lines],
            titles,
            key=f"logs_{offset}",
            alt=_("Journal of the campaign"),
        )
        if chosen is not None:
            st.json(dict(lines[chosen].detail))


def _log_row(session: UiSession, line: LogEntry) -> dict[str, Any]:
    return {
        "no": line.log_no,
        "at": format_moment(line.created_at, session.tenant.time_zone),
        "event": log_title(line.event),
        "batch": line.batch_no,
        "delivery": line.delivery_no,
        "detail": _detail(line),
    }


def _detail(line: LogEntry) -> str:
    """Return the short part of what is kept of a line."""
    counted = line.detail.get("recipients") or line.detail.get("deliveries")
    if counted is not None:
        return ngettext_("%(count)s message", "%(count)s messages", int(counted))
    if line.detail.get("reason"):
        return loss_title(str(line.detail["reason"]))
    sha256 = line.detail.get("payload_sha256")
    return _("sha256 %(start)s…", start=str(sha256)[:12]) if sha256 else ""
