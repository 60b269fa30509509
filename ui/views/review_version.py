"""Which lists of a run a page shows: the reviewed ones or the run's own, kept in the address."""

import streamlit as st

from core.contracts import RunVersion
from core.services.run_records import RunCard
from ui.i18n import _, format_number
from ui.session import UiSession

VERSION_PARAM = "version"


def choose_version(run: RunCard) -> RunVersion:
    """Draw the switch and say what is shown; a run without review has one version only."""
    if not run.review_no:
        return RunVersion.REVIEWED
    asked = _asked_version()
    titles = {
        RunVersion.REVIEWED: review_title(run.review_no),
        RunVersion.ORIGINAL: _("Original"),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.segmented_control(
            _("Lists"),
            list(titles),
            default=asked,
            required=True,
            format_func=lambda version: titles[version],
            key=f"version_{run.run_id}_{asked}",
            label_visibility="collapsed",
        )
        st.caption(_sentence(run, asked), width="stretch")
    if chosen != asked:
        _set_version(chosen)
    return asked


def review_title(number: int) -> str:
    """Return how a review is named."""
    return _("Review %(number)s", number=format_number(number))


def may_decide(session: UiSession, version: RunVersion = RunVersion.REVIEWED) -> bool:
    """Tell whether decisions are offered: to analysts, on the reviewed lists."""
    return session.may_work and version is RunVersion.REVIEWED


def _asked_version() -> RunVersion:
    asked = st.query_params.get(VERSION_PARAM)
    return RunVersion.ORIGINAL if asked == RunVersion.ORIGINAL else RunVersion.REVIEWED


def _sentence(run: RunCard, version: RunVersion) -> str:
    if version is RunVersion.ORIGINAL:
        return _(
            "These are the lists as the run made them. Decisions are made on the reviewed lists."
        )
    return _(
        "These are the lists of review %(number)s; the run itself is kept.",
        number=format_number(run.review_no),
    )


def _set_version(version: RunVersion) -> None:
    if version is RunVersion.ORIGINAL:
        st.query_params[VERSION_PARAM] = version.value
    else:
        st.query_params.pop(VERSION_PARAM, None)
    st.rerun()
