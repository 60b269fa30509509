"""Customers of a run as a table whose rows open."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.services.run_records import Verdict
from ui.i18n import _, format_money
from ui.tables import choose_row, number_column
from ui.views.words import reason_title, scenario_title, segment_title

CUSTOMER_PARAM = "customer"


def choose_customer(
    verdicts: Sequence[Verdict], currency: str, *, key: str, shown: str | None
) -> None:
    """Draw the verdicts; a click puts the customer into the address, which opens it."""
    titles: dict[str, Any] = {
        "name": _("Customer"),
        "customer": _("Code"),
        "score": number_column(_("Audit score")),
        "verdict": st.column_config.TextColumn(_("Verdict"), width=170),
        "scenario": _("Scenario"),
        "segment": st.column_config.TextColumn(_("Segment"), width=130),
        "value": _("Revenue, 24 months"),
    }
    rows = [_row(verdict, currency) for verdict in verdicts]
    chosen = choose_row(rows, titles, key=f"{key}_{shown}", alt=_("Customers of the run"))
    if chosen is not None and verdicts[chosen].customer != shown:
        st.query_params[CUSTOMER_PARAM] = verdicts[chosen].customer
        st.rerun()


def _row(verdict: Verdict, currency: str) -> dict[str, Any]:
    failed = [reason_title(rule) for rule in verdict.rules if rule != verdict.reason]
    return {
        "name": verdict.name or verdict.customer,
        "customer": verdict.customer,
        "score": verdict.audit_score,
        "verdict": ", ".join([reason_title(verdict.reason), *failed]),
        "scenario": scenario_title(verdict.scenario),
        "segment": segment_title(verdict.segment),
        "value": format_money(verdict.value_cents, currency),
    }
