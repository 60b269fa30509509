"""The tables of the quality report, as rows of text in the reader's language."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from core.contracts import Severity
from core.formats import format_moment, format_number, format_percent
from core.i18n import N_, translate_plural
from core.services.policy_words import SEVERITY_CHOICES
from core.services.review import KIND_TITLES
from core.services.review_desk import DecisionCard
from core.services.run_changes import RunChanges, change_said
from core.services.run_records import RuleCount, Verdict
from core.services.run_words import REASON_TITLES
from core.store.reviews import Decision

NO_VALUE = "–"
Say = Callable[..., str]  # a sentence in the reader's language
Row = tuple[str, ...]

_FIGURES: Mapping[str, str] = {
    "customers": N_("Customers"),
    "eligible": N_("Eligible"),
    "gating_rate": N_("Gating rate"),
    "recommendations": N_("Recommendations"),
    "repairs": N_("Items repaired before the verdict"),
    "rejected": N_("Eligible customers rejected in a review"),
}
_SCORES: Mapping[str, str] = {
    "min": N_("Lowest audit score"),
    "p05": N_("Audit score that 5 % do not exceed"),
    "p25": N_("Audit score that a quarter does not exceed"),
    "p50": N_("Audit score in the middle"),
}
_CONDITIONS: Mapping[str, str] = {
    "rule": N_("rule: %(value)s"),
    "reason": N_("verdict: %(value)s"),
    "score_from": N_("score from %(value)s"),
    "score_to": N_("score up to %(value)s"),
    "product": N_("product: %(value)s"),
}


def change_rows(changes: RunChanges, language: str, _: Say) -> list[Row]:
    """Return what, this run, the run before, and the change, of each figure that both have."""
    figures = [(_FIGURES[name], changes.figures[name], name == "gating_rate") for name in _FIGURES]
    scores = [
        (title, changes.scores[name], False)
        for name, title in _SCORES.items()
        if name in changes.scores
    ]
    return [
        (
            _(title),
            _written(change.after, language, is_share=is_share),
            _written(change.before, language, is_share=is_share),
            change_said(change, language, is_share=is_share) or NO_VALUE,
        )
        for title, change, is_share in (*figures, *scores)
        if change.by is not None
    ]


def _written(figure: float | None, language: str, *, is_share: bool = False) -> str:
    if figure is None:
        return NO_VALUE
    if is_share:
        return format_percent(figure, language, digits=1)
    return format_number(figure, language)


def rule_rows(
    rows: Iterable[RuleCount], changes: RunChanges | None, language: str, _: Say
) -> list[Row]:
    """Return rule, severity, issues, their change since the run before, sentence and remedy."""
    return [
        (
            _(REASON_TITLES.get(row.rule_code, row.rule_code)),
            _(SEVERITY_CHOICES[row.severity]),
            format_number(row.issues, language),
            _issue_change(row, changes, language),
            row.sentence,
            row.remedy,
        )
        for row in rows
    ]


def repair_rows(rows: Iterable[RuleCount], language: str, _: Say) -> list[Row]:
    """Return the rule an item would have broken, and how many were taken out of lists for it."""
    return [
        (
            _(REASON_TITLES.get(row.rule_code, row.rule_code)),
            format_number(row.issues, language),
            format_number(row.customers, language),
        )
        for row in rows
    ]


def _issue_change(row: RuleCount, changes: RunChanges | None, language: str) -> str:
    found = changes.issues.get((row.rule_code, row.severity)) if changes else None
    return (found and change_said(found, language)) or NO_VALUE


def gone_rows(
    rows: Iterable[RuleCount], changes: RunChanges | None, language: str, _: Say
) -> list[Row]:
    """Return rule, severity and the former number of issues of what is found no more."""
    if changes is None:
        return []
    present = {(row.rule_code, row.severity) for row in rows}
    return [
        (
            _(REASON_TITLES.get(rule, rule)),
            _(SEVERITY_CHOICES[severity]),
            _written(change.before, language),
        )
        for (rule, severity), change in changes.issues.items()
        if change.before and (rule, severity) not in present and severity != Severity.INFO
    ]


def lowest_rows(verdicts: Sequence[Verdict], remedies: Mapping[str, str], _: Say) -> list[Row]:
    """Return name, code, audit score, what stands against each customer, and the remedy."""
    return [
        (
            verdict.name or NO_VALUE,
            verdict.customer,
            str(verdict.audit_score),
            ", ".join(_against_titles(verdict, _)),
            _remedy(verdict, remedies),
        )
        for verdict in verdicts
    ]


def _remedy(verdict: Verdict, remedies: Mapping[str, str]) -> str:
    known = (remedies[code] for code in _against(verdict) if code in remedies)
    return " ".join(dict.fromkeys(known)) or NO_VALUE


def _against_titles(verdict: Verdict, _: Say) -> list[str]:
    """Return what stands in the way of a customer, a review included."""
    is_rejected = verdict.eligible and not verdict.gate_export
    codes = verdict.rules if is_rejected else _against(verdict)
    titles = [_(REASON_TITLES.get(code, code)) for code in codes]
    return [*titles, _("Rejected in review")] if is_rejected else titles


def _against(verdict: Verdict) -> Sequence[str]:
    """Return the rules that a customer fails, or the verdict of one who fails none."""
    return verdict.rules or (verdict.reason,)


def decision_rows(
    cards: Sequence[DecisionCard], time_zone: str, language: str, _: Say
) -> list[Row]:
    """Return when, who, what, on whom or what, why, and what became of each decision."""
    return [
        (
            format_moment(card.decision.decided_at, time_zone, language),
            card.decision.decided_by,
            _(KIND_TITLES[card.decision.kind]),
            ", ".join(filter(None, (_whom(card, language, _), _what(card)))),
            card.decision.note or NO_VALUE,
            _fate(card.decision, _),
        )
        for card in cards
    ]


def _what(card: DecisionCard) -> str | None:
    if card.decision.replacement:
        return f"{card.product_name} → {card.replacement_name}"
    return card.product_name


def _whom(card: DecisionCard, language: str, _: Say) -> str:
    """Return a customer's code, or how many were meant and which filter showed them."""
    decision = card.decision
    if decision.customer is not None:
        return decision.customer
    said = [_(_CONDITIONS[name], value=value) for name, value in _conditions(card, _)]
    if decision.customers is not None:
        said.insert(0, _customers(decision.customers, language))
    return ", ".join(said) or (
        _("Everybody who has it") if card.product_name else _("all customers")
    )


def _customers(count: int, language: str) -> str:
    written = format_number(count, language)
    one, many = N_("%(count)s customer"), N_("%(count)s customers")
    return translate_plural(language, one, many, count, count=written)


def _conditions(card: DecisionCard, _: Say) -> Iterator[tuple[str, object]]:
    """Yield the conditions of the filter; that on the decided product itself is left out."""
    decision = card.decision
    for name, value in vars(decision.customers_like).items():
        if name == "product" and value not in (None, decision.product_key):
            yield name, card.filtered_name
        elif name != "product" and value is not None:
            yield name, _(REASON_TITLES[value]) if value in REASON_TITLES else value


def _fate(decision: Decision, _: Say) -> str:
    if decision.withdrawn_at is not None:
        return _("withdrawn by %(who)s", who=decision.withdrawn_by)
    if decision.waits:
        return _("waits to be applied")
    return _("in force since review %(number)s", number=decision.applied_review)
