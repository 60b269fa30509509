import numpy as np
import pytest

from core.policy import Policy
from core.reco import blend
from core.reco.affinity import describe, make_scratch
from core.reco.blend import DEFAULT, LEAST_OCCASIONS, describe_targets, fit_blend
from core.reco.candidates import NEAR, POPULAR
from core.reco.history import history_of_baskets
from core.reco.learning import bare_catalogue, learn, learn_model
from core.reco.logit import _log_likelihood
from tests.unit.reco.dataset import TODAY, frame_of, random_history


def knowledge_of(part, population=None, first_day=TODAY - 900):
    if population is None:
        population = np.zeros(part.customers, np.int8)
    catalogue = bare_catalogue(part.items)
    return learn(part, None, population, catalogue, Policy(), TODAY, first_day=first_day).known


def plain_targets(history, back):
    """Customer, first row and row behind the last `back` baskets that have one before them."""
    rows = frame_of(history).reset_index()
    found = []
    for customer, own in rows.groupby("customer"):
        ends = own.groupby("basket")["index"].agg(["min", "max"])[1:][::-1][:back]
        found += [(customer, first, last + 1) for first, last in ends.itertuples(index=False)]
    return found


@pytest.mark.parametrize("back", [1, 3])
def test_targets_are_the_last_baskets_that_have_one_before_them(back):
    history = random_history(4)
    found = blend._targets(history, back)
    rows = list(zip(found.customer, found.first, found.behind, strict=True))
    assert rows == plain_targets(history, back)


@pytest.mark.parametrize("back", [1, 3])
def test_what_is_learned_from_lacks_the_last_baskets(back):
    history = random_history(4)
    rows = frame_of(history)
    newest = rows.groupby("customer").basket.transform("max")
    kept = rows[rows.basket <= newest - back].reset_index(drop=True)
    part = blend._without_last(history, back)
    assert frame_of(part).equals(kept)
    assert (part.customers, part.items) == (history.customers, history.items)


def test_many_targets_are_sampled_evenly(monkeypatch):
    monkeypatch.setattr(blend, "MOST_OCCASIONS", 4)
    number = np.arange(10)
    targets = blend.Targets(customer=number, first=number + 20, behind=number + 30)
    found = blend._sampled(targets)
    assert found.customer.tolist() == [0, 2, 5, 7]
    assert found.first.tolist() == [20, 22, 25, 27]
    assert found.behind.tolist() == [30, 32, 35, 37]


def test_a_target_is_described_by_what_came_before_it(monkeypatch):
    monkeypatch.setattr(blend, "OCCASIONS_PER_SLICE", 7)
    history = random_history(4)
    known, population = knowledge_of(history), np.zeros(history.customers, np.int8)
    found = describe_targets(history, population, blend._targets(history, 2), known, threads=2)
    scratch = make_scratch(history.items, history.items + NEAR + POPULAR)
    for at, (customer, first, behind) in enumerate(plain_targets(history, 2)):
        _, number, _ = describe(
            history.offsets[customer], first, history.day[first], 0, history.item, history.basket,
            history.day, history.volume, known, scratch,
        )  # fmt: skip
        rows = slice(*found.offsets[at : at + 2])
        assert np.array_equal(found.features[rows], scratch.features[:number])
        held = np.isin(scratch.item[:number], history.item[first:behind])
        assert np.array_equal(found.taken[rows], held)


def two_baskets_each(customers):
    """The second basket holds again what the first one did."""
    baskets = [[[n % 7, 7], [n % 7]] for n in range(customers)]
    days = [[TODAY - 400 - n % 9, TODAY - 300 + n % 9] for n in range(customers)]
    return history_of_baskets(baskets, 8, days)


@pytest.mark.parametrize(
    ("customers", "learned_from"), [(LEAST_OCCASIONS - 1, 0), (LEAST_OCCASIONS, LEAST_OCCASIONS)]
)
def test_few_data_keep_the_default_blend(customers, learned_from):
    found = fit_blend(two_baskets_each(customers), np.zeros(customers, np.int8), knowledge_of)
    assert found.occasions == learned_from
    assert np.array_equal(found.weights, DEFAULT) == (learned_from == 0)


def test_a_fitted_blend_foretells_its_own_baskets_better_than_the_default():
    history = random_history(8, customers=300)
    population = np.zeros(history.customers, np.int8)
    found = fit_blend(history, population, knowledge_of)
    targets = blend._targets(history, blend._depth(history))
    assert found.occasions == len(targets.customer)
    known = knowledge_of(blend._without_last(history, blend._depth(history)))
    given = describe_targets(history, population, targets, known)

    def likelihood(weights):
        return _log_likelihood(given.offsets, given.features, given.taken, weights)

    assert likelihood(found.weights) > likelihood(DEFAULT) + 1


def test_many_customers_are_sampled_evenly_with_their_populations(monkeypatch):
    monkeypatch.setattr(blend, "MOST_CUSTOMERS", 60)
    history = two_baskets_each(240)
    parts = []

    def learn_part(part, population):
        parts.append((part.customers, population.tolist()))
        return knowledge_of(part, population)

    found = fit_blend(history, (np.arange(240) // 4 % 2).astype(np.int8), learn_part)
    assert parts == [(60, [0, 1] * 30)]
    chosen = history.some_customers(np.arange(0, 240, 4))
    assert chosen.item.tolist() == [
        n for c in range(0, 240, 4) for n in (*sorted((c % 7, 7)), c % 7)
    ]
    alone = fit_blend(chosen, np.tile(np.array([0, 1], np.int8), 30), knowledge_of)
    assert np.array_equal(found.weights, alone.weights)


def test_a_part_is_learned_on_the_clock_of_the_whole(monkeypatch):
    """All baskets are targets here and the part is empty; each wait must still have its day."""
    history = two_baskets_each(LEAST_OCCASIONS)
    parts = []

    def fit(history, population, learn, threads):
        parts.append(learn(blend._without_last(history, blend._depth(history)), population))
        return fit_blend(history, population, learn, threads)

    monkeypatch.setattr("core.reco.learning.fit_blend", fit)
    population = np.zeros(history.customers, np.int8)
    whole = learn_model(history, None, population, bare_catalogue(8), Policy(), TODAY).learned
    [part] = parts
    assert part.first_day == whole.known.first_day == history.day.min()
    assert part.clock.shape[1] == TODAY - history.day.min() + 1


def test_half_of_the_purchases_stay_to_learn_from_when_everybody_came_seldom():
    history = history_of_baskets([[[n % 3], [1 + n % 3], [n % 2]] for n in range(90)], items=4)
    parts = []

    def learn_part(part, population):
        parts.append(part)
        return knowledge_of(part, population)

    fit_blend(history, np.zeros(90, np.int8), learn_part)
    assert len(parts[0].item) == 180
