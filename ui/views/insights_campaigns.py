"""Insights: what the live campaigns did, one under the other, and all of them together."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.outreach.effects import Measure
from core.services.campaign_results import WINDOW_DAYS, CampaignResult
from core.services.message_templates import template_title
from core.services.pooled_results import NEWEST
from ui.i18n import _, format_date, format_number
from ui.layout import empty_state
from ui.session import UiSession
from ui.tables import choose_row, number_column, percent_column
from ui.views.campaigns_prepare import CAMPAIGN_PARAM
from ui.views.campaigns_results import draw_pooled, pooled_of
from ui.views.campaigns_results_words import lift, verdict_title


def draw_campaigns(session: UiSession) -> None:
    """Draw the live campaigns that have a result; a click opens one."""
    pooled = pooled_of(session, WINDOW_DAYS)
    if not pooled.campaigns and not pooled.waiting:
        empty_state(
            _(
                "Results come from live campaigns that hold some customers out: without them nobody"
                " knows what would have been bought anyway."
            ),
            _("Prepare a campaign"),
            page="campaigns",
        )
        return
    draw_pooled(session, WINDOW_DAYS)
    if pooled.campaigns:
        _draw_table(session, pooled.campaigns)
    st.caption(
        _(
            "At most the %(count)s newest campaigns with customers held out, purchases within"
            " %(days)s days of the first message. Other windows are on the page of a campaign.",
            count=format_number(NEWEST),
            days=format_number(WINDOW_DAYS),
        )
    )


def _draw_table(session: UiSession, campaigns: Sequence[CampaignResult]) -> None:
    question = _("What came of each campaign?")
    st.markdown(f"**{question}**")
    titles: dict[str, Any] = {
        "title": st.column_config.TextColumn(_("Campaign"), width=220),
        "sent": number_column(_("Sent")),
        "clicked": number_column(_("Clicked")),
        "bought": percent_column(_("Share who bought")),
        "left": percent_column(_("Bought, held out")),
        "difference": _("Difference"),
        "verdict": _("Verdict"),
    }
    rows = [_row(session, result) for result in campaigns]
    chosen = choose_row(rows, titles, key="insights_campaigns", alt=question)
    if chosen is not None:
        query = {CAMPAIGN_PARAM: campaigns[chosen].campaign_id}
        st.switch_page("../pages/campaigns.py", query_params=query)


def _row(session: UiSession, result: CampaignResult) -> dict[str, Any]:
    effect = next(one for one in result.effects if one.measure is Measure.BUYERS)
    title = template_title(result.template, session.language)
    return {
        "title": f"{title}, {format_date(result.first_day)}",
        "sent": result.sent,
        "clicked": result.messages["clicked"],
        "bought": effect.treated,
        "left": effect.held_out,
        "difference": lift(effect.measure, effect.difference, session.tenant.currency),
        "verdict": verdict_title(effect.verdict),
    }
