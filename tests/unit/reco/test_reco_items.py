import numpy as np
import pandas as pd
import pytest

from core.reco.history import history_of_baskets
from core.reco.items import (
    LEAST_TRADE_BUYERS,
    POPULARITY_DAYS,
    TERMS,
    count_items,
    populations_of,
)
from core.reco.tempo import Tempo
from tests.unit.reco.dataset import TODAY, frame_of, random_history, random_tickets

TEMPO = Tempo(typical_gap=7, interest_half_life=280, slow_half_life=90, fast_half_life=15)
ITEMS = 12


def purchases_of(history, tickets, population):
    """One row per purchase, tickets as buyers of population 0 below number 0."""
    rows = frame_of(history)[["customer", "item", "day"]]
    rows["population"] = population[rows.customer]
    if tickets is not None:
        ticket = np.repeat(np.arange(len(tickets.offsets) - 1), np.diff(tickets.offsets))
        sold = pd.DataFrame({"customer": -1 - ticket, "item": tickets.item, "day": tickets.day})
        rows = pd.concat([rows, sold.assign(population=0)])
    return rows.assign(age=TODAY - rows.day.astype(int))


def table(series, populations):
    """A series by population and item as an array."""
    cells = pd.MultiIndex.from_product([range(populations), range(ITEMS)])
    return series.reindex(cells, fill_value=0).to_numpy().reshape(populations, ITEMS)


def plain_counts(purchases, populations):
    cells = ["population", "item"]
    recent = purchases[purchases.age < POPULARITY_DAYS]
    times = purchases[purchases.customer >= 0].groupby([*cells, "customer"]).size()
    by_cell = {
        "popularity": recent.groupby(cells).customer.nunique(),
        "buyers": times.groupby(cells).size(),
        "rebuyers": (times >= 2).groupby(cells).sum(),
    }
    return {name: table(counts, populations) for name, counts in by_cell.items()}


def plain_terms(purchases, counts, populations):
    terms = np.empty((populations, ITEMS, len(TERMS)))
    for group in range(populations):
        of_group = purchases[purchases.population == group]
        share = {}
        for name, half_life in (("slow", 90), ("fast", 15), ("all", np.inf)):
            weight = (0.5 ** (of_group.age / half_life)).groupby(of_group.item).sum()
            relative = weight / weight.max()
            share[name] = relative.reindex(range(ITEMS), fill_value=relative.quantile(0.25))
        buyers, rebuyers = counts["buyers"][group], counts["rebuyers"][group]
        average = rebuyers.sum() / max(buyers.sum(), 1)
        repeat = (rebuyers + 10 * average + 0.01) / (buyers + 10)
        terms[group] = np.stack(
            [
                np.log(share["slow"] + 1e-6), np.sqrt(share["slow"]), share["slow"],
                np.sqrt(share["fast"] + 1e-6), np.log(share["fast"] + 1e-6),
                np.sqrt(share["all"]), share["all"], np.log(repeat), repeat,
            ],
            axis=1,
        )  # fmt: skip
    return terms


@pytest.mark.parametrize("has_tickets", [True, False])
@pytest.mark.parametrize("populations", [1, 2])
def test_counts_and_terms_are_those_of_a_plain_table(populations, has_tickets):
    history = random_history(populations, items=ITEMS - 2)  # two items that no customer bought
    history = type(history)(**{**vars(history), "items": ITEMS})
    tickets = random_tickets(populations, items=ITEMS - 1) if has_tickets else None
    population = (np.arange(history.customers) % populations).astype(np.int8)
    found = count_items(history, tickets, population, TEMPO, TODAY)
    purchases = purchases_of(history, tickets, population)
    counts = plain_counts(purchases, populations)
    assert found.populations == populations
    for name, expected in counts.items():
        assert np.array_equal(getattr(found, name), expected), name
    expected = plain_terms(purchases, counts, populations)
    np.testing.assert_allclose(found.terms, expected, rtol=1e-9)


def test_nothing_sold_gives_every_item_the_same_terms():
    found = count_items(history_of_baskets([[]], items=3), None, np.zeros(1, np.int8), TEMPO, 0)
    assert np.isfinite(found.terms).all()
    assert (found.terms == found.terms[:, :1]).all()


@pytest.mark.parametrize(("buyers", "expected"), [(LEAST_TRADE_BUYERS, 1), (49, 0)])
def test_trade_is_compared_apart_from_50_buyers_on(buyers, expected):
    trade = LEAST_TRADE_BUYERS + 5
    baskets = [[[0]] if n < buyers else [] for n in range(trade)] + [[[0]]] * 60
    is_trade = np.arange(len(baskets)) < trade
    population = populations_of(is_trade, history_of_baskets(baskets, items=1))
    assert population.tolist() == [expected] * trade + [0] * 60
