"""Campaigns: the journal, line by line."""

from typing import Any

import streamlit as st

from core.services.campaign_reports import logs_of, number_of_logs
from core.store.campaign_log import LogEntry
from ui.i18n import _, format_moment
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column
from ui.views.campaign_lines import line_detail, log_title

_LOG_PAGE = 20


def draw_logs(session: UiSession, campaign_id: str) -> None:
    """Draw the journal, the newest line first."""
    st.header(_("What happened, line by line?"), anchor=False)
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
        "event": log_title(line.event, line.mode),
        "batch": line.batch_no,
        "delivery": line.delivery_no,
        "detail": line_detail(line),
    }
