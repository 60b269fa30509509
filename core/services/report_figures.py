"""The charts of the quality report: each answers one question, with its figures behind it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from core.contracts import REASON_OK, SCENARIO_TITLES, Scenario, Severity
from core.formats import format_compact, format_number, format_percent, format_short_date
from core.i18n import translate
from core.services.policy_words import SEVERITY_CHOICES
from core.services.report_charts import (
    BAD,
    GOOD,
    MAIN,
    MUTED,
    PAST,
    WARN,
    Bar,
    Mark,
    Part,
    columns_svg,
    rows_svg,
)
from core.services.run_records import GatingPoint, Quality, ScenarioCount
from core.services.run_words import REASON_TITLES, SEGMENT_TITLES

Say = Callable[..., str]  # a sentence in the reader's language

RUNS_SHOWN = 8
_BIN, _BEST = 10, 100
_LOOKS = {Severity.ERROR: BAD, Severity.WARN: WARN, Severity.INFO: MUTED}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart under its question; `unit` says what is counted, `legend` names looks in order.

    `header` and `rows` are the figures behind it, of which the first `texts` columns are words;
    without rows there is nothing to draw. `is_open` shows them beside it, a column for each look
    of the legend: not every part of a bar has room for its value.
    """

    question: str
    unit: str
    svg: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()
    texts: int = 1
    is_open: bool = False


def charts_of(
    quality: Quality, history: Sequence[GatingPoint], gate: int, language: str
) -> tuple[Chart, ...]:
    """Return the charts of a run in the order in which they are read.

    `history` ends with the run itself; `gate` is the audit score from which a customer passes.
    """
    _ = partial(translate, language)
    return (
        _scores(quality, gate, _, language),
        _reasons(quality, _, language),
        _issues(quality, _, language),
        _gating(history[-RUNS_SHOWN:], _, language),
        _mix(quality, _, language),
    )


def _scores(quality: Quality, gate: int, _: Say, language: str) -> Chart:
    found = {row.score_from: (row.eligible, row.customers) for row in quality.score_bins}
    bins = [(start, *found.get(start, (0, 0))) for start in range(0, _BEST + 1, _BIN)]
    question = _("How are the audit scores spread?")
    bars = [
        Bar(
            label=str(start),
            value=format_compact(customers, language) if customers else "",
            parts=(
                Part(value=eligible, look=GOOD),
                Part(value=customers - eligible, look=BAD),
            ),
        )
        for start, eligible, customers in bins
    ]
    mark = Mark(place=gate / _BIN, label=_("gate at %(score)s", score=gate))
    return Chart(
        question=question,
        unit=_("customers by audit score"),
        svg=columns_svg(bars, question, slots=len(bars), at_edges=True, mark=mark),
        legend=((GOOD, _("eligible")), (BAD, _("blocked"))),
        header=(_("Audit score"), _("eligible"), _("blocked")),
        rows=tuple(
            (
                _bin_title(start),
                format_number(eligible, language),
                format_number(customers - eligible, language),
            )
            for start, eligible, customers in bins
            if customers
        ),
    )


def _bin_title(start: int) -> str:
    return str(start) if start == _BEST else f"{start}–{start + _BIN - 1}"


def _reasons(quality: Quality, _: Say, language: str) -> Chart:
    found = [row for row in quality.reasons if row.reason != REASON_OK]
    rows = tuple(
        (_(REASON_TITLES.get(row.reason, row.reason)), format_number(row.customers, language))
        for row in found
    )
    question = _("Why are customers blocked?")
    return Chart(
        question=question,
        unit=_("customers by the first reason"),
        svg=_plain_rows(rows, [(row.customers, BAD) for row in found], question),
        header=(_("Reason"), _("customers")),
        rows=rows,
    )


def _issues(quality: Quality, _: Say, language: str) -> Chart:
    found = [row for row in quality.issues if not row.is_repair]
    rows = tuple(
        (
            _(REASON_TITLES.get(row.rule_code, row.rule_code)),
            _(SEVERITY_CHOICES[row.severity]),
            format_number(row.issues, language),
        )
        for row in found
    )
    severities = [severity for severity in Severity if severity in {row.severity for row in found}]
    question = _("Which rules are broken?")
    values = [(row.issues, _LOOKS[Severity(row.severity)]) for row in found]
    return Chart(
        question=question,
        unit=_("issues by rule and severity"),
        svg=_plain_rows([(f"{row[0]} · {row[1]}", row[2]) for row in rows], values, question),
        legend=tuple((_LOOKS[s], _(SEVERITY_CHOICES[s])) for s in severities),
        header=(_("Rule"), _("Severity"), _("issues")),
        rows=rows,
        texts=2,
    )


def _plain_rows(
    rows: Iterable[tuple[str, ...]], values: Iterable[tuple[float, str]], question: str
) -> str:
    bars = [
        Bar(label=label, value=written, parts=(Part(value=value, look=look),))
        for (label, written), (value, look) in zip(rows, values, strict=True)
    ]
    return rows_svg(bars, question)


def _gating(history: Sequence[GatingPoint], _: Say, language: str) -> Chart:
    rates = [format_percent(point.gating_rate, language, digits=1) for point in history]
    days = [format_short_date(point.as_of, language) for point in history]
    question = _("Is the share of blocked customers rising?")
    last = len(history) - 1
    bars = [
        Bar(
            label=f"{day[:5]}\n{day[6:]}",
            value=rate,
            parts=(Part(value=point.gating_rate, look=MAIN if place == last else PAST),),
        )
        for place, (point, day, rate) in enumerate(zip(history, days, rates, strict=True))
    ]
    return Chart(
        question=question,
        unit=_("gating rate by as-of date, in the order of the runs"),
        svg=columns_svg(bars, question, slots=RUNS_SHOWN, at_edges=False),
        legend=((MAIN, _("this run")), (PAST, _("earlier runs"))),
        header=(_("As-of date"), _("customers"), _("Gating rate")),
        rows=tuple(
            (day, format_number(point.customers, language), rate)
            for point, day, rate in zip(history, days, rates, strict=True)
        ),
    )


def _mix(quality: Quality, _: Say, language: str) -> Chart:
    named = {row.segment for row in quality.scenario_mix}
    titles = {segment: _(SEGMENT_TITLES.get(segment, segment)) for segment in named}
    segments = sorted(titles, key=lambda segment: titles[segment])
    counts = {segment: _by_scenario(quality.scenario_mix, segment) for segment in segments}
    question = _("What is each segment proposed?")
    bars = [
        Bar(label=titles[segment], value="", parts=_shares(counts[segment], language))
        for segment in segments
    ]
    scenarios = tuple(_(SCENARIO_TITLES[scenario]) for scenario in Scenario)
    return Chart(
        question=question,
        unit=_("share of the recommendations by scenario"),
        svg=rows_svg(bars, question, are_shares=True),
        legend=tuple(zip(Scenario, scenarios, strict=True)),
        header=(_("Segment"), *scenarios),
        rows=tuple(
            (titles[segment], *(format_number(items, language) for items in counts[segment]))
            for segment in segments
        ),
        is_open=True,
    )


def _by_scenario(rows: Iterable[ScenarioCount], segment: str) -> list[int]:
    found = {row.scenario: row.items for row in rows if row.segment == segment}
    return [found.get(scenario, 0) for scenario in Scenario]


def _shares(counts: Sequence[int], language: str) -> tuple[Part, ...]:
    total = sum(counts) or 1
    return tuple(
        Part(value=items, look=scenario, label=format_percent(items / total, language))
        for scenario, items in zip(Scenario, counts, strict=True)
    )
