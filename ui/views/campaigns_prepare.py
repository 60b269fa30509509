"""Campaigns, first steps: which run, which message, and who would receive it."""

import streamlit as st

from core.outreach.holdout import MAX_SHARE
from core.services.prepare_campaign import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    MIN_BATCH_SIZE,
    audience_of_run,
    prepare,
)
from core.services.review_desk import decision_page
from core.services.run_records import RunCard
from ui.i18n import _, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_audience import draw_audience
from ui.views.campaigns_template import choose_template
from ui.views.review_version import may_decide
from ui.views.runs_list import choose_run

CAMPAIGN_PARAM = "campaign"


def draw_preparation(session: UiSession) -> None:
    """Draw the choices and the audience they would have; prepare on demand."""
    run = choose_run(session, page="campaigns")
    if run is None:
        return
    _draw_lists(session, run)
    template, batch_size, share = _draw_message(session)
    audience = audience_of_run(session.store, run.run_id, share)
    label = ngettext_(
        "Prepare %(count)s message", "Prepare %(count)s messages", audience.recipients
    )
    is_asked = st.button(
        label,
        type="primary",
        disabled=audience.recipients == 0 or template is None or not may_decide(session),
        key="campaign_prepare",
    )
    st.caption(_("Preparing freezes the messages for a dry run; nothing is sent."))
    draw_audience(audience, key=run.run_id)
    if is_asked and template is not None:
        with error_boundary(), st.spinner(_("Composing the messages")):
            campaign_id = prepare(
                session.store,
                session.actor,
                run.run_id,
                template,
                batch_size,
                holdout_share=share,
            )
            st.query_params.from_dict({CAMPAIGN_PARAM: campaign_id})
            st.rerun()


def _draw_lists(session: UiSession, run: RunCard) -> None:
    """Say which lists are written, and that decisions wait which they do not know."""
    if run.review_no:
        number = format_number(run.review_no)
        st.caption(_("The lists are those of review %(number)s of the run.", number=number))
    waiting = decision_page(session.store, run.run_id, limit=0).waiting
    if waiting:
        sentence = ngettext_(
            "%(count)s decision on this run waits: the audience does not know it yet.",
            "%(count)s decisions on this run wait: the audience does not know them yet.",
            waiting,
        )
        st.warning(sentence)


def _draw_message(session: UiSession) -> tuple[str | None, int, float]:
    left, right = st.columns(2)
    with left:
        template = choose_template(session)
    with right:
        batch_size = st.slider(
            _("Recipients in a batch"),
            min_value=MIN_BATCH_SIZE,
            max_value=MAX_BATCH_SIZE,
            value=DEFAULT_BATCH_SIZE,
            step=10,
            help=_("Recipients are worked through in batches, so that a problem shows early."),
            key="campaign_batch",
        )
        percent = st.number_input(
            _("Held out, percent"),
            min_value=0,
            max_value=int(100 * MAX_SHARE),
            value=0,
            help=_(
                "This share of the recipients, chosen by lot in each segment, is not written to."
                " What they buy shows what the others would have bought without the campaign: only"
                " so can its effect be told from chance. 10 is usual; 0 measures nothing."
            ),
            key="campaign_holdout",
        )
    return template, batch_size, percent / 100
