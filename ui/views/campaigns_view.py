"""Campaigns: which of its two desks the page shows, kept in the address."""

import streamlit as st

from core.i18n import N_
from ui.i18n import _

VIEW_PARAM = "view"
WORK, PEOPLE = "campaigns", "people"
_TITLES = {WORK: N_("Campaigns"), PEOPLE: N_("Contacts and suppressions")}


def choose_view() -> str:
    """Draw the switch; return what is shown."""
    asked = PEOPLE if st.query_params.get(VIEW_PARAM) == PEOPLE else WORK
    chosen = st.segmented_control(
        _("What to look at"),
        list(_TITLES),
        default=asked,
        required=True,
        format_func=lambda view: _(_TITLES[view]),
        label_visibility="collapsed",
        key=f"view_{asked}",
    )
    if chosen != asked:
        if chosen == PEOPLE:
            st.query_params[VIEW_PARAM] = PEOPLE
        else:
            del st.query_params[VIEW_PARAM]
        st.rerun()
    return asked
