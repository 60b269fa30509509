"""Campaigns: the list of them."""

from typing import Any

import streamlit as st

from core.services.campaign_reports import CampaignCard, CampaignStatus, list_campaigns
from core.services.prepare_campaign import templates
from core.services.run_reports import run_of
from ui.i18n import _, format_date, format_moment, format_number
from ui.session import UiSession
from ui.tables import choose_row, number_column
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.words import campaign_state_title

_SHOWN = 30


def campaign_title(session: UiSession, status: CampaignStatus) -> str:
    """Return how a campaign is named: its message, the run and the review it is made of."""
    names = {card.name: card.title for card in templates(session.language)}
    message = names.get(status.template, status.template)
    day = format_date(run_of(session.store, status.run_id).card.as_of)
    if not status.review_no:
        return _("%(message)s, from the run as of %(day)s", message=message, day=day)
    return _(
        "%(message)s, from review %(number)s of the run as of %(day)s",
        message=message,
        number=format_number(status.review_no),
        day=day,
    )


def draw_campaigns(session: UiSession, shown: str | None) -> None:
    """Draw the campaigns, the newest first; a click opens one."""
    cards = list_campaigns(session.store, limit=_SHOWN)
    st.subheader(_("Campaigns so far"), anchor=False)
    if not cards:
        st.caption(_("What you prepare will be listed here, with its journal."))
        return
    titles = {
        "prepared": _("Prepared on"),
        "message": _("Message"),
        "state": _("State"),
        "planned": number_column(_("Planned")),
        "sent": number_column(_("Worked through, dry")),
        "difference": number_column(_("Difference")),
        "by": _("By"),
    }
    names = {card.name: card.title for card in templates(session.language)}
    rows = [_row(session, card, names) for card in cards]
    chosen = choose_row(
        rows, titles, key=f"campaigns_{shown}", alt=_("Campaigns, the newest first")
    )
    if chosen is not None and cards[chosen].status.campaign_id != shown:
        st.query_params.from_dict({CAMPAIGN_PARAM: cards[chosen].status.campaign_id})
        st.rerun()


def _row(session: UiSession, card: CampaignCard, names: dict[str, str]) -> dict[str, Any]:
    status = card.status
    return {
        "prepared": format_moment(card.created_at, session.tenant.time_zone),
        "message": names.get(status.template, status.template),
        "state": campaign_state_title(status.state),
        "planned": status.planned,
        "sent": status.sent,
        "difference": status.difference,
        "by": card.created_by,
    }
