"""Runs: two runs compared, down to why one customer changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.i18n import N_
from core.services.comparison_records import (
    KINDS,
    CustomerDifference,
    ListItem,
    RunComparison,
)
from core.services.comparison_words import difference_lines
from core.services.run_comparison import (
    compare_runs,
    customer_of_comparison,
    customers_of_comparison,
)
from core.services.run_records import RunCard
from core.store.tenant import TenantStore
from ui.i18n import NO_VALUE, _, format_number, format_percent, titled
from ui.layout import Figure, figures_row
from ui.session import UiSession
from ui.tables import choose_page, choose_row, number_column, show_rows
from ui.views.plain import bold, plain
from ui.views.runs_difference import draw_difference
from ui.views.runs_list import finished_runs, run_label
from ui.views.words import reason_title, scenario_title

COMPARE_PARAM = "compare"
WHY_PARAM = "why"
_PAGE = 20
_KIND_TITLES: Mapping[str, str] = {
    "changed": N_("Changed"),
    "list": N_("Another list"),
    "verdict": N_("Another verdict"),
    "gained": N_("Newly eligible"),
    "lost": N_("No longer eligible"),
    "unchanged": N_("No change"),
    "only_before": N_("Only in the other run"),
    "only_after": N_("Only in this run"),
}


def draw_comparison(session: UiSession, card: RunCard) -> None:
    """Draw the choice of another run, and what changed from that one to this one."""
    st.header(_("What changed against another run?"), anchor=False)
    others = {c.run_id: c for c in finished_runs(session) if c.run_id != card.run_id}
    if not others:
        st.caption(_("A second finished run can be compared with this one."))
        return
    asked = st.query_params.get(COMPARE_PARAM)
    ids = list(others)
    chosen = st.selectbox(
        _("Compare with"),
        ids,
        index=ids.index(asked) if asked in others else None,
        placeholder=_("Choose a run"),
        format_func=lambda run_id: run_label(session, others[run_id]),
        key=f"compare_{card.run_id}_{asked}",
    )
    if chosen is not None and chosen != asked:
        st.query_params[COMPARE_PARAM] = chosen
        st.query_params.pop(WHY_PARAM, None)
        st.rerun()
    if chosen is not None:
        comparison = _compared(session.store.tenant_id, chosen, card.run_id, session.store)
        _draw_whole(session, comparison)
        _draw_customers(session, comparison)


@st.cache_data(max_entries=100, show_spinner=False)
def _compared(tenant_id: str, older: str, newer: str, _store: TenantStore) -> RunComparison:
    """Return the comparison; finished runs do not change."""
    assert tenant_id == _store.tenant_id
    return compare_runs(_store, older, newer)


def _draw_whole(session: UiSession, comparison: RunComparison) -> None:
    st.markdown(
        "\n".join(f"- {plain(line)}" for line in difference_lines(comparison, session.language))
    )
    counts = comparison.counts
    both = counts["changed"] + counts["unchanged"]
    share = format_percent(counts["changed"] / both, 0) if both else NO_VALUE
    figures_row(
        [
            Figure(
                label=_("Changed"),
                value=f"{format_number(counts['changed'])} ({share})",
                explanation=_("Customers of both runs with another list or another verdict."),
            ),
            Figure(label=_("Another list"), value=format_number(counts["list"])),
            Figure(label=_("Newly eligible"), value=format_number(counts["gained"])),
            Figure(label=_("No longer eligible"), value=format_number(counts["lost"])),
        ]
    )
    left, right = st.columns(2)
    with left:
        st.markdown(bold(_("What is proposed?")))
        _draw_scenarios(comparison)
    with right:
        st.markdown(bold(_("Which verdicts changed?")))
        _draw_transitions(comparison)


def _draw_scenarios(comparison: RunComparison) -> None:
    rows = [
        {"scenario": scenario_title(name), "before": before, "after": after, "by": after - before}
        for name, (before, after) in comparison.scenarios.items()
    ]
    titles = {
        "scenario": _("Scenario"),
        "before": number_column(_("Before")),
        "after": number_column(_("After")),
        "by": number_column(_("Difference")),
    }
    show_rows(rows, titles, key="compared_scenarios", alt=_("Scenario"))


def _draw_transitions(comparison: RunComparison) -> None:
    if not comparison.transitions:
        st.caption(_("None."))
        return
    rows = [
        {
            "before": reason_title(one.before),
            "after": reason_title(one.after),
            "customers": one.customers,
        }
        for one in comparison.transitions
    ]
    titles = {
        "before": _("Before"),
        "after": _("After"),
        "customers": number_column(_("Customers")),
    }
    show_rows(rows, titles, key="compared_verdicts", alt=_("Which verdicts changed?"))


def _draw_customers(session: UiSession, comparison: RunComparison) -> None:
    kinds = [kind for kind in KINDS if comparison.counts[kind]]
    st.markdown(bold(_("Why did a customer change?")))
    st.caption(_("Click a row to see both lists and the cause."))
    kind = st.segmented_control(
        _("Customers"),
        kinds,
        default=kinds[0] if kinds else None,
        format_func=lambda kind: titled(_(_KIND_TITLES[kind]), _number(comparison, kind)),
        label_visibility="collapsed",
        key="compared_kind",
    )
    if kind is None:
        return
    ids = (comparison.older.run_id, comparison.newer.run_id)
    place = st.container()
    total = comparison.counts[kind]
    offset = choose_page(total, _PAGE, key=f"compared_page_{kind}", is_counted=False)
    found = customers_of_comparison(session.store, *ids, kind=kind, limit=_PAGE, offset=offset)
    shown = st.query_params.get(WHY_PARAM)
    with place:
        chosen = choose_row(
            [_row(customer) for customer in found],
            {
                "customer": _("Customer"),
                "before": _("Verdict before"),
                "after": _("Verdict after"),
                "kept": _("Products kept"),
                "own": _("Her own data differ"),
            },
            key=f"compared_{kind}_{offset}_{shown}",
            alt=_("Customers of the comparison"),
        )
    if chosen is not None and found[chosen].customer != shown:
        st.query_params[WHY_PARAM] = found[chosen].customer
        st.rerun()
    if shown is not None:
        draw_difference(session, comparison, customer_of_comparison(session.store, *ids, shown))


def _number(comparison: RunComparison, kind: str) -> str:
    return format_number(comparison.counts[kind])


def _row(customer: CustomerDifference) -> dict[str, Any]:
    return {
        "customer": customer.customer,
        "before": _verdict(customer.reason_before),
        "after": _verdict(customer.reason_after),
        "kept": _kept(customer.before, customer.after),
        "own": _own(customer),
    }


def _verdict(reason: str | None) -> str:
    return NO_VALUE if reason is None else reason_title(reason)


def _kept(before: Sequence[ListItem], after: Sequence[ListItem]) -> str:
    kept = {item.product_key for item in before} & {item.product_key for item in after}
    return _("%(kept)s of %(before)s", kept=len(kept), before=len(before))


def _own(customer: CustomerDifference) -> str:
    if not customer.is_own_known:
        return _("not known")
    return _("yes") if customer.own.is_any else _("no")
