"""Campaigns: messages of which nobody is sure: Brevo's events, and what a person decides."""

import streamlit as st

from core.errors import CrmError
from core.jobs import RECONCILE, SEND, enqueue, job_of
from core.outreach.protocol import FINISHED
from core.services.campaign_doubts import Doubts, LastReading
from core.services.campaign_reports import CampaignStatus
from core.services.delivery_review import ReviewCase, Ruling, cases_of, rule
from core.services.unasked_doubts import HANDED_AFTER
from ui.i18n import _, current_language, format_moment, format_number, ngettext_
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_page
from ui.views.campaign_lines import line_detail, log_title, ruling_title
from ui.views.job_progress import follow_job
from ui.views.plain import bold, plain
from ui.views.review_version import may_decide

_PAGE = 5


def draw_doubts(
    session: UiSession, status: CampaignStatus, doubts: Doubts, refusal: CrmError | None
) -> None:
    """Draw the unsure messages of a live campaign, when there are any.

    After a backup was restored everything is unsure of one that is not over.
    """
    is_held = doubts.is_restored and status.state not in FINISHED
    if not (status.unconfirmed or status.review or is_held):
        return
    st.header(_("Of which messages is nobody sure?"), anchor=False)
    _draw_reading(session, status, doubts, refusal)
    if status.review:
        _draw_desk(session, status)


def _draw_reading(
    session: UiSession, status: CampaignStatus, doubts: Doubts, refusal: CrmError | None
) -> None:
    if status.unconfirmed:
        sentence = ngettext_(
            "Of %(count)s message it is not known whether Brevo took it. Its events tell.",
            "Of %(count)s messages it is not known whether Brevo took them. Its events tell.",
            status.unconfirmed,
        )
        st.markdown(sentence)
    if not doubts.may_ask:
        _draw_unasked(status)
        return
    st.caption(_reading_words(session, doubts.last))
    reading = follow_job(session, RECONCILE, status.campaign_id)
    sending = job_of(session.store, SEND, status.campaign_id)
    is_sending = doubts.is_restored and sending is not None and not sending.is_over
    is_reading = reading is not None and not reading.is_over
    if not may_decide(session) or is_reading:
        return
    is_held = refusal is not None or is_sending or not doubts.reads_left
    if st.button(_("Reconcile with Brevo's events"), disabled=is_held, key="campaign_reconcile"):
        enqueue(session.store, session.actor, RECONCILE, status.campaign_id)
        st.rerun()
    if refusal is not None:
        st.caption(refusal.sentence(current_language(), plain))
    elif is_sending:
        st.caption(_("Events are read once nothing of it is under way any more."))
    elif not doubts.reads_left:
        st.caption(_("Brevo permits no more readings in this hour."))


def _draw_unasked(status: CampaignStatus) -> None:
    """Say what becomes of unsure messages where Brevo may not be asked."""
    if status.unconfirmed:
        st.caption(
            _(
                "Brevo is not asked here: live sending is switched off, or its key is missing. What"
                " no webhook tells of within %(count)s minutes is handed to a person, who decides"
                " here.",
                count=format_number(HANDED_AFTER.total_seconds() // 60),
            )
        )


def _reading_words(session: UiSession, last: LastReading | None) -> str:
    """Say what the last reading brought, and when another helps."""
    if last is None:
        return _(
            "The events were not read yet. Brevo shows them some minutes after it took a message."
        )
    zone, brought = session.tenant.time_zone, last.brought
    said = _(
        "Read on %(moment)s. Found and now sent: %(found)s; not found: %(missed)s; handed to a"
        " person: %(review)s.",
        moment=format_moment(last.at, zone),
        found=format_number(brought.found),
        missed=format_number(brought.missed),
        review=format_number(brought.to_review),
    )
    if brought.unread:
        left = ngettext_(
            "%(count)s batch is not read yet: Brevo permits few readings an hour. Read again"
            " later.",
            "%(count)s batches are not read yet: Brevo permits few readings an hour. Read again"
            " later.",
            brought.unread,
        )
        return f"{said} {left}"
    if brought.settles_at is not None:
        moment = format_moment(brought.settles_at, zone)
        return said + " " + _("Another reading helps from %(moment)s on.", moment=moment)
    return said + " " + _("Another reading brings nothing more.")


def _draw_desk(session: UiSession, status: CampaignStatus) -> None:
    sentence = ngettext_(
        "%(count)s message waits for you to decide",
        "%(count)s messages wait for you to decide",
        status.review,
    )
    st.markdown(bold(sentence))
    st.caption(
        _(
            "Look into the account at Brevo or ask the customer; the reason that you give is kept"
            " in the journal."
        )
    )
    offset = choose_page(status.review, _PAGE, key="campaign_review", is_counted=False)
    for case in cases_of(session.store, status.campaign_id, limit=_PAGE, offset=offset):
        with st.container(border=True, key=f"case_{case.row.delivery_no}"):
            _draw_case(session, status, case)


def _draw_case(session: UiSession, status: CampaignStatus, case: ReviewCase) -> None:
    row, zone = case.row, session.tenant.time_zone
    st.markdown(bold(plain(f"{row.email_norm} ({row.customer})")))
    lines = [
        " · ".join(
            plain(part)
            for part in (
                format_moment(line.created_at, zone),
                log_title(line.event, line.mode),
                line_detail(line),
            )
            if part
        )
        for line in case.evidence
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))
    if may_decide(session):
        _draw_rulings(session, status, case)


def _draw_rulings(session: UiSession, status: CampaignStatus, case: ReviewCase) -> None:
    number = case.row.delivery_no
    note = st.text_input(_("Why, in a few words"), key=f"case_note_{number}", max_chars=500)
    decided: Ruling | None = None
    with st.container(horizontal=True):
        if st.button(
            ruling_title(Ruling.ARRIVED),
            help=_("Counts as sent; nobody writes again during the silence window."),
            key=f"case_arrived_{number}",
        ):
            decided = Ruling.ARRIVED
        with st.popover(ruling_title(Ruling.SEND_AGAIN)):
            st.markdown(
                _(
                    "Nobody knows whether the first message left: this customer may receive it"
                    " twice. It goes out when the campaign is resumed."
                )
            )
            if st.button(_("Send it again all the same"), key=f"case_again_{number}"):
                decided = Ruling.SEND_AGAIN
        if st.button(
            ruling_title(Ruling.GIVE_UP),
            help=_("Counts as cancelled; it is not sent again."),
            key=f"case_give_up_{number}",
        ):
            decided = Ruling.GIVE_UP
    if decided is not None:
        with error_boundary():
            rule(session.store, session.actor, status.campaign_id, number, decided, note)
            st.rerun()
