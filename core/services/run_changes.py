"""The figures of a run beside those of the run before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.contracts import RuleCode, RunVersion, Severity
from core.formats import format_change
from core.i18n import N_, translate
from core.services.run_records import RunCard
from core.services.run_reports import card_of, finished_run, summary_in
from core.store.runs import load_runs
from core.store.tenant import TenantStore

_DIGITS = 6  # of a share, as the summary has it


@dataclass(frozen=True, kw_only=True)
class Change:
    """A figure of the run before and of this one; None where a run has no such figure."""

    before: float | None
    after: float | None

    @property
    def by(self) -> float | None:
        """Return how much the figure rose, None unless both runs have it."""
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, _DIGITS)


@dataclass(frozen=True, kw_only=True)
class RunChanges:
    """What changed since the run before, which is `before`, as its reviews left it.

    `figures` by the summary's key; `scores` are quantiles of the audit scores; `issues` by rule
    and severity, repairs among those of severity INFO.
    """

    before: RunCard
    figures: Mapping[str, Change]
    scores: Mapping[str, Change]
    issues: Mapping[tuple[str, str], Change]


FIGURES = ("customers", "eligible", "gating_rate", "recommendations", "repairs", "rejected")


def changes_of(
    store: TenantStore, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> RunChanges | None:
    """Compare a finished run with the one launched before it, None for the first.

    Raises `NotFound` unless the run is finished. The run before is the last finished one that was
    launched earlier, whatever its as-of date.
    """
    with store.read() as tx:
        run = finished_run(tx, run_id)
        _this, *earlier = load_runs(tx, limit=2, done_only=True, up_to=run)
    if not earlier:
        return None
    before, after = summary_in(earlier[0]), summary_in(run, version)
    return RunChanges(
        before=card_of(earlier[0]),
        figures={name: _change(before, after, name) for name in FIGURES},
        scores={
            name: _change(before, after, "audit_score_quantiles", name)
            for name in after["audit_score_quantiles"]
        },
        issues={
            (rule.value, severity.value): _change(
                before, after, "rule_counts", rule.value, severity.value
            )
            for rule in RuleCode
            for severity in Severity
        },
    )


def change_said(change: Change, language: str, *, is_share: bool = False) -> str | None:
    """Return by how much a figure rose, in the reader's words; None unless both runs have it.

    A share rises by points of a hundred.
    """
    if change.by is None:
        return None
    if is_share:
        points = format_change(100 * change.by, language, digits=1)
        return translate(language, N_("%(points)s points"), points=points)
    return format_change(change.by, language)


def _change(before: Mapping[str, Any], after: Mapping[str, Any], *path: str) -> Change:
    return Change(before=_figure(before, path), after=_figure(after, path))


def _figure(summary: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    """Return a figure of a summary, None where an earlier version of the program had none."""
    found: Any = summary
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None
