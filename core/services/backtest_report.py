"""What a backtest found, as JSON-ready data; documented in `docs/backtest.md`."""

from collections.abc import Mapping
from typing import Any

from core.reco.backtest.outcome import Compared, Outcome, ScenarioFigures, System
from core.reco.backtest.verdict import Verdict

DIGITS = 6


def report_of(outcome: Outcome, *, protocol: str, k: int, **more: object) -> dict[str, Any]:
    """Return the report of `outcome`: figures in [0, 1] rounded to 6 digits, None for none.

    `more` are the report's other entries, such as the dates of a rolling backtest.
    """
    return {
        "protocol": protocol,
        "k": k,
        "verdict": _verdict_of(outcome).value,
        "customers": outcome.customers,
        "occasions": outcome.occasions,
        "bought_per_occasion": _rounded(outcome.bought),
        "repeat_share": _rounded(outcome.repeat_share),
        "systems": [_system(one) for one in outcome.systems],
        "comparisons": [_comparison(one) for one in outcome.compared],
        "scenarios": [_scenario(one) for one in outcome.scenarios],
        **more,
    }


def _verdict_of(outcome: Outcome) -> Verdict:
    return outcome.compared[0].comparison.verdict if outcome.compared else Verdict.NOT_ENOUGH


def _system(system: System) -> dict[str, Any]:
    means: Mapping[str, float | None] = {n: _rounded(v) for n, v in system.means.items()}
    return {
        "system": system.name,
        "recall": means["recall"],
        "ndcg_full": means["ndcg_full"],
        "ndcg_truncated": means["ndcg_truncated"],
        "hit_rate": means["hit"],
        "coverage": _rounded(system.coverage),
        "repeat": {"recall": means["recall_repeat"], "hit_rate": means["hit_repeat"]},
        "new": {"recall": means["recall_new"], "hit_rate": means["hit_new"]},
    }


def _comparison(compared: Compared) -> dict[str, Any]:
    found = compared.comparison
    return {
        "system": compared.system,
        "baseline": compared.baseline,
        "measure": compared.measure,
        "ours": _rounded(found.ours),
        "theirs": _rounded(found.theirs),
        "difference": _rounded(found.difference),
        "low": _rounded(found.low),
        "high": _rounded(found.high),
        "standard_error": _rounded(found.standard_error),
        "customers": found.customers,
        "matters": _rounded(found.matters),
        "is_small": found.is_small,
        "enough": found.enough,
        "verdict": found.verdict.value,
    }


def _scenario(figures: ScenarioFigures) -> dict[str, Any]:
    share = figures.found / figures.named if figures.named else None
    return {
        "scenario": figures.scenario.value,
        "named": figures.named,
        "found": figures.found,
        "share": _rounded(share),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
