"""The mapping as a file, the suggestion to go back to, and the versions used before."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.ingest.mapping import header_fingerprint
from core.services.mappings import ID_CHARS, list_mappings
from core.store.mappings import StoredMapping
from ui.i18n import _, format_moment, format_number
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.plain import plain


def choose_other_mapping(
    session: UiSession, recognition: Mapping[str, Any], key: str
) -> dict[str, Any] | None:
    """Draw ways back to another mapping of the file; return the one chosen, None for none."""
    mapping = recognition["mapping"]
    fingerprint = header_fingerprint([h["header"] for h in recognition["headers"]])
    with st.container(horizontal=True):
        suggested = recognition.get("suggested")
        is_back = st.button(
            _("Back to the suggestion"),
            key=f"suggested_{key}",
            disabled=not suggested or suggested == mapping,
            help=_("Everything edited in this mapping is dropped."),
        )
        st.download_button(
            _("Download the mapping"),
            json.dumps(mapping, ensure_ascii=False, indent=2, sort_keys=True),
            file_name=f"mapping_{mapping['kind']}_{fingerprint[:ID_CHARS]}.json",
            mime="application/json",
            on_click="ignore",
            key=f"download_{key}",
            help=_("For python -m core import --mapping."),
        )
        version = _choose_version(session, fingerprint, key)
    if is_back:
        return dict(suggested or {})
    return version


def _choose_version(session: UiSession, fingerprint: str, key: str) -> dict[str, Any] | None:
    stored = [m for m in list_mappings(session.store) if m.fingerprint == fingerprint]
    if not stored:
        return None
    with st.popover(_("Versions"), width="content"):
        st.caption(
            _("A mapping is remembered when its file is loaded, for files with these columns.")
        )
        rows = [_row(session, version) for version in stored]
        titles = {"version": _("Version"), "at": _("Used on"), "by": _("By")}
        show_rows(rows, titles, alt=_("Versions of the mapping, the latest first"))
        chosen = st.selectbox(
            _("Version"),
            stored,
            format_func=lambda version: format_number(version.version),
            key=f"version_{key}",
        )
        if st.button(_("Use this version"), key=f"use_{key}"):
            found: dict[str, Any] = json.loads(chosen.mapping_json)
            return found
    return None


def _row(session: UiSession, stored: StoredMapping) -> dict[str, str]:
    return {
        "version": format_number(stored.version),
        "at": format_moment(stored.created_at, session.tenant.time_zone),
        "by": plain(stored.created_by),
    }
