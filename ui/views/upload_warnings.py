"""Upload, third step: what looks suspicious about an import, before anything else."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.services.import_warnings import warning_text
from ui.i18n import _, current_language, ngettext_
from ui.views.column_titles import column_title
from ui.views.plain import plain

_SHOWN = 4
_ASKED = "MANY_OPT_OUTS"  # asked beside the button that loads
_NEWS = ("OPT_OUTS_KEPT", "NOTHING_NEW")  # nothing is wrong


def draw_warnings(report: Mapping[str, Any]) -> None:
    """Draw the warnings of an import that is not loaded, gravest first, then its news."""
    found = [w for w in report.get("warnings", ()) if w["code"] != _ASKED]
    warnings = [w for w in found if w["code"] not in _NEWS]
    for warning in warnings[:_SHOWN]:
        _draw(warning, report)
    rest = warnings[_SHOWN:]
    if rest:
        with st.expander(ngettext_("%(count)s more warning", "%(count)s more warnings", len(rest))):
            for warning in rest:
                _draw(warning, report)
    for news in (w for w in found if w["code"] in _NEWS):
        _draw(news, report)


def draw_past_warnings(report: Mapping[str, Any]) -> None:
    """Offer the warnings that an import was loaded with."""
    warnings = report.get("warnings", ())
    if warnings:
        title = ngettext_(
            "%(count)s warning when it was loaded",
            "%(count)s warnings when it was loaded",
            len(warnings),
        )
        with st.expander(title):
            for warning in warnings:
                _draw(warning, report)


def _draw(warning: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    sentence, remedy = warning_text(
        warning, current_language(), report["currency"], lambda name: column_title(name)
    )
    of_file = len(report["files"]) > 1 and warning["file"]
    named = _("%(file)s: %(sentence)s", file=warning["file"], sentence=sentence)
    text = f"**{plain(named if of_file else sentence)}**  \n{plain(remedy)}"
    (st.info if warning["code"] in _NEWS else st.warning)(text)
