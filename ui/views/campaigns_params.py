"""Campaigns: what a template kept at Brevo is given, which Brevo and not this page renders."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext

import streamlit as st

from core.services.campaign_reports import Preview
from ui.i18n import _
from ui.tables import show_rows
from ui.views.plain import plain


def draw_brevo_words(preview: Preview) -> None:
    """Say how far the message is the one that arrives, and what its template leaves out."""
    if preview.html is None:
        st.caption(
            _(
                "Brevo renders this message; what its template says was not asked. Below is what"
                " the template is given."
            )
        )
        return
    st.caption(
        _(
            "Approximate: Brevo renders this message. Only simple placeholders are filled here, and"
            " pictures from outside are not loaded. A test message shows it as it arrives."
        )
    )
    if preview.missing:
        names = ", ".join(f"params.{name}" for name in preview.missing)
        st.warning(
            plain(
                _(
                    "The template leaves out %(names)s. Correct it at Brevo, then prepare again.",
                    names=names,
                )
            )
        )


def draw_brevo_params(preview: Preview) -> None:
    """Draw what the template is given, and the request; at once where nothing else is to see."""
    title = _("What the template is given")
    with nullcontext() if preview.html is None else st.expander(title):
        rows = [{"name": name, "value": value} for name, value in _flat("params", preview.params)]
        show_rows(
            rows,
            {"name": _("Placeholder"), "value": _("Value")},
            key=f"params_{preview.delivery_no}",
            alt=title,
        )
    with st.expander(_("The request to Brevo")):
        request = json.dumps(preview.payload, indent=2, ensure_ascii=False)
        st.code(request, language="json", wrap_lines=True)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Give each text by the name that a template writes for it."""
    if isinstance(value, Mapping):
        parts = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list):
        parts = [(str(place), part) for place, part in enumerate(value)]
    else:
        yield name, str(value)
        return
    for key, part in parts:
        yield from _flat(f"{name}.{key}", part)
