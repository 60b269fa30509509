"""The tables of the quality report, as rows of text in the reader's language."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from core.contracts import Severity
from core.formats import format_moment, format_number, format_percent
from core.i18n import N_
from core.services.policy_words import SEVERITY_CHOICES
from core.services.review import KIND_TITLES
from core.services.run_changes import RunChanges, change_said
from core.services.run_records import RuleCount, Verdict
from core.services.run_words import REASON_TITLES
from core.store.reviews import Decision
from core.store.run_reads import VerdictFilter

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
            ", ".join(_(REASON_TITLES.get(code, code)) for code in _against(verdict)),
            _remedy(verdict, remedies),
        )
        for verdict in verdicts
    ]


def _remedy(verdict: Verdict, remedies: Mapping[str, str]) -> str:
    known = (remedies[code] for code in _against(verdict) if code in remedies)
    return " ".join(dict.fromkeys(known)) or NO_VALUE


def _against(verdict: Verdict) -> Sequence[str]:
    """Return the rules that a customer fails, or the verdict of one who fails none."""
    return verdict.rules or (verdict.reason,)


def decision_rows(
    decisions: Sequence[Decision], time_zone: str, language: str, _: Say
) -> list[Row]:
    """Return when, who, what, on whom or what, why, and what became of each decision."""
    return [
        (
            format_moment(decision.decided_at, time_zone, language),
            decision.decided_by,
            _(KIND_TITLES[decision.kind]),
            _subject(decision, _),
            decision.note or NO_VALUE,
            _fate(decision, _),
        )
        for decision in decisions
    ]


def _subject(decision: Decision, _: Say) -> str:
    whom = decision.customer or _whom(decision.customers_like, _)
    product = decision.product_key or ""
    if decision.replacement:
        product = f"{product} → {decision.replacement}"
    return ", ".join(filter(None, (whom, product)))


def _whom(customers_like: VerdictFilter, _: Say) -> str:
    conditions = [
        _(_CONDITIONS[name], value=_(REASON_TITLES[value]) if value in REASON_TITLES else value)
        for name, value in vars(customers_like).items()
        if value is not None
    ]
    return ", ".join(conditions) or _("all customers")


def _fate(decision: Decision, _: Say) -> str:
    if decision.withdrawn_at is not None:
        return _("withdrawn by %(who)s", who=decision.withdrawn_by)
    if decision.waits:
        return _("waits to be applied")
    return _("in force since review %(number)s", number=decision.applied_review)
