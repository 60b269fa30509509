"""Settings: the versions of the policy, and the way back to an earlier one."""

from typing import Any

import streamlit as st

from core.services.policies import DEFAULTS, PolicyVersion, go_back, policy_versions
from core.services.policy_fields import change_line, changes_between
from ui.i18n import _, format_moment, format_number
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row, number_column
from ui.views.plain import bold, plain
from ui.views.settings_draft import leave_preview


def draw_versions(session: UiSession, current: PolicyVersion) -> None:
    """Draw the versions, the newest first; a click opens one."""
    versions = policy_versions(session.store)
    st.subheader(_("Versions"), anchor=False)
    st.caption(_("Click a row to see how a version differs, and to go back to it."))
    titles: dict[str, Any] = {
        "version": _("Version"),
        "saved": _("Saved"),
        "by": _("By"),
        "changes": number_column(_("Values changed")),
        "note": st.column_config.TextColumn(_("Note"), width="large"),
    }
    rows = [_row(session, version) for version in versions]
    chosen = choose_row(
        rows, titles, key=f"versions_{current.version}", alt=_("Versions, the newest first")
    )
    if chosen is not None:
        _draw_version(session, current, versions[chosen])


def _row(session: UiSession, version: PolicyVersion) -> dict[str, Any]:
    is_default = version.version == DEFAULTS
    return {
        "version": _("Defaults") if is_default else format_number(version.version),
        "saved": format_moment(version.created_at, session.tenant.time_zone),
        "by": version.created_by or None,
        "changes": None if is_default else len(version.changes),
        "note": version.note or None,
    }


def _draw_version(session: UiSession, current: PolicyVersion, version: PolicyVersion) -> None:
    with st.container(border=True):
        if version.changes:
            st.markdown(bold(_("What this version changed")))
            for change in version.changes:
                st.markdown(f"- {plain(change_line(change, session.language))}")
        back = changes_between(current.policy, version.policy)
        if not back:
            st.caption(_("Its values are those in force."))
            return
        st.markdown(bold(_("What going back to it changes")))
        for change in back:
            st.markdown(f"- {plain(change_line(change, session.language))}")
        title = _("Go back: save version %(version)s", version=current.version + 1)
        if st.button(title, key=f"settings_back_{version.version}"):
            with error_boundary():
                go_back(session.store, session.actor, version.version)
                leave_preview()
                st.rerun()
