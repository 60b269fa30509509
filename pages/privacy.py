"""Data protection: what is known of a person, erasures, how long people are kept."""

import streamlit as st

from core.services.accounts import Role
from core.services.erase_brevo import pending_contacts
from core.services.reapply import unusable_hashes
from ui.guard import require_session
from ui.i18n import _, ngettext_
from ui.layout import error_boundary, page_header, worker_notice
from ui.views.privacy_person import draw_person
from ui.views.privacy_requests import draw_requests
from ui.views.privacy_retention import draw_retention

_PERSON, _REQUESTS, _RETENTION = "person", "requests", "retention"
_DRAWS = {_PERSON: draw_person, _REQUESTS: draw_requests, _RETENTION: draw_retention}


def draw_notices() -> None:
    """Say what waits at Brevo, and whom no file would be refused for any more."""
    pending, unusable = pending_contacts(session.store), unusable_hashes(session.store)
    if pending:
        st.info(
            ngettext_(
                "%(count)s erased contact waits to be deleted at Brevo: it is as soon as this"
                " instance sends live and Brevo answers.",
                "%(count)s erased contacts wait to be deleted at Brevo: they are as soon as this"
                " instance sends live and Brevo answers.",
                pending,
            )
        )
    if unusable:
        st.error(
            _(
                "TOKEN_SECRET was changed: files with people who were erased before are not"
                " recognised. Put the former secret back."
            )
        )


session = require_session()
titles = {_PERSON: _("A person"), _REQUESTS: _("Erasures"), _RETENTION: _("Retention")}
page_header(_("Data protection"), _("What is known about a person, and how does it go?"))
worker_notice(session)
with error_boundary():
    if session.actor.role is Role.VIEWER:
        st.caption(_("Your role does not permit this. Ask an administrator of your company."))
        st.stop()
    draw_notices()
    chosen = st.segmented_control(
        _("Part"),
        list(titles),
        default=_PERSON,
        format_func=lambda part: titles[part],
        label_visibility="collapsed",
        required=True,
        key="privacy_part",
    )
    _DRAWS[chosen](session)
