"""Settings: the versions of the policy, and the way back to an earlier one."""

from typing import Any

import streamlit as st

from core.services.policies import (
    DEFAULTS,
    PolicyVersion,
    UnusableVersion,
    go_back,
    policy_versions,
)
from core.services.policy_fields import change_line, changes_between
from ui.i18n import NO_VALUE, _, format_moment, format_number
from ui.layout import error_boundary
from ui.session import UiSession
from ui.tables import choose_row, number_column
from ui.views.plain import bold, plain
from ui.views.settings_draft import leave_preview


def draw_ways_back(session: UiSession, current: UnusableVersion) -> None:
    """Say why the version in force cannot be used, with a button for each way out."""
    st.error(current.problem.sentence(session.language, plain))
    st.caption(_("Until then no run, preview or backtest can be launched; earlier runs stay."))
    saved = (v for v in policy_versions(session.store) if isinstance(v, PolicyVersion))
    newest = next(saved)
    with st.container(horizontal=True):
        if newest.version != DEFAULTS:
            title = _("Go back to version %(version)s", version=newest.version)
            _draw_back(session, newest.version, title, is_first=True)
        title = _("Go back to the defaults")
        _draw_back(session, DEFAULTS, title, is_first=newest.version == DEFAULTS)


def draw_versions(session: UiSession, current: PolicyVersion | UnusableVersion) -> None:
    """Draw the versions, the newest first; a click opens one."""
    versions = policy_versions(session.store)
    st.header(_("Versions"), anchor=False)
    st.caption(_("Click a row to see how a version differs, and to go back to it."))
    titles: dict[str, Any] = {
        "version": _("Version"),
        "saved": _("Saved"),
        "by": _("By"),
        "state": _("State"),
        "changes": number_column(_("Values changed")),
        "note": st.column_config.TextColumn(_("Note"), width="large"),
    }
    if all(isinstance(version, PolicyVersion) for version in versions):
        del titles["state"]
    rows = [_row(session, version) for version in versions]
    chosen = choose_row(
        rows, titles, key=f"versions_{current.version}", alt=_("Versions, the newest first")
    )
    if chosen is None:
        return
    version = versions[chosen]
    if isinstance(version, UnusableVersion):
        st.warning(version.problem.reason.sentence(session.language, plain))
    else:
        _draw_version(session, current, version)


def _row(session: UiSession, version: PolicyVersion | UnusableVersion) -> dict[str, Any]:
    is_default = version.version == DEFAULTS
    is_usable = isinstance(version, PolicyVersion)
    return {
        "version": _("Defaults") if is_default else format_number(version.version),
        "saved": format_moment(version.created_at, session.tenant.time_zone),
        "by": version.created_by or None,
        "state": NO_VALUE if is_usable else _("Cannot be used any more"),
        "changes": len(version.changes) if is_usable and not is_default else None,
        "note": version.note or None,
    }


def _draw_version(
    session: UiSession, current: PolicyVersion | UnusableVersion, version: PolicyVersion
) -> None:
    with st.container(border=True):
        if version.changes:
            st.markdown(bold(_("What this version changed")))
            for change in version.changes:
                st.markdown(f"- {plain(change_line(change, session.language))}")
        if isinstance(current, PolicyVersion):
            back = changes_between(current.policy, version.policy)
            if not back:
                st.caption(_("Its values are those in force."))
                return
            st.markdown(bold(_("What going back to it changes")))
            for change in back:
                st.markdown(f"- {plain(change_line(change, session.language))}")
        title = _("Go back: save version %(version)s", version=current.version + 1)
        _draw_back(session, version.version, title, key="settings_back")


def _draw_back(
    session: UiSession,
    version: int,
    title: str,
    *,
    key: str = "settings_way_back",
    is_first: bool = False,
) -> None:
    if not session.may_work:
        return
    kind = "primary" if is_first else "secondary"
    if st.button(title, type=kind, key=f"{key}_{version}"):
        with error_boundary():
            go_back(session.store, session.actor, version)
            leave_preview()
            st.rerun()
