"""Campaigns, first steps: which run, which message, who would receive it; then being prepared."""

from dataclasses import dataclass

import streamlit as st

from core.jobs import PREPARE, enqueue
from core.outreach.audience import Audience
from core.outreach.holdout import MAX_SHARE
from core.services.campaign_reports import status_of
from core.services.prepare_campaign import (
    DEFAULT_BATCH_SIZE,
    MAX_BATCH_SIZE,
    MIN_BATCH_SIZE,
    ask_campaign,
    is_prepared,
)
from core.services.review_desk import decision_page
from core.services.run_audience import audience_of_run
from core.services.run_records import RunCard
from core.store.tenant import TenantStore
from ui.i18n import _, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.views.campaigns_audience import draw_audience, draw_nobody
from ui.views.campaigns_template import choose_template
from ui.views.job_progress import follow_job
from ui.views.review_version import may_decide
from ui.views.runs_list import choose_run

CAMPAIGN_PARAM = "campaign"
LARGE = 20_000
"""Customers of a run above which counting its audience takes more than a moment."""

_COUNT_KEPT_SECONDS = 60
_SKELETON_PIXELS = 320


@dataclass(frozen=True, kw_only=True)
class _Choices:
    """What is chosen so far."""

    run: RunCard
    template: str | None
    batch_size: int
    share: float


def draw_preparation(session: UiSession) -> None:
    """Draw the choices and the audience they would have; prepare on demand."""
    run = choose_run(session, page="campaigns")
    if run is None:
        return
    _draw_lists(session, run)
    template, batch_size, share = _draw_message(session)
    choices = _Choices(run=run, template=template, batch_size=batch_size, share=share)
    _draw_counted(session, choices)


def follow_preparation(session: UiSession, campaign_id: str) -> None:
    """Draw how far a campaign is prepared; the page runs again when it is."""
    job = follow_job(session, PREPARE, campaign_id)
    if job is None or job.status == "done":
        status_of(session.store, campaign_id)  # raises where there is no such campaign
        st.rerun()


def begin_preparation(session: UiSession, campaign_id: str) -> None:
    """Let a campaign that was asked for be prepared, and go to it."""
    if not is_prepared(session.store, campaign_id):
        enqueue(session.store, session.actor, PREPARE, campaign_id)
    st.query_params.from_dict({CAMPAIGN_PARAM: campaign_id})
    st.rerun()


@st.fragment(parallel=True)
def _draw_counted(session: UiSession, choices: _Choices) -> None:
    """Draw the audience below the button that names its size, as soon as it is counted."""
    with error_boundary():
        with st.skeleton(height=_SKELETON_PIXELS):
            audience = _audience(session, choices)
        draw_nobody(audience)
        if _draw_button(session, choices, audience.recipients):
            campaign_id = ask_campaign(
                session.store,
                session.actor,
                choices.run.run_id,
                choices.template or "",
                choices.batch_size,
                holdout_share=choices.share,
            )
            begin_preparation(session, campaign_id)
        draw_audience(audience, key=choices.run.run_id)


def _draw_button(session: UiSession, choices: _Choices, recipients: int) -> bool:
    label = ngettext_("Prepare %(count)s message", "Prepare %(count)s messages", recipients)
    may_prepare = recipients > 0 and choices.template is not None and may_decide(session)
    is_asked = st.button(label, type="primary", disabled=not may_prepare, key="campaign_prepare")
    st.caption(_("Preparing freezes the messages for a dry run; nothing is sent."))
    return is_asked


def _audience(session: UiSession, choices: _Choices) -> Audience:
    run, store = choices.run, session.store
    if (run.customers or 0) <= LARGE:
        return audience_of_run(store, run.run_id, choices.share)
    return _counted_lately(store.tenant_id, run.run_id, run.review_no, choices.share, _store=store)


@st.cache_data(max_entries=20, ttl=_COUNT_KEPT_SECONDS, show_spinner=False)
def _counted_lately(
    tenant_id: str,  # noqa: ARG001
    run_id: str,
    review_no: int,  # noqa: ARG001
    share: float,
    _store: TenantStore,
) -> Audience:
    """Return the audience of a large run, which a change of the page does not count anew."""
    return audience_of_run(_store, run_id, share)


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
