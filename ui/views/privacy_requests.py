"""Data protection: erasures that were asked for, how far they are and what they did."""

from typing import Any

import streamlit as st

from core.jobs import ERASE
from core.services.erasure import REASONS, STAGES, number_of_requests, requests_of
from core.store.erasures import DONE, QUEUED, WAITING, ErasureRequest
from ui.i18n import _, format_moment
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column, show_rows
from ui.views.job_progress import follow_job

_PAGE = 20


def draw_requests(session: UiSession) -> None:
    """Draw the list of erasures, and the counts of the one that was clicked."""
    place = st.container()
    total = number_of_requests(session.store, session.actor)
    offset = choose_page(total, _PAGE, key="erasure_page")
    requests = requests_of(session.store, session.actor, limit=_PAGE, offset=offset)
    if not requests:
        place.caption(_("Nobody was erased so far. Erasures will be listed here with their state."))
        return
    titles = {
        "at": _("Asked on"),
        "by": _("By"),
        "reason": st.column_config.TextColumn(_("Reason"), width="medium"),
        "people": number_column(_("People")),
        "state": _("State"),
        "finished": _("Finished on"),
    }
    with place:
        rows = [_row(session, request) for request in requests]
        chosen = choose_row(
            rows, titles, key=f"erasures_{offset}", alt=_("Erasures, the newest first")
        )
        if chosen is not None:
            _draw_request(session, requests[chosen])


def _row(session: UiSession, request: ErasureRequest) -> dict[str, Any]:
    zone = session.tenant.time_zone
    finished = request.finished_at
    return {
        "at": format_moment(request.created_at, zone),
        "by": request.created_by,
        "reason": _(REASONS[request.reason]),
        "people": request.people,
        "state": _state(request),
        "finished": format_moment(finished, zone) if finished else None,
    }


def _state(request: ErasureRequest) -> str:
    if request.state == DONE:
        return _("Done")
    if request.state == QUEUED:
        return _("Waiting for the worker")
    if request.state == WAITING:
        return _("Waits, goes on by itself")
    return _(STAGES.get(request.step, STAGES["tables"]))


def _draw_request(session: UiSession, request: ErasureRequest) -> None:
    if request.state != DONE:
        follow_job(session, ERASE, request.request_id)
    names = _count_titles()
    rows = [
        {"what": names.get(name, name), "count": count}
        for name, count in sorted(request.counts.items())
        if count
    ]
    titles = {"what": _("Erased in"), "count": number_column(_("Rows or files"))}
    if rows:
        show_rows(rows, titles, key="erasure_counts", alt=_("What the erasure did, in counts"))


def _count_titles() -> dict[str, str]:
    return {
        "originals": _("Received files, rewritten"),
        "tables": _("Tables kept beside them"),
        "uploads": _("Unfinished uploads, removed"),
        "other_files": _("Other files"),
        "jobs": _("Finished jobs"),
        "brevo_contacts": _("Contacts to be deleted at Brevo"),
        "customer": _("Versions of the record"),
        "sale_line": _("Sale lines, made anonymous"),
        "contact_history": _("Contacts"),
        "suppression": _("Suppressions, kept as a keyed hash"),
        "held_row": _("Rows that waited"),
        "reco_output": _("Recommendations"),
        "audit_output": _("Audit issues"),
        "next_action_output": _("Verdicts"),
        "run_reserve": _("Reserves of lists"),
        "review_decision": _("Decisions, without whom they were about"),
        "cause_trial": _("Questions why somebody changed"),
        "delivery": _("Deliveries, without address and message"),
        "brevo_logs": _("Lines of the journal"),
        "brevo_event": _("Events of Brevo, without address"),
        "campaign_holdout": _("Held out, without whom"),
        "contact_push": _("Contacts pushed to Brevo"),
        "imports": _("Reports of imports"),
    }
