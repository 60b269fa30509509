"""Entering a decision from a page: it is recorded at once, and a worker is asked to apply it."""

import streamlit as st

from core.jobs import REVIEW, enqueue
from core.services.review import MOST_NOTE_CHARS, Subject, decide_on, withdraw
from ui.i18n import _
from ui.layout import error_boundary
from ui.session import UiSession


def ask_reason(key: str, *, label: str | None = None) -> str:
    """Draw the field for why something is decided, and return what is in it."""
    return st.text_input(
        label or _("Why, in a few words"), max_chars=MOST_NOTE_CHARS, key=key, autocomplete="off"
    )


def enter(
    session: UiSession,
    run_id: str,
    kind: str,
    subject: Subject,
    note: str,
    replacement: str | None = None,
) -> None:
    """Record a decision, ask for its application and draw the page again; or say why not."""
    with error_boundary():
        decide_on(
            session.store,
            session.actor,
            run_id,
            kind,
            subject,
            note=note,
            replacement=replacement,
        )
        enqueue(session.store, session.actor, REVIEW, run_id)
        st.rerun()


def take_back(session: UiSession, run_id: str, number: int) -> None:
    """Take a decision back, ask for a review without it and draw the page again."""
    with error_boundary():
        withdraw(session.store, session.actor, run_id, number)
        enqueue(session.store, session.actor, REVIEW, run_id)
        st.rerun()
