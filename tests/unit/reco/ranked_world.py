"""A random dataset, ranked, with what the kernels were given and what they found."""

import numpy as np

from core.policy import Policy
from core.reco.affinity import describe, make_scratch, weigh
from core.reco.candidates import NEAR, POPULAR
from core.reco.features import build_facts
from core.reco.ranking import rank_candidates
from core.reco.scoring import COMPONENTS
from core.reco.tables import fetch_columns
from core.reco.timing import chance_alive, chance_by_now
from tests.unit.reco.dataset import AS_OF, TODAY, fetch, frame_of, load_dataset, random_world

POLICY = Policy(pool_size=40)


class World:
    """What was ranked, row by row: `rows` of (customer, item, scenario, ground, components)."""

    def __init__(self):
        self.con = load_dataset(**random_world(12))
        self.facts = build_facts(self.con, AS_OF, POLICY)
        self.done = rank_candidates(self.con, self.facts, AS_OF, POLICY)
        self.shelf = self.done.shelf
        self.pool = fetch_columns(self.con, "FROM pool")
        names = ("customer_no", "item", "scenario", "ground")
        numbers = [self.pool[name].tolist() for name in names]
        components = np.stack([self.pool[name] for name in COMPONENTS], axis=1)
        self.rows = list(zip(*numbers, components, strict=True))
        self.bought = frame_of(self.facts.history)
        trade = fetch(self.con, "SELECT is_trade::INTEGER FROM customer_facts ORDER BY customer_no")
        self.population = [number for (number,) in trade]


def described(world, known):
    """Return by customer and candidate its value, and the timing of what was bought, else None.

    `known` is what the kernel is told of items. The timing: the chance that she would have come
    back, the chance that the habit is alive, the expected log gap.
    """
    history, model = world.facts.history, world.done.model
    found = {}
    scratch = make_scratch(history.items, history.items + NEAR + POPULAR)
    for customer in range(history.customers):
        low, high = history.offsets[customer : customer + 2]
        if low == high:
            continue
        bought, number, _ = describe(
            low, high, TODAY, world.population[customer], history.item, history.basket,
            history.day, history.volume, known, scratch,
        )  # fmt: skip
        weigh(number, model.blend.weights, scratch)
        for at in range(number):
            item, days, timing = int(scratch.item[at]), scratch.days_of[at], None
            if at < bought:
                chance = chance_by_now(
                    scratch.waited[at], scratch.expected[at], days - 1,
                    known.deviation, known.shrinkage,
                )  # fmt: skip
                rate = known.repeat_rate[min(days, 4) - 1, item]
                timing = chance, chance_alive(chance, rate), scratch.expected[at]
            found.setdefault(customer, {})[item] = scratch.value[at], timing
    return found
