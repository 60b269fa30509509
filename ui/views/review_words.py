"""Decisions of a review in words: what, whom, and where each stands."""

from collections.abc import Sequence

from core.contracts import REASON_OK
from core.services.review_desk import DecisionCard
from core.services.review_meant import APPROVE, REJECT, REPLACE
from core.services.run_records import Verdict
from core.store.reviews import Decision
from ui.i18n import _, format_number, ngettext_, titled
from ui.views.words import reason_title


def verdict_title(verdict: Verdict) -> str:
    """Return the verdict on a customer: the audit's, or that the review rejected her."""
    if verdict.eligible and not verdict.gate_export:
        return _("Rejected in review")
    return reason_title(verdict.reason)


def decision_title(card: DecisionCard) -> str:
    """Return what was decided."""
    kind, product = card.decision.kind, card.product_name
    if product is None:
        return _("Not to be written to") if kind == REJECT else _("Approved as a whole")
    if kind == REPLACE:
        return _(
            "%(product)s replaced by %(replacement)s",
            product=product,
            replacement=card.replacement_name,
        )
    if kind == APPROVE:
        return _("%(product)s approved", product=product)
    return _("%(product)s rejected", product=product)


def whom_title(card: DecisionCard) -> str:
    """Return whom a decision means: a customer's code, or how many and which filter showed them."""
    decision = card.decision
    if decision.customer is not None:
        return decision.customer
    conditions = _filter_titles(card)
    if decision.customers is None:
        return ", ".join(conditions) or _("Everybody who has it")
    count = ngettext_("%(count)s customer", "%(count)s customers", decision.customers)
    return titled(count, ", ".join(conditions)) if conditions else count


def _filter_titles(card: DecisionCard) -> list[str]:
    """Return each condition of the filter in words; that on the decided product is left out."""
    titles, wanted = [], card.decision.customers_like
    if wanted.rule:
        titles.append(_("Rule: %(rule)s", rule=reason_title(wanted.rule)))
    if wanted.reason:
        titles.append(reason_filter_title(wanted.reason))
    if wanted.score_from is not None:
        titles.append(score_title(wanted.score_from, wanted.score_to))
    if wanted.product and wanted.product != card.decision.product_key:
        titles.append(_("Product: %(product)s", product=card.filtered_name))
    return titles


def reason_filter_title(reason: str) -> str:
    """Return which verdict a filter keeps."""
    title = reason_title(reason)
    return title if reason == REASON_OK else _("Blocked by: %(reason)s", reason=title)


def score_title(low: int, high: int | None) -> str:
    """Return a range of audit scores in words."""
    if low == high:
        return _("Score: %(score)s", score=format_number(low))
    return _("Score: %(low)s to %(high)s", low=format_number(low), high=format_number(high))


def state_title(decision: Decision) -> str:
    """Return where a decision stands."""
    if decision.withdrawn_at is not None:
        return _("Taken back, waits") if decision.waits else _("Taken back")
    if decision.applied_review is None:
        return _("Waits")
    return _("Applied in review %(number)s", number=format_number(decision.applied_review))


def waiting_titles(about: Sequence[DecisionCard]) -> dict[str, str]:
    """Return what the next review makes of the products of one customer's list, by key.

    `about` has the decisions about the customer, the newest first; what has no key stays.
    """
    titles: dict[str, str] = {}
    for card in reversed(about):
        decision = card.decision
        if decision.product_key is None:
            continue
        if decision.withdrawn_at is not None:
            titles[decision.replacement or decision.product_key] = _("Decision taken back")
        elif decision.kind == APPROVE:
            titles[decision.product_key] = _("Approved")
        elif decision.waits and decision.kind == REPLACE:
            titles[decision.product_key] = _("Becomes %(product)s", product=card.replacement_name)
        elif decision.waits:
            titles[decision.product_key] = _("Leaves the list")
    return titles
