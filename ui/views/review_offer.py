"""What could take the place of an item: candidates and the catalogue, each with its audit."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.contracts import RuleCode, Severity
from core.policy import Policy, parse_policy
from core.services.review import Subject
from core.services.review_meant import REPLACE
from core.services.review_offers import MOST_OFFERED, Offer, offers_for
from core.services.run_reports import summary_of
from core.store.tenant import TenantStore
from ui.i18n import _, format_number, titled
from ui.session import UiSession
from ui.tables import choose_row, money_column
from ui.views.plain import plain
from ui.views.review_enter import ask_reason, enter
from ui.views.words import reason_title, scenario_title, severity_choice

_FRESH_SECONDS = 120


def draw_replacement(session: UiSession, run_id: str, subject: Subject, *, key: str) -> None:
    """Draw the search and what it offers; the chosen product replaces the item, with a reason."""
    search = st.text_input(
        _("Search the whole catalogue"),
        type="search",
        placeholder=_("Name or key of a product"),
        key=f"{key}_search",
        autocomplete="off",
    )
    policy = parse_policy(summary_of(session.store, run_id)["policy"])
    offers = _offers(session, run_id, subject, search or "", key)
    offer = _choose_offer(session, policy, offers, search or "", f"{key}_offers_{search}")
    if offer is None:
        return
    if offer.worst(policy) is Severity.ERROR:
        st.warning(_("It breaks a rule that blocks: this customer will not be written to with it."))
    note = ask_reason(f"{key}_replace_why")
    label = _("Replace by %(product)s", product=plain(offer.name))
    if st.button(label, type="primary", key=f"{key}_replace"):
        enter(session, run_id, REPLACE, subject, note, offer.product_key)


def _choose_offer(
    session: UiSession, policy: Policy, offers: Sequence[Offer], search: str, key: str
) -> Offer | None:
    if not offers:
        st.caption(_no_offer(search))
        return None
    is_search = bool(search.strip())
    st.caption(
        _("Found in the catalogue:") if is_search else _("Candidates of the run, best first:")
    )
    titles: dict[str, Any] = {
        "product": st.column_config.TextColumn(_("Product"), width=200),
        "audit": st.column_config.TextColumn(_("Audit"), width=245),
        "price": money_column(_("Price"), session.tenant.currency),
        "family": _("Family"),
        "scenario": _("Scenario"),
    }
    rows = [_row(offer, policy) for offer in offers]
    chosen = choose_row(rows, titles, key=key, alt=_("What could take the place"))
    if len(offers) == MOST_OFFERED:
        most = format_number(MOST_OFFERED)
        st.caption(_("The first %(count)s are shown. Search to see others.", count=most))
    if chosen is None:
        st.caption(_("Click the product that takes the place."))
        return None
    return offers[chosen]


def _no_offer(search: str) -> str:
    if search.strip():
        return _("No product of the catalogue has all these words in its name or key.")
    return _("The run left no candidate over for this customer. Search the catalogue.")


def _row(offer: Offer, policy: Policy) -> dict[str, Any]:
    return {
        "product": offer.name,
        "family": offer.family,
        "price": offer.price_cents,
        "audit": audit_title(offer, policy),
        "scenario": scenario_title(offer.scenario),
    }


def audit_title(offer: Offer, policy: Policy) -> str:
    """Return the audit result in words: that it passes, or each rule it would break."""
    return ", ".join(_broken_title(rule, policy) for rule in offer.rules) or _("Passes")


def _broken_title(rule: str, policy: Policy) -> str:
    severity = policy.audit.severity_of(RuleCode(rule)) or Severity.INFO
    return titled(severity_choice(severity), reason_title(rule))


def _offers(
    session: UiSession, run_id: str, subject: Subject, search: str, into: str
) -> tuple[Offer, ...]:
    assert subject.customer is not None
    assert subject.product_key is not None
    return _offers_of(
        session.tenant.tenant_id,
        run_id,
        subject.customer,
        subject.product_key,
        search,
        into,
        _store=session.store,
    )


@st.cache_data(max_entries=200, ttl=_FRESH_SECONDS, show_spinner=False)
def _offers_of(
    tenant_id: str,  # noqa: ARG001
    run_id: str,
    customer: str,
    product_key: str,
    search: str,
    into: str,  # noqa: ARG001 - another list, other offers
    _store: TenantStore,
) -> tuple[Offer, ...]:
    """Return the offers, kept for as long as somebody chooses among them."""
    return offers_for(_store, run_id, customer, product_key, search)
