"""Audit trail: who did what and when, whether it is whole, all of it as a file."""

from typing import Any

import streamlit as st

from core.services.audit_trail import (
    ACTION_TITLES,
    Action,
    TrailLine,
    number_of_entries,
    trail_of,
    verify_trail,
)
from ui.guard import require_session
from ui.i18n import _, format_moment, format_number
from ui.layout import empty_state, error_boundary, page_header
from ui.session import UiSession
from ui.tables import choose_page, show_rows
from ui.views.trail_words import details_sentence

_PAGE = 50


def draw_trail(session: UiSession) -> None:
    """Draw the entries, the newest first, of one action or of all."""
    action = st.selectbox(
        _("What was done"),
        list(ACTION_TITLES),
        index=None,
        format_func=lambda chosen: _(ACTION_TITLES[chosen]),
        placeholder=_("All"),
        key="trail_action",
        width=420,
    )
    place = st.container()
    total = number_of_entries(session.store, session.actor, action)
    offset = choose_page(total, _PAGE, key="trail_page")
    lines = trail_of(session.store, session.actor, action, limit=_PAGE, offset=offset)
    with place:
        if not lines:
            empty_state(_("Nothing is recorded yet"), _("What people do here is listed then."))
            return
        titles: dict[str, Any] = {
            "number": _("Number"),
            "at": _("When"),
            "actor": _("Who"),
            "action": _("What"),
            "subject": _("Of"),
            "details": st.column_config.TextColumn(_("Details"), width="large"),
        }
        rows = [_row(session, line) for line in lines]
        show_rows(rows, titles, key=f"trail_{offset}", alt=_("Audit trail, the newest entry first"))


def _row(session: UiSession, line: TrailLine) -> dict[str, Any]:
    entry = line.entry
    known = entry.action in set(Action)
    return {
        "number": format_number(entry.number),
        "at": format_moment(entry.at, session.tenant.time_zone),
        "actor": line.actor,
        "action": _(ACTION_TITLES[Action(entry.action)]) if known else entry.action,
        "subject": entry.subject,
        "details": details_sentence(session, entry.details),
    }


def draw_ways_out(session: UiSession) -> None:
    """Draw the check of the chain and the download."""
    with st.container(horizontal=True):
        if st.button(_("Check that it is whole"), key="trail_verify"):
            _draw_check(session)
        st.link_button(_("Download as CSV"), "/export/audit_trail.csv", icon=":material/download:")


def _draw_check(session: UiSession) -> None:
    found = verify_trail(session.store, session.actor)
    if found.broken_at is None:
        st.success(
            _(
                "Every entry fits the one before it: %(count)s entries. The last hash is"
                " %(sha256)s; kept elsewhere, it proves later that nothing was written anew.",
                count=format_number(found.entries),
                sha256=found.sha256,
            )
        )
        return
    st.error(
        _(
            "Entry %(number)s does not fit the one before it: it was changed, or entries are"
            " missing. Compare the trail with the last copy that was downloaded.",
            number=format_number(found.broken_at),
        )
    )


session = require_session()
page_header(
    _("Audit trail"),
    _("Who did what, and when? Entries name people by opaque ids and are never changed."),
)
with error_boundary():
    draw_trail(session)
    draw_ways_out(session)
