"""Backtest: measures by hand and against plain twins, baselines, verdicts where they are known."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.reco.backtest.baselines import BASELINES, rank_baselines
from core.reco.backtest.measures import MEASURES, mean_by_customer, measure
from core.reco.backtest.outcome import RECOMMENDER, answer, conclude
from core.reco.backtest.systems import rank_catalogue
from core.reco.backtest.trials import UNKNOWN_ITEM, Trial, bought_between, hold_out_last
from core.reco.backtest.verdict import LEAST_CUSTOMERS, Verdict, compare, customers_enough
from core.reco.history import history_of_baskets
from tests.unit.reco.backtest_data import (
    drawn_trial,
    learned,
    plain_baselines,
    plain_measures,
    plain_ranking,
    rows_of,
    trial_of,
)

SEED = 20


def ranked(*items: int) -> "np.typing.NDArray[np.int32]":
    return np.array([items], np.int32)


def test_the_measures_by_hand() -> None:
    """Bought: 1 and 2 (known), 7 and 8 (new); ranked 1, 5, 7: two hits of four."""
    trial = trial_of([[[1, 2], [5]]], [[1, 2, 7, 8]], items=10)
    found = dict(
        zip(MEASURES, measure(ranked(1, 5, 7), trial.history, trial.asked)[0], strict=True)
    )
    gain = 1 + 1 / 2
    full = 1 + 1 / math.log2(3) + 1 / 2 + 1 / math.log2(5)
    assert found == pytest.approx(
        {
            "recall": 2 / 4,
            "ndcg_full": gain / full,
            "ndcg_truncated": gain / (1 + 1 / math.log2(3) + 1 / 2),
            "hit": 1,
            "recall_repeat": 1 / 2,
            "hit_repeat": 1,
            "recall_new": 1 / 2,
            "hit_new": 1,
            "bought": 4,
            "repeats": 2,
        }
    )


def test_what_nobody_could_know_counts_as_missed() -> None:
    trial = trial_of([[[1], [1]]], [[1, 2]], items=3)
    unknown = replace(trial.asked, item=np.array([1, UNKNOWN_ITEM], np.int32))
    found = dict(zip(MEASURES, measure(ranked(1, 2), trial.history, unknown)[0], strict=True))
    assert (found["recall"], found["recall_new"], found["bought"]) == (0.5, 0, 2)


@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_kernels_equal_their_plain_twins(k: int) -> None:
    trial = drawn_trial(1)
    model = learned(trial)
    rankings = {
        RECOMMENDER: rank_catalogue(model, trial.history, trial.population, trial.asked, k),
        **rank_baselines(trial, k),
    }
    for customer in range(trial.history.customers):
        plain = {
            RECOMMENDER: plain_ranking(trial, model, customer, k),
            **plain_baselines(trial, customer, k),
        }
        bought = trial.asked.item[slice(*trial.asked.offsets[customer : customer + 2])].tolist()
        known = set(rows_of(trial, customer)[0])
        for name, ranking in plain.items():
            one = rankings[name][customer]
            assert one[one >= 0].tolist() == ranking, name
            wanted = plain_measures([*ranking, *[-2] * (k - len(ranking))], bought, known)
            measured = measure(rankings[name], trial.history, trial.asked)[customer]
            assert dict(zip(MEASURES, measured, strict=True)) == pytest.approx(wanted, nan_ok=True)


def test_any_number_of_threads_gives_the_same_ranking() -> None:
    trial = drawn_trial(2, customers=9_000, items=20)
    given = (learned(trial), trial.history, trial.population, trial.asked, 5)
    assert np.array_equal(rank_catalogue(*given, threads=1), rank_catalogue(*given, threads=3))


def test_the_last_basket_of_whoever_has_three_is_held_out() -> None:
    history = history_of_baskets(
        [[[1], [2]], [[3], [4], [5, 6]], [], [[1], [2], [3], [7]]], items=8
    )
    kept, asked = hold_out_last(history)
    assert asked.customer.tolist() == [1, 3]
    assert asked.item.tolist() == [5, 6, 7]
    assert asked.offsets.tolist() == [0, 2, 3]
    assert asked.today.tolist() == [0, 0]
    assert kept.item.tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert kept.offsets.tolist() == [0, 2, 4, 4, 7]


def test_the_future_is_what_was_bought_in_the_window_by_who_was_known() -> None:
    days = [[1, 5, 11, 21], [12], [3, 20, 20]]
    history = history_of_baskets([[[0], [1], [2], [3]], [[1]], [[0], [1], [1, 2]]], 4, days)
    known = history_of_baskets([[[0], [1]], [], [[0]]], 4, [[1, 5], [], [3]])
    numbers = np.array([0, 1, UNKNOWN_ITEM, 3], np.int32)
    asked = bought_between(history, 10, 20, numbers, known)
    assert asked.customer.tolist() == [0, 2]
    assert asked.item.tolist() == [UNKNOWN_ITEM, 1, UNKNOWN_ITEM]
    assert asked.today.tolist() == [10, 10]


def test_each_customer_counts_once() -> None:
    measured = np.array([[1.0, np.nan], [0.0, 1.0], [1.0, np.nan]])
    found = mean_by_customer(measured, np.array([4, 4, 9]))
    assert np.array_equal(found, [[0.5, 1.0], [1.0, np.nan]], equal_nan=True)


def drawn(mean: float, deviation: float, number: int) -> "np.typing.NDArray[np.float64]":
    return np.random.default_rng(3).normal(mean, deviation, number)


@pytest.mark.parametrize(
    ("mean", "deviation", "number", "verdict"),
    [
        (0.02, 0.1, 2_000, Verdict.BETTER),
        (-0.02, 0.1, 2_000, Verdict.WORSE),
        (0.0, 0.05, 4_000, Verdict.NO_DIFFERENCE),
        (0.0, 0.3, 200, Verdict.NOT_ENOUGH),
        (0.5, 0.1, LEAST_CUSTOMERS - 1, Verdict.NOT_ENOUGH),
        (0.0, 0.0, LEAST_CUSTOMERS, Verdict.NOT_ENOUGH),
        (0.0, 0.0, 1_000, Verdict.NO_DIFFERENCE),
    ],
)
def test_the_verdict_where_it_is_known(
    mean: float, deviation: float, number: int, verdict: Verdict
) -> None:
    differences = drawn(mean, deviation, number)
    if verdict in (Verdict.NO_DIFFERENCE, Verdict.NOT_ENOUGH):
        differences -= differences.mean() - mean
    found = compare(0.2 + differences, np.full(number, 0.2), np.random.default_rng(SEED))
    assert found.verdict is verdict
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.difference <= found.high
    assert (found.customers >= found.enough) or found.verdict is not Verdict.NO_DIFFERENCE


def test_a_sure_but_small_difference_is_said_to_be_small() -> None:
    found = compare(np.full(100, 0.201), np.full(100, 0.2), np.random.default_rng(SEED))
    assert (found.verdict, found.is_small) == (Verdict.BETTER, True)
    found = compare(np.full(100, 0.22), np.full(100, 0.2), np.random.default_rng(SEED))
    assert (found.verdict, found.is_small) == (Verdict.BETTER, False)


def test_nobody_to_compare_is_not_enough() -> None:
    found = compare(np.zeros(0), np.zeros(0), np.random.default_rng(SEED))
    assert (found.verdict, found.enough) == (Verdict.NOT_ENOUGH, LEAST_CUSTOMERS)
    assert found.low is None


def test_enough_customers_do_show_a_difference_that_matters() -> None:
    """By the definition of `enough`: four samples in five, of that size, say better."""
    rng, baseline, deviation = np.random.default_rng(5), 0.2, 0.1
    number = customers_enough(deviation, baseline)
    said = [
        compare(
            baseline + rng.normal(0.05 * baseline, deviation, number),
            np.full(number, baseline),
            np.random.default_rng(SEED),
        ).verdict
        for _ in range(80)
    ]
    assert 0.7 < said.count(Verdict.BETTER) / len(said) < 0.9


def test_the_interval_is_as_wide_as_theory_says_and_repeats_itself() -> None:
    differences = drawn(0.0, 1.0, 4_000)
    found = [compare(differences, np.zeros(4_000), np.random.default_rng(SEED)) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].low is not None
    assert found[0].high is not None
    width = found[0].high - found[0].low
    assert width == pytest.approx(2 * 1.96 * differences.std() / math.sqrt(4_000), rel=0.1)


def test_habits_beat_popularity_and_chance_beats_nothing() -> None:
    """Where everybody buys by habit the recommender is better than popularity, and says so."""
    trial = drawn_trial(7, customers=400, items=200, habit=0.9)
    outcome = conclude([answer(trial, learned(trial), 3)], SEED)
    means = {system.name: system.means["recall"] or 0 for system in outcome.systems}
    assert set(means) == {RECOMMENDER, *BASELINES}
    assert means[RECOMMENDER] > 2 * means["popularity"]
    assert outcome.compared[0].baseline == max(BASELINES, key=means.__getitem__)
    assert outcome.compared[0].comparison.verdict is not Verdict.WORSE


def test_same_data_same_outcome_whatever_the_threads() -> None:
    trial = drawn_trial(8)
    one, two = (conclude([answer(trial, learned(trial), 5, threads=n)], SEED) for n in (1, 4))
    assert one == two


PEOPLE = 600


def a_break_with_the_past() -> Trial:
    """Every basket lately was something new; next comes the old favourite."""
    rng = np.random.default_rng(1)
    past = [
        [[20 + c % 40]] * 4 + [[int(item)] for item in rng.permutation(20)[:4]]
        for c in range(PEOPLE)
    ]
    return trial_of(past, [[20 + c % 40] for c in range(PEOPLE)], items=60)


def what_goes_together() -> Trial:
    """Whoever buys x buys x + 20 next, and neither again."""
    rng = np.random.default_rng(1)
    drawn = [[int(item) for item in rng.permutation(20)[:3]] for _ in range(PEOPLE)]
    past = [[[x], [x + 20], [y], [y + 20], [z]] for x, y, z in drawn]
    return trial_of(past, [[z + 20] for _, _, z in drawn], items=40)


def one_habit() -> Trial:
    return trial_of([[[c % 5]] * 4 for c in range(PEOPLE)], [[c % 5] for c in range(PEOPLE)], 5)


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (what_goes_together, Verdict.BETTER),
        (a_break_with_the_past, Verdict.WORSE),
        (one_habit, Verdict.NO_DIFFERENCE),
        (lambda: drawn_trial(1, customers=20), Verdict.NOT_ENOUGH),
    ],
)
def test_the_verdict_on_shops_where_the_answer_is_known(
    make: Callable[[], Trial], verdict: Verdict
) -> None:
    trial = make()
    outcome = conclude([answer(trial, learned(trial), 1)], SEED)
    assert outcome.compared[0].comparison.verdict is verdict
