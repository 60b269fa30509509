import numpy as np
import pytest

from core.reco.history import history_of_baskets
from core.reco.tempo import FAINTEST, decay_table, measure_tempo
from tests.unit.reco.dataset import TODAY, frame_of, random_history


@pytest.mark.parametrize("seed", range(3))
def test_tempo_is_that_of_a_plain_table(seed):
    history = random_history(seed)
    baskets = frame_of(history).groupby(["customer", "basket"]).day.first()
    gaps = np.sort(baskets.groupby("customer").diff().dropna())
    ages = np.sort(TODAY - baskets.to_numpy())
    typical = gaps[(len(gaps) + 1) // 2 - 1]  # the lower one of two in the middle
    covered = ages[int(np.ceil(0.9 * len(ages))) - 1]
    found = measure_tempo(history, TODAY)
    assert found.typical_gap == typical
    assert found.interest_half_life == 40 * typical
    assert found.slow_half_life == min(90, covered / 6)
    assert found.fast_half_life == min(15, covered / 36)


DAYS = {
    "nothing bought": ([[]], (30, 1)),
    "one basket each": ([[90], [90]], (30, 10)),
    "twice a day": ([[50, 50, 50]], (1, 50)),
    "a gap longer than any": ([[-9000, 96]], (4000, 4000)),
}


@pytest.mark.parametrize(("days", "expected"), DAYS.values(), ids=DAYS)
def test_tempo_of_small_histories(days, expected):
    history = history_of_baskets([[[0]] * len(own) for own in days], 1, days)
    found = measure_tempo(history, 100)
    covered = expected[1]
    assert found.typical_gap == expected[0]
    assert found.slow_half_life == pytest.approx(min(90, covered / 6))
    assert found.fast_half_life == pytest.approx(min(15, covered / 36))


def test_weights_halve_with_the_half_life_and_never_reach_zero():
    weights = decay_table(0.5, 5_000)
    assert weights[:3].tolist() == [1, 0.25, 0.0625]
    assert weights[-1] == FAINTEST > 0
