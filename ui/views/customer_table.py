"""Customers of a run as a table whose rows open."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.services.run_records import Verdict
from ui.i18n import _, format_number
from ui.tables import choose_row, money_column, number_column
from ui.views.review_words import verdict_title
from ui.views.words import scenario_title, segment_title

CUSTOMER_PARAM = "customer"


def choose_customer(
    verdicts: Sequence[Verdict], currency: str, *, key: str, shown: str | None
) -> None:
    """Draw the verdicts; a click puts the customer into the address, which opens it."""
    titles: dict[str, Any] = {
        "name": st.column_config.TextColumn(_("Customer"), width=140),
        "customer": _("Code"),
        "score": number_column(_("Audit score")),
        "verdict": st.column_config.TextColumn(_("Verdict"), width=185),
        "scenario": st.column_config.TextColumn(_("Scenario"), width=115),
        "segment": st.column_config.TextColumn(_("Segment"), width=150),
        "value": money_column(_("Revenue, 24 months"), currency),
    }
    rows = [_row(verdict) for verdict in verdicts]
    chosen = choose_row(rows, titles, key=f"{key}_{shown}", alt=_("Customers of the run"))
    if chosen is not None and verdicts[chosen].customer != shown:
        st.query_params[CUSTOMER_PARAM] = verdicts[chosen].customer
        st.rerun()


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name or verdict.customer,
        "customer": verdict.customer,
        "score": verdict.audit_score,
        "verdict": _verdict_title(verdict),
        "scenario": scenario_title(verdict.scenario),
        "segment": segment_title(verdict.segment),
        "value": verdict.value_cents,
    }


def _verdict_title(verdict: Verdict) -> str:
    """Return the first reason, and how many more there are; the opened customer has them all."""
    more = sum(rule != verdict.reason for rule in verdict.rules)
    title = verdict_title(verdict)
    return f"{title} +{format_number(more)}" if more else title
