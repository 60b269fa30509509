"""Campaigns: what a live one did, beside those held out of it; and all of them together."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.outreach.effects import Effect, Measure
from core.outreach.protocol import FINISHED, Mode
from core.services.campaign_reports import CampaignStatus
from core.services.campaign_results import WINDOW_DAYS, CampaignResult, results_of
from core.services.message_templates import template_title
from core.services.pooled_results import PooledResult, pooled_results
from core.store.tenant import TenantStore
from ui.i18n import _, format_date, format_number, ngettext_
from ui.layout import Figure, error_boundary, figures_row
from ui.session import UiSession
from ui.tables import show_rows
from ui.views.campaigns_results_chart import Difference, draw_differences
from ui.views.campaigns_results_words import (
    amount,
    buyers_sentence,
    lift,
    measure_title,
    verdict_sentence,
    verdict_title,
)
from ui.views.plain import bold

_LONGEST = 90
_KEPT_SECONDS = 60  # of a large campaign they take seconds, and a page is drawn at every click


def draw_results(session: UiSession, status: CampaignStatus) -> None:
    """Draw what a live campaign that is over did; nothing for any other."""
    if status.mode != Mode.LIVE or status.state not in FINISHED:
        return
    st.header(_("What did it do?"), anchor=False)
    with error_boundary():
        days = _choose_window()
        result = _results(session.tenant.tenant_id, status.campaign_id, days, session.store)
        _draw_messages(result)
        _draw_verdict(result)
        if result.sides.held_out.customers:
            _draw_effects(session, result.effects, key="results")
            draw_differences(
                [_point(_("this campaign"), result.effects)],
                _("By how much did more of them buy?"),
                key="results_chart",
            )
        if st.toggle(_("Show all live campaigns together"), key="results_pooled"):
            draw_pooled(session, days)


def draw_pooled(session: UiSession, days: int) -> None:
    """Draw the effects of the newest live campaigns, each and taken together."""
    pooled = pooled_of(session, days)
    if pooled.waiting:
        waiting = ngettext_(
            "%(count)s campaign is not counted yet: its window is not over, or its sales are not"
            " imported.",
            "%(count)s campaigns are not counted yet: their windows are not over, or their sales"
            " are not imported.",
            pooled.waiting,
        )
        st.caption(waiting)
    if not pooled.campaigns:
        st.caption(_("No campaign with customers held out has a result yet."))
        return
    buyers, *_rest = pooled.effects
    st.markdown(bold(verdict_sentence(buyers)))
    points = [
        _point(
            f"{template_title(one.template, session.language)}, {format_date(one.first_day)}",
            one.effects,
        )
        for one in pooled.campaigns
    ]
    draw_differences(
        [*points, _point(_("together"), pooled.effects)],
        _("By how much did more buy in each campaign?"),
        key="pooled_chart",
    )
    _draw_effects(session, pooled.effects, key="pooled")
    st.caption(
        _(
            "Each campaign weighs by how exactly its difference is known. This assumes that all"
            " have the same effect. The same customers in several of them are no new evidence, so"
            " they make the intervals wider."
        )
    )


def pooled_of(session: UiSession, days: int) -> PooledResult:
    """Return the effects of the newest live campaigns, kept for a minute."""
    return _pooled(session.tenant.tenant_id, days, session.store)


@st.cache_data(max_entries=100, ttl=_KEPT_SECONDS, show_spinner=False)
def _results(
    tenant_id: str,  # noqa: ARG001
    campaign_id: str,
    days: int,
    _store: TenantStore,
) -> CampaignResult:
    return results_of(_store, campaign_id, days)


@st.cache_data(max_entries=100, ttl=_KEPT_SECONDS, show_spinner=False)
def _pooled(tenant_id: str, days: int, _store: TenantStore) -> PooledResult:  # noqa: ARG001
    return pooled_results(_store, days)


def _choose_window() -> int:
    return st.number_input(
        _("Days that count after the first message"),
        min_value=1,
        max_value=_LONGEST,
        value=WINDOW_DAYS,
        width=320,
        help=_("Purchases count from the day of the first message on, for those held out as well."),
        key="results_days",
    )


def _draw_messages(result: CampaignResult) -> None:
    told = result.messages
    figures_row(
        [
            Figure(label=_("Sent"), value=format_number(result.sent)),
            Figure(label=_("Delivered"), value=format_number(told["delivered"])),
            Figure(
                label=_("Opened, unreliable"),
                value=format_number(told["opened"]),
                explanation=_(
                    "Some mail programs load the pictures of every message by themselves, others"
                    " never: this figure says little."
                ),
            ),
            Figure(label=_("Clicked"), value=format_number(told["clicked"])),
        ]
    )
    st.caption(
        _(
            "Bounced for good: %(hard)s; for now: %(soft)s. Complaints: %(complained)s."
            " Unsubscribed: %(left)s.",
            hard=format_number(told["hard_bounced"]),
            soft=format_number(told["soft_bounced"]),
            complained=format_number(told["complained"]),
            left=format_number(told["unsubscribed"]),
        )
    )


def _draw_verdict(result: CampaignResult) -> None:
    with st.container(border=True):
        if result.last_day is not None:
            st.markdown(buyers_sentence(result))
        st.markdown(bold(verdict_sentence(result.effects[0], result)))
        if result.written_otherwise:
            otherwise = _(
                "Held-out customers whom another campaign wrote to meanwhile: %(count)s. They make"
                " the difference smaller.",
                count=format_number(result.written_otherwise),
            )
            st.caption(otherwise)
        if result.left_out:
            left_out = ngettext_(
                "%(count)s customer is in a segment of which nobody is held out, and not compared.",
                "%(count)s customers are in segments of which nobody is held out, and not"
                " compared.",
                result.left_out,
            )
            st.caption(left_out)


def _draw_effects(session: UiSession, effects: Sequence[Effect], *, key: str) -> None:
    titles = {
        "measure": _("Per customer"),
        "treated": _("Campaign"),
        "held_out": _("Held out"),
        "difference": _("Difference"),
        "between": _("With 95 percent certainty"),
        "visible": _("Smallest lift to be seen"),
        "verdict": _("Verdict"),
    }
    rows = [_row(effect, session.tenant.currency) for effect in effects]
    show_rows(rows, titles, key=key, alt=_("Purchases per customer, of both sides"))


def _row(effect: Effect, currency: str) -> dict[str, Any]:
    difference, low, high, visible = (
        lift(effect.measure, value, currency)
        for value in (effect.difference, effect.low, effect.high, effect.visible)
    )
    return {
        "measure": measure_title(effect.measure),
        "treated": amount(effect.measure, effect.treated, currency),
        "held_out": amount(effect.measure, effect.held_out, currency),
        "difference": difference,
        "between": _("%(low)s to %(high)s", low=low, high=high),
        "visible": visible,
        "verdict": verdict_title(effect.verdict),
    }


def _point(title: str, effects: Sequence[Effect]) -> Difference:
    effect = next(effect for effect in effects if effect.measure is Measure.BUYERS)
    return Difference(title=title, effect=effect)
