"""What is learned of a part of a history, to fit the blend on the rest."""

import numpy as np

from core.policy import Policy
from core.reco import learning
from core.reco.blend import DEFAULT, Blend
from core.reco.history import history_of_baskets

AS_OF = 400


def test_the_clock_of_a_part_begins_with_the_whole(monkeypatch):
    """Customers are described on days that the part has no purchases of."""
    baskets = [[[item % 3], [1 + item % 3]] for item in range(60)]
    history = history_of_baskets(baskets, items=4, days=[[5 + n, 300 + n] for n in range(60)])
    part = history_of_baskets([[] for _ in baskets], items=4)
    known = []

    def fit_blend(whole, population, learn, threads):
        assert whole is history
        known.append(learn(part))
        return Blend(weights=DEFAULT, occasions=0)

    monkeypatch.setattr(learning, "fit_blend", fit_blend)
    population = np.zeros(60, np.int8)
    catalogue = learning.bare_catalogue(4)
    learning.learn_model(history, None, population, catalogue, Policy(), AS_OF)
    assert known[0].first_day == 5
    assert known[0].clock.shape[1] == AS_OF - 5 + 1
