"""What a customer likes, as her purchases say it: shares, levels, and how far they are trusted."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import streamlit as st

from core.i18n import N_
from core.reco.profiles import HALF_LIFE_DAYS, TraitValue
from ui.i18n import _, format_number, format_percent
from ui.tables import percent_column, show_rows
from ui.views.column_titles import column_title

_SHOWN = 3  # values of a trait
_TRAITS: Mapping[str, str] = {
    "family": N_("Family"),
    "grape": N_("Grape"),
    "sweetness": N_("Sweetness"),
}


def draw_taste(taste: tuple[TraitValue, ...]) -> None:
    """Draw the strongest values of each trait of a customer."""
    if not taste:
        return
    question = _("What does this customer like?")
    st.markdown(f"**{question}**")
    shown = [
        value
        for _trait, values in groupby(taste, key=lambda one: one.trait)
        for value in list(values)[:_SHOWN]
    ]
    titles: dict[str, Any] = {
        "trait": _("Trait"),
        "value": _("Value"),
        "share": st.column_config.TextColumn(
            _("Share"), help=_("Of what was paid, recent purchases first; of an aroma, 0 to 5.")
        ),
        "confidence": percent_column(
            _("Confidence"),
            explanation=_("Grows with the documents, and with how much of them is described."),
        ),
    }
    show_rows([_row(value) for value in shown], titles, key="customer_taste", alt=question)
    st.caption(
        _("A purchase counts half after %(days)s days; gifts count nothing.", days=HALF_LIFE_DAYS)
    )


def _row(one: TraitValue) -> dict[str, Any]:
    is_aroma = one.trait == "aroma"
    return {
        "trait": column_title(one.value) if is_aroma else _(_TRAITS[one.trait]),
        "value": None if is_aroma else one.value,
        "share": format_number(one.share, 1) if is_aroma else format_percent(one.share, 0),
        "confidence": one.confidence,
    }
