"""Campaigns: the audience as a funnel, with the reason of each loss."""

import plotly.graph_objects as go
import streamlit as st

from core.outreach.audience import STEP_SENTENCES, Audience, Loss
from core.services.campaign_reports import losses_of
from ui.charts import show_chart, wrapped
from ui.i18n import _, format_number, ngettext_, titled
from ui.tables import choose_page, choose_row, number_column, show_rows
from ui.theme import tokens
from ui.views.plain import plain
from ui.views.words import loss_title, segment_title

_PAGE = 20


def draw_audience(audience: Audience, *, key: str) -> None:
    """Draw who is left after each step, and who was lost for which reason."""
    left, right = st.columns(2)
    with left:
        _draw_funnel(audience, key)
    with right:
        if audience.recipients:
            _draw_segments(audience, key)
    _draw_losses(audience, key)


def draw_nobody(audience: Audience) -> None:
    """Say why nobody is left, by the reason of most, and what to do."""
    if audience.recipients or not audience.losses:
        return
    most = max(audience.losses, key=lambda loss: len(loss.customers))
    reason = ngettext_(
        "Nobody of this run can be written to. What is most in the way (%(count)s customer):"
        " %(reason)s",
        "Nobody of this run can be written to. What is most in the way (%(count)s customers):"
        " %(reason)s",
        len(most.customers),
        reason=plain(loss_title(most.reason)),
    )
    remedy = _("Put that right, then launch another run.")
    st.warning(f"**{reason}**  \n{remedy}")


def _draw_funnel(audience: Audience, key: str) -> None:
    titles = [_("customers of the run"), *(_(STEP_SENTENCES[s.step]) for s in audience.steps)]
    counts = [audience.customers, *(step.remaining for step in audience.steps)]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[wrapped(title) for title in titles],
            x=counts,
            text=[format_number(count) for count in counts],
            textposition="outside",
            cliponaxis=False,
            marker={"color": tokens().primary},
            hovertemplate=titled("%{y}", "%{x:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        margin={"r": 48},
        xaxis={"title": {"text": _("customers")}, "nticks": 3, "tickangle": 0},
        yaxis={"autorange": "reversed", "showgrid": False},
    )
    show_chart(figure, _("Who is left after each step?"), key=f"funnel_{key}")


def _draw_segments(audience: Audience, key: str) -> None:
    rows = sorted(audience.segments.items(), key=lambda item: -item[1])
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=[segment_title(segment) for segment, _count in rows],
            x=[count for _segment, count in rows],
            text=[format_number(count) for _segment, count in rows],
            textposition="outside",
            cliponaxis=False,
            marker={"color": tokens().primary},
            hovertemplate=titled("%{y}", "%{x:,}<extra></extra>"),
        )
    )
    figure.update_layout(
        margin={"r": 48},
        xaxis={"title": {"text": _("recipients")}},
        yaxis={"autorange": "reversed", "showgrid": False},
    )
    show_chart(figure, _("Of which segments are the recipients?"), key=f"segments_{key}")


def _draw_losses(audience: Audience, key: str) -> None:
    if not audience.losses:
        return
    question = _("Who is not written to, and why?")
    st.markdown(f"**{question}**")
    st.caption(_("Click a row to see the customers."))
    rows = [
        {
            "reason": loss_title(loss.reason),
            "step": _(STEP_SENTENCES[loss.step]),
            "customers": len(loss.customers),
        }
        for loss in audience.losses
    ]
    titles = {
        "reason": _("Reason"),
        "customers": number_column(_("Customers")),
        "step": _("Step not reached"),
    }
    chosen = choose_row(rows, titles, key=f"losses_{key}", alt=question)
    if chosen is not None:
        _draw_lost(audience, audience.losses[chosen])


def _draw_lost(audience: Audience, loss: Loss) -> None:
    offset = choose_page(len(loss.customers), _PAGE, key="lost_page")
    page = losses_of(audience, loss.step, loss.reason, limit=_PAGE, offset=offset)
    rows = [{"customer": customer} for customer in page.customers]
    show_rows(rows, {"customer": _("Code")}, key="lost", alt=loss_title(loss.reason))
