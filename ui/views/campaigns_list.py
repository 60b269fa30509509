"""Campaigns: the list of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from core.services.campaign_reports import (
    CampaignCard,
    CampaignStatus,
    cards_among,
    list_campaigns,
    number_of_campaigns,
)
from core.services.message_templates import template_title
from core.services.run_reports import run_of
from ui.i18n import _, format_date, format_moment, format_number
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.words import campaign_state_title, mode_title

_PAGE = 20


def campaign_title(session: UiSession, status: CampaignStatus) -> str:
    """Return how a campaign is named: its message, the run and the review it is made of."""
    message = template_title(status.template, session.language)
    day = format_date(run_of(session.store, status.run_id).card.as_of)
    if not status.review_no:
        return _("%(message)s, from the run as of %(day)s", message=message, day=day)
    return _(
        "%(message)s, from review %(number)s of the run as of %(day)s",
        message=message,
        number=format_number(status.review_no),
        day=day,
    )


def campaign_names(session: UiSession, campaign_ids: Iterable[str]) -> dict[str, str]:
    """Return message and day of those of the ids that are campaigns of ours."""
    cards = cards_among(session.store, sorted(campaign_ids))
    zone = session.tenant.time_zone
    return {
        card.campaign_id: _(
            "%(message)s of %(moment)s",
            message=template_title(card.template, session.language),
            moment=format_moment(card.created_at, zone),
        )
        for card in cards
    }


def draw_campaigns(session: UiSession, shown: str | None) -> None:
    """Draw the campaigns, the newest first; a click opens one."""
    st.header(_("Campaigns so far"), anchor=False)
    total = number_of_campaigns(session.store)
    if not total:
        st.caption(_("What you prepare will be listed here, with its journal."))
        return
    place = st.container()
    offset = choose_page(total, _PAGE, key="campaigns_page")
    cards = list_campaigns(session.store, limit=_PAGE, offset=offset)
    with place:
        _draw_cards(session, cards, shown, key=f"campaigns_{shown}_{offset}")


def _draw_cards(
    session: UiSession, cards: Sequence[CampaignCard], shown: str | None, *, key: str
) -> None:
    titles = {
        "prepared": _("Prepared on"),
        "message": _("Message"),
        "mode": _("Dry or live"),
        "state": _("State"),
        "planned": number_column(_("Planned")),
        "sent": number_column(_("Sent or rehearsed")),
        "unsure": number_column(
            _("Unsure"), explanation=_("Not confirmed, or waiting for somebody to decide.")
        ),
        "difference": number_column(_("Difference")),
    }
    rows = [_row(session, card) for card in cards]
    chosen = choose_row(rows, titles, key=key, alt=_("Campaigns, the newest first"))
    if chosen is not None and cards[chosen].status.campaign_id != shown:
        st.query_params.from_dict({CAMPAIGN_PARAM: cards[chosen].status.campaign_id})
        st.rerun()


def _row(session: UiSession, card: CampaignCard) -> dict[str, Any]:
    status = card.status
    return {
        "prepared": format_moment(card.created_at, session.tenant.time_zone),
        "message": template_title(status.template, session.language),
        "mode": mode_title(status.mode),
        "state": campaign_state_title(status.state),
        "planned": status.planned,
        "sent": status.sent,
        "unsure": status.unconfirmed + status.review,
        "difference": status.difference,
    }
