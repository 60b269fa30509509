"""Upload, third step: products, labels and customers that the files name and nobody knows."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.i18n import N_
from ui.i18n import _, format_number
from ui.tables import money_column, number_column, show_rows

_WAITING = {
    "UNKNOWN_PRODUCT": (
        N_("Product code"),
        N_("Products that are not in the catalogue: %(keys)s. Rows that wait for them: %(rows)s."),
    ),
    "UNKNOWN_LABEL": (
        N_("Product label"),
        N_("Labels that name no known product: %(keys)s. Rows that wait for them: %(rows)s."),
    ),
    "UNKNOWN_CUSTOMER": (
        N_("Customer code"),
        N_("Customers that are not known: %(keys)s. Rows that wait for them: %(rows)s."),
    ),
}


def draw_unknown(report: Mapping[str, Any]) -> None:
    """Draw, per kind of thing that is missing, the ones that most rows wait for."""
    found = report.get("unknown", ())
    if not found:
        return
    st.header(_("What waiting rows wait for"), anchor=False)
    for unknown in found:
        _draw_one(unknown, report["currency"])
    st.caption(_("Once the files are loaded, the page of the waiting rows decides about them."))


def _draw_one(unknown: Mapping[str, Any], currency: str) -> None:
    title, sentence = _WAITING[unknown["code"]]
    st.text(_(sentence, keys=format_number(unknown["keys"]), rows=format_number(unknown["lines"])))
    titles: dict[str, Any] = {"key": _(title), "lines": number_column(_("Rows that wait"))}
    if any(row["amount_cents"] is not None for row in unknown["top"]):
        titles["amount_cents"] = money_column(_("Amount"), currency)
    show_rows(unknown["top"], titles, key=f"review_{unknown['code'].lower()}", alt=_(title))
    if unknown["keys"] > len(unknown["top"]):
        st.caption(_("Those that most rows wait for."))
