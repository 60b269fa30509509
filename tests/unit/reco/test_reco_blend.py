import numpy as np

from core.policy import Policy
from core.reco import blend
from core.reco.blend import LEAST_OCCASIONS, fit_blend
from core.reco.history import history_of_baskets
from core.reco.learning import bare_catalogue, learn_model
from tests.unit.reco.dataset import TODAY


def two_baskets_each(customers):
    """The second basket holds again what the first one did."""
    baskets = [[[n % 7, 7], [n % 7]] for n in range(customers)]
    days = [[TODAY - 400 - n % 9, TODAY - 300 + n % 9] for n in range(customers)]
    return history_of_baskets(baskets, 8, days)


def test_a_part_is_learned_on_the_clock_of_the_whole(monkeypatch):
    """All baskets are targets here and the part is empty; each wait must still have its day."""
    history = two_baskets_each(LEAST_OCCASIONS)
    parts = []

    def fit(history, population, learn, threads):
        parts.append(learn(blend._without_last(history, blend.DEEPEST)))
        return fit_blend(history, population, learn, threads)

    monkeypatch.setattr("core.reco.learning.fit_blend", fit)
    population = np.zeros(history.customers, np.int8)
    whole = learn_model(history, None, population, bare_catalogue(8), Policy(), TODAY).learned
    [part] = parts
    assert part.first_day == whole.known.first_day == history.day.min()
    assert part.clock.shape[1] == TODAY - history.day.min() + 1
