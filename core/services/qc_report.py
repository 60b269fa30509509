"""The quality report of a run: one HTML file that opens, prints and is understood anywhere.

It holds no script and asks nothing of any server; whatever comes from a file is escaped. Figures
are those that the run keeps, so its size does not grow with the number of customers. Names, and
how many may be telephoned, are read when it is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.contracts import RunVersion
from core.formats import format_date, format_moment, format_number, format_percent
from core.i18n import translate
from core.services.call_list import number_of_calls
from core.services.report_charts import swatch_svg
from core.services.report_figures import RUNS_SHOWN, charts_of
from core.services.report_tables import (
    Say,
    change_rows,
    decision_rows,
    gone_rows,
    lowest_rows,
    repair_rows,
    rule_rows,
)
from core.services.review_desk import decision_page
from core.services.run_changes import RunChanges, change_said, changes_of
from core.services.run_records import GatingPoint, Quality, RunDetail
from core.services.run_reports import gating_history, lowest_scores, qc_of, run_of
from core.store.tenant import TenantStore

LOWEST_SHOWN = 20
DECISIONS_SHOWN = 100
_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of the figures on top, with its change since the run before where there is one."""

    label: str
    value: str
    change: str | None = None


def report_html(
    store: TenantStore,
    run_id: str,
    version: RunVersion = RunVersion.REVIEWED,
    language: str | None = None,
) -> bytes:
    """Return the quality report of a finished run as an HTML document in UTF-8.

    `language` is the tenant's unless given. The same run, reviews and people give the same bytes.
    Raises `NotFound` unless the run is finished.
    """
    language = language or store.tenant.language
    _ = partial(translate, language)
    quality = qc_of(store, run_id, version=version, language=language)
    run = run_of(store, run_id, version=version, language=language)
    changes = changes_of(store, run_id, version)
    lowest = lowest_scores(store, run_id, limit=LOWEST_SHOWN, version=version).verdicts
    decisions = decision_page(store, run_id, limit=DECISIONS_SHOWN)
    standing = [row for row in quality.issues if not row.is_repair]
    gate = run.summary["policy"]["audit"]["gate_score"]
    words = {
        "_": _,
        "language": language,
        "tenant": store.tenant.name,
        "as_of": format_date(run.card.as_of, language),
        "facts": _facts(store, run, _, language),
        "lead": _lead(quality, run.summary.get("rejected", 0), _, language),
        "figures": _figures(quality, changes, number_of_calls(store, run_id, version), _, language),
        "before": changes and format_date(changes.before.as_of, language),
        "warnings": run.warnings,
        "charts": charts_of(quality, _history(store, run_id, quality), gate, language),
        "changes": change_rows(changes, language, _) if changes else [],
        "rules": rule_rows(standing, changes, language, _),
        "gone": gone_rows(standing, changes, language, _),
        "repairs": repair_rows((r for r in quality.issues if r.is_repair), language, _),
        "lowest": lowest_rows(lowest, {row.rule_code: row.remedy for row in standing}, _),
        "is_reviewed": version is RunVersion.REVIEWED,
        "decisions": decision_rows(decisions.cards, store.tenant.time_zone, language, _),
        "more_decisions": decisions.total - len(decisions.cards),
        "origin": _origin(run, _),
    }
    return _environment().get_template("qc_report.html").render(words).encode()


def _facts(store: TenantStore, run: RunDetail, _: Say, language: str) -> list[tuple[str, str]]:
    card, review = run.card, run.summary["review"]
    launched = format_moment(card.created_at, store.tenant.time_zone, language)
    return [
        (_("As-of date"), format_date(card.as_of, language)),
        (_("Launched"), _("%(when)s by %(who)s", when=launched, who=card.created_by)),
        (_("Policy version"), _policy(card.policy_version, _)),
        (
            _("Lists"),
            _("as review %(number)s left them", number=review)
            if review
            else _("as the run made them"),
        ),
    ]


def _policy(version: int | None, _: Say) -> str:
    if version is None:
        return _("not kept")
    return str(version) if version else _("Defaults")


def _lead(quality: Quality, rejected: int, _: Say, language: str) -> str:
    if not quality.customers:
        return _("There are no customers, so there is nothing to judge.")
    figures = {
        "customers": quality.customers,
        "left": quality.eligible - rejected,
        "blocked": quality.customers - quality.eligible,
        "rejected": rejected,
    }
    written = {name: format_number(figure, language) for name, figure in figures.items()}
    if rejected:
        return _(
            "Of %(customers)s customers %(left)s may be written to; %(blocked)s are blocked,"
            " %(rejected)s rejected in review.",
            **written,
        )
    return _(
        "Of %(customers)s customers %(left)s may be written to; %(blocked)s are blocked.",
        **written,
    )


def _figures(
    quality: Quality, changes: RunChanges | None, calls: int, _: Say, language: str
) -> list[Figure]:
    def change(name: str, *, is_share: bool = False) -> str | None:
        if changes is None:
            return None
        return change_said(changes.figures[name], language, is_share=is_share)

    return [
        Figure(
            label=_("Customers"),
            value=format_number(quality.customers, language),
            change=change("customers"),
        ),
        Figure(
            label=_("Eligible"),
            value=format_number(quality.eligible, language),
            change=change("eligible"),
        ),
        Figure(
            label=_("Gating rate"),
            value=format_percent(quality.gating_rate, language, digits=1),
            change=change("gating_rate", is_share=True),
        ),
        Figure(label=_("Can be telephoned instead"), value=format_number(calls, language)),
    ]


def _history(store: TenantStore, run_id: str, quality: Quality) -> Sequence[GatingPoint]:
    """Return the runs up to this one, which stands in the version that is looked at."""
    *earlier, this = gating_history(store, limit=RUNS_SHOWN, up_to=run_id)
    return (*earlier, replace(this, gating_rate=quality.gating_rate, eligible=quality.eligible))


def _origin(run: RunDetail, _: Say) -> list[tuple[str, str]]:
    return [
        (_("Run"), run.card.run_id),
        (_("sha256 of the data"), run.summary["dataset_hash"]),
        (_("sha256 of the policy"), run.summary["policy_sha256"]),
        (_("Version of the program"), run.summary["code_version"]),
    ]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["swatch"] = swatch_svg
    return environment
