"""The timeline of one customer: what was bought by month and family, contacts, silence window."""

from collections import Counter
from datetime import date, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.services.customer_view import CustomerView
from core.services.run_records import CustomerDetail
from ui.charts import chart_text, show_chart
from ui.i18n import _, format_date, format_quantity, titled
from ui.theme import scenario_colours, tokens
from ui.views.words import contact_title

_FAMILIES = 4  # drawn apart; the rest is one, so that there are at most five colours
_BAR_MS = 24 * 86_400_000
_SHOWN = timedelta(days=3 * 365)


def draw_timeline(
    detail: CustomerDetail | CustomerView, as_of: date, window_days: int | None
) -> None:
    """Draw purchases as bars of units, contacts as ticks below, the silence window shaded."""
    if not detail.purchases and not detail.contacts:
        st.caption(_("Nothing was bought and nobody wrote before this day."))
        return
    figure = go.Figure()
    _add_purchases(figure, detail)
    _add_contacts(figure, detail)
    if window_days is not None:
        _add_silence(figure, as_of, window_days)
    figure.update_layout(
        barmode="stack",
        legend={"traceorder": "normal"},
        xaxis={
            "range": [(as_of - _SHOWN).isoformat(), (as_of + timedelta(days=20)).isoformat()],
            "tickformat": "%m/%Y",
        },
        yaxis={"title": {"text": _("units bought")}},
    )
    show_chart(
        figure,
        _("What was bought, and when were messages sent?"),
        key="customer_timeline",
        data=_table(detail),
        is_of_person=True,
    )
    if window_days is None:
        return
    st.caption(
        _(
            "Ticks are contacts; the shaded days before %(day)s are the silence window.",
            day=format_date(as_of),
        )
    )


def _add_silence(figure: go.Figure, as_of: date, window_days: int) -> None:
    figure.add_vrect(
        x0=(as_of - timedelta(days=window_days)).isoformat(),
        x1=as_of.isoformat(),
        fillcolor=tokens().warn,
        opacity=0.25,
        line_width=0,
    )


def _table(detail: CustomerDetail | CustomerView) -> pd.DataFrame:
    """Return purchases by month and family, then contacts, each a row, the newest first."""
    bought = [
        (row.month, row.family or _("other"), format_quantity(row.quantity_milli))
        for row in detail.purchases
    ]
    told = [
        (contact.contact_date.isoformat(), contact_title(contact.status), contact.campaign)
        for contact in detail.contacts
        if contact.contact_date
    ]
    rows = sorted([*bought, *told], key=lambda row: row[0], reverse=True)
    return pd.DataFrame(rows, columns=[_("When"), _("What"), _("Units or campaign")])


def _add_purchases(figure: go.Figure, detail: CustomerDetail | CustomerView) -> None:
    bought: Counter[str] = Counter()
    for purchase in detail.purchases:
        bought[purchase.family or ""] += max(purchase.quantity_milli, 0)
    shown = [family for family, _units in bought.most_common(_FAMILIES) if family]
    colours = list(scenario_colours().values())
    for place, family in enumerate([*shown, None]):
        rows = [
            p
            for p in detail.purchases
            if (p.family in shown and p.family == family)
            or (family is None and p.family not in shown)
        ]
        if rows:
            figure.add_bar(
                name=chart_text(family or _("other")),
                x=[f"{row.month}-15" for row in rows],
                y=[row.quantity_milli / 1000 for row in rows],
                width=_BAR_MS,
                marker={"color": colours[place]},
                hovertemplate=titled("%{x|%m/%Y}", "%{y:,}"),
            )


def _add_contacts(figure: go.Figure, detail: CustomerDetail | CustomerView) -> None:
    dated = [contact for contact in detail.contacts if contact.contact_date]
    figure.add_scatter(
        name=_("contacts"),
        mode="markers",
        x=[contact.contact_date for contact in dated],
        y=[0] * len(dated),
        text=[
            chart_text(
                " · ".join(p for p in (contact_title(contact.status), contact.campaign) if p)
            )
            for contact in dated
        ],
        marker={"symbol": "line-ns-open", "size": 14, "color": tokens().ink},
        hovertemplate=titled("%{x|%d/%m/%Y}", "%{text}"),
        cliponaxis=False,
    )
