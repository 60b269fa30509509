"""What a backtest says in plain words: its verdict as a sentence, its figures as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.formats import format_number, format_percent
from core.i18n import N_, translate
from core.reco.backtest.baselines import GP_TOP_FREQ, LAST_BASKET, P_TOP_FREQ, POPULARITY
from core.reco.backtest.outcome import LISTS, RECOMMENDER
from core.reco.backtest.verdict import Verdict

SYSTEM_TITLES: Mapping[str, str] = {
    RECOMMENDER: N_("Recommender"),
    LISTS: N_("Lists of a run"),
    POPULARITY: N_("Most popular"),
    P_TOP_FREQ: N_("Own habits (P-TopFreq)"),
    GP_TOP_FREQ: N_("Own habits, then popular (GP-TopFreq)"),
    LAST_BASKET: N_("Last basket again"),
}
_SENTENCES: Mapping[str, str] = {
    Verdict.BETTER: N_("Better than the best baseline, “%(baseline)s”."),
    Verdict.WORSE: N_("Worse than the best baseline, “%(baseline)s”."),
    Verdict.NO_DIFFERENCE: N_(
        "No difference from the best baseline, “%(baseline)s”, was seen; one of 5 percent of its"
        " figure would have been."
    ),
    Verdict.NOT_ENOUGH: N_(
        "Not enough data to tell the recommender from the best baseline, “%(baseline)s”: about"
        " %(enough)s customers to compare would be enough, and there are %(customers)s."
    ),
}
_FIGURES = N_(
    "Of what a customer bought next, %(k)s proposals name %(ours)s on average, those of the"
    " baseline %(theirs)s: a difference of %(difference)s points (95 percent interval from %(low)s"
    " to %(high)s), over %(customers)s customers."
)
_SMALL = N_(
    "However sure, the difference is small: below 5 percent of the baseline's figure it hardly"
    " matters."
)
_TOO_SHORT = N_(
    "Not enough data: the sales cover %(days)s days, and %(needed)s would be enough to look back on"
    " one date."
)
_NO_SALES = N_("Not enough data: there are no sales of known customers.")
_HEADINGS = (
    N_("system"),
    N_("recall"),
    N_("NDCG full"),
    N_("NDCG truncated"),
    N_("hit rate"),
    N_("coverage"),
    N_("repeat recall"),
    N_("new recall"),
)
_SCENARIO_LINE = N_(
    "Scenario %(scenario)s: %(found)s of %(named)s proposals were bought (%(share)s)."
)
_NO_SHARE = "–"


def verdict_sentences(report: Mapping[str, Any], language: str) -> list[str]:
    """Return the verdict of a report in `language`: what it is, and the figures behind it."""
    if not report["comparisons"]:
        return [_too_little(report, language)]
    return comparison_sentences(report["comparisons"][0], report["k"], language)


def comparison_sentences(compared: Mapping[str, Any], k: int, language: str) -> list[str]:
    """Return what one comparison of recall says, and the figures behind it where there are any."""
    counts = {name: format_number(compared[name], language) for name in ("customers", "enough")}
    baseline = translate(language, SYSTEM_TITLES[compared["baseline"]])
    said = translate(language, _SENTENCES[compared["verdict"]], baseline=baseline, **counts)
    if not compared["customers"]:
        return [said]
    points = {
        name: format_number(100 * compared[name], language, digits=1)
        for name in ("difference", "low", "high")
    }
    shares = {
        name: format_percent(compared[name], language, digits=1) for name in ("ours", "theirs")
    }
    figures = translate(language, _FIGURES, k=k, **points, **shares, **counts)
    is_sure = compared["verdict"] in (Verdict.BETTER, Verdict.WORSE)
    small = [translate(language, _SMALL)] if is_sure and compared["is_small"] else []
    return [said, figures, *small]


def _too_little(report: Mapping[str, Any], language: str) -> str:
    if "days" not in report:
        return translate(language, _NO_SALES)
    needed = format_number(report["days_needed"], language)
    return translate(
        language, _TOO_SHORT, days=format_number(report["days"], language), needed=needed
    )


def report_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """Return a report as lines of text: verdict, table of the systems, scenarios."""
    headings = [translate(language, heading) for heading in _HEADINGS]
    rows = [headings, *(_cells(system, language) for system in report["systems"])]
    table = _aligned(rows) if report["systems"] else []
    scenarios = [
        translate(
            language,
            _SCENARIO_LINE,
            scenario=one["scenario"],
            found=format_number(one["found"], language),
            named=format_number(one["named"], language),
            share=_share(one["share"], language),
        )
        for one in report["scenarios"]
    ]
    return [*verdict_sentences(report, language), "", *table, *scenarios]


def _cells(system: Mapping[str, Any], language: str) -> list[str]:
    figures = [system[n] for n in ("recall", "ndcg_full", "ndcg_truncated", "hit_rate", "coverage")]
    figures += [system["repeat"]["recall"], system["new"]["recall"]]
    name = translate(language, SYSTEM_TITLES[system["system"]])
    return [name, *(_share(figure, language) for figure in figures)]


def _share(share: float | None, language: str) -> str:
    return _NO_SHARE if share is None else format_percent(share, language, digits=1)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]
