"""From the answers of trials to figures per system, and what they say.

Every customer counts once: where she was asked for on several dates, her figures are averaged
first. Coverage is the share of the offered items that stand in anybody's list, averaged over the
trials.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.contracts import Scenario
from core.reco.backtest.baselines import BASELINES, rank_baselines
from core.reco.backtest.measures import MEASURES, hits_of, mean_by_customer, measure
from core.reco.backtest.systems import rank_catalogue
from core.reco.backtest.trials import Trial
from core.reco.backtest.verdict import Comparison, compare
from core.reco.learning import Model
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray

RECOMMENDER, LISTS = "recommender", "lists"
COMPARED = ("recall", "ndcg_full")  # the first one gives the verdict


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The lists of a run for who is asked for: items and scenario numbers (asked, k), -1 none."""

    item: Int32Array
    scenario: Int32Array


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the systems answered in one trial: measures and coverage by system, and by scenario.

    `named` and `found` (scenarios, ) count the items of the lists and those of them bought.
    """

    customer: IntArray
    measured: Mapping[str, FloatArray]
    coverage: Mapping[str, float]
    named: IntArray
    found: IntArray


@dataclass(frozen=True, kw_only=True)
class System:
    """Figures of one system: means over customers by measure, None where nobody has any."""

    name: str
    means: Mapping[str, float | None]
    coverage: float


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One system against the baseline that is best by `measure`."""

    system: str
    baseline: str
    measure: str
    comparison: Comparison


@dataclass(frozen=True, kw_only=True)
class ScenarioFigures:
    """How many items of a scenario the lists named, and how many of them were bought."""

    scenario: Scenario
    named: int
    found: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a backtest found; the first of `compared` is the verdict."""

    customers: int
    occasions: int
    bought: float | None
    repeat_share: float | None
    systems: tuple[System, ...]
    compared: tuple[Compared, ...]
    scenarios: tuple[ScenarioFigures, ...]


NOTHING = Outcome(
    customers=0, occasions=0, bought=None, repeat_share=None, systems=(), compared=(), scenarios=()
)


def answer(
    trial: Trial, model: Model, k: int, lists: Lists | None = None, threads: int | None = None
) -> Answers:
    """Let the recommender, the lists and the baselines answer one trial, and measure them."""
    history, asked = trial.history, trial.asked
    rankings = {
        RECOMMENDER: rank_catalogue(model, history, trial.population, asked, k, threads),
        **({} if lists is None else {LISTS: lists.item}),
        **rank_baselines(trial, k),
    }
    named, found = np.zeros(len(Scenario), np.int64), np.zeros(len(Scenario), np.int64)
    if lists is not None:
        shown = lists.item >= 0
        hits = hits_of(lists.item, asked, history.items)
        named = np.bincount(lists.scenario[shown], minlength=len(Scenario))
        found = np.bincount(lists.scenario[hits], minlength=len(Scenario))
    offered = trial.catalogue.offered
    return Answers(
        customer=asked.customer,
        measured={name: measure(one, history, asked) for name, one in rankings.items()},
        coverage={name: _coverage(one, offered) for name, one in rankings.items()},
        named=named,
        found=found,
    )


def _coverage(ranked: Int32Array, offered: BoolArray) -> float:
    named = np.unique(ranked[ranked >= 0])
    return float(offered[named].sum() / max(offered.sum(), 1))


def conclude(answers: Sequence[Answers], seed: int) -> Outcome:
    """Return the figures over all `answers` and the comparisons, none without any answer.

    The resamples of every comparison are drawn from `seed`.
    """
    if not answers:
        return NOTHING
    customer = np.concatenate([one.customer for one in answers])
    means = {
        name: mean_by_customer(np.concatenate([one.measured[name] for one in answers]), customer)
        for name in answers[0].measured
    }
    rows = np.concatenate([one.measured[RECOMMENDER] for one in answers])
    bought, repeats = rows[:, MEASURES.index("bought")], rows[:, MEASURES.index("repeats")]
    named, found = sum(one.named for one in answers), sum(one.found for one in answers)
    return Outcome(
        customers=len(means[RECOMMENDER]),
        occasions=len(rows),
        bought=float(bought.mean()) if len(rows) else None,
        repeat_share=float(repeats.sum() / bought.sum()) if bought.sum() else None,
        systems=tuple(_system(name, one, answers) for name, one in means.items()),
        compared=_comparisons(means, seed),
        scenarios=tuple(
            ScenarioFigures(scenario=one, named=int(n), found=int(f))
            for one, n, f in zip(Scenario, np.asarray(named), np.asarray(found), strict=True)
        )
        if LISTS in means
        else (),
    )


def _system(name: str, by_customer: FloatArray, answers: Sequence[Answers]) -> System:
    valid = ~np.isnan(by_customer)
    means = {
        one: float(by_customer[valid[:, column], column].mean()) if valid[:, column].any() else None
        for column, one in enumerate(MEASURES)
    }
    coverage = float(np.mean([one.coverage[name] for one in answers]))
    return System(name=name, means=means, coverage=coverage)


def _comparisons(means: Mapping[str, FloatArray], seed: int) -> tuple[Compared, ...]:
    found = []
    for system in (name for name in means if name not in BASELINES):
        for one in COMPARED:
            column = MEASURES.index(one)
            totals = [float(means[name][:, column].sum()) for name in BASELINES]
            best = BASELINES[int(np.argmax(totals))]
            comparison = compare(
                means[system][:, column], means[best][:, column], np.random.default_rng(seed)
            )
            found.append(Compared(system=system, baseline=best, measure=one, comparison=comparison))
    return tuple(found)
