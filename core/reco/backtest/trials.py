"""A trial: what was known, whom a ranking is asked for, and what they bought then."""

from dataclasses import dataclass, replace

import numpy as np

from core.policy import Policy
from core.reco.history import History, Tickets
from core.reco.items import Population
from core.reco.learning import Catalogue, Model, learn_model
from core.reco.tables import Int32Array, IntArray, offsets_of

LEAST_BASKETS = 3  # of a customer whose last one is held out, itself included
UNKNOWN_ITEM = -1  # bought then, and not yet known before


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Customers a ranking is asked for, and what they bought then.

    `customer` are numbers, each at most once; `today` the day as of which each is looked at;
    `item[offsets[i]:offsets[i + 1]]` are the different items that the i-th of them bought,
    `UNKNOWN_ITEM` for each that nobody could know.
    """

    customer: IntArray
    today: IntArray
    offsets: IntArray
    item: Int32Array


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was known, as `core.reco.learning.learn_model` takes it, and who is asked for."""

    history: History
    tickets: Tickets | None
    population: Population
    catalogue: Catalogue
    as_of: int
    has_dates: bool
    asked: Asked


def known_only(catalogue: Catalogue, history: History, tickets: Tickets | None) -> Catalogue:
    """Return `catalogue` without what only baskets held out hold: nobody knew of it then."""
    sold = np.bincount(history.item, minlength=history.items) > 0
    if tickets is not None:
        sold |= np.bincount(tickets.item, minlength=history.items) > 0
    return replace(catalogue, offered=catalogue.offered & sold)


def learn_trial(trial: Trial, policy: Policy, threads: int | None = None) -> Model:
    """Learn from what a trial knew, as a run learns from a tenant's lines."""
    return learn_model(
        trial.history, trial.tickets, trial.population, trial.catalogue, policy, trial.as_of,
        has_dates=trial.has_dates, threads=threads,
    )  # fmt: skip


def hold_out_last(history: History, least: int = LEAST_BASKETS) -> tuple[History, Asked]:
    """Take the last basket of each customer with `least` baskets or more out of `history`.

    Who is asked for is looked at on the day of the basket held out. Customers with fewer
    baskets keep all of theirs, and are not asked for.
    """
    last, baskets = _last_baskets(history)
    customer_of = np.repeat(np.arange(history.customers), np.diff(history.offsets))
    held_out = (history.basket == last[customer_of]) & (baskets[customer_of] >= least)
    asked = np.flatnonzero(baskets >= least)
    place = np.cumsum(baskets >= least) - 1
    return _rows(history, customer_of, ~held_out), Asked(
        customer=asked,
        today=history.day[history.offsets[asked + 1] - 1].astype(np.int64),
        offsets=offsets_of(place[customer_of[held_out]], len(asked)),
        item=history.item[held_out],
    )


def _last_baskets(history: History) -> tuple[IntArray, IntArray]:
    """Return the number of each customer's last basket, and how many she has."""
    low, behind = history.offsets[:-1], history.offsets[1:]
    last, baskets = np.full(len(low), -1, np.int64), np.zeros(len(low), np.int64)
    bought = behind > low
    last[bought] = history.basket[behind[bought] - 1]
    baskets[bought] = last[bought] - history.basket[low[bought]] + 1
    return last, baskets


def _rows(history: History, customer_of: IntArray, kept: "np.typing.NDArray[np.bool_]") -> History:
    return History(
        offsets=offsets_of(customer_of[kept], history.customers),
        item=history.item[kept],
        product=history.product[kept],
        basket=history.basket[kept],
        day=history.day[kept],
        volume=history.volume[kept],
        amount=history.amount[kept],
        items=history.items,
    )


def bought_between(
    history: History, after: int, until: int, number_of: Int32Array, known: History
) -> Asked:
    """Return who of `known` bought from the day behind `after` to the day `until`, and what.

    `history` has the same customers as `known` and reaches beyond it; `number_of` gives the
    number in `known` of each of its items. Everybody is looked at on day `after`. Who had bought
    nothing by then is not asked for.
    """
    customer_of = np.repeat(np.arange(history.customers), np.diff(history.offsets))
    regular = np.diff(known.offsets) > 0
    rows = (history.day > after) & (history.day <= until) & regular[customer_of]
    pairs = np.unique(customer_of[rows] * history.items + history.item[rows])
    customer, place = np.unique(pairs // max(history.items, 1), return_inverse=True)
    return Asked(
        customer=customer,
        today=np.full(len(customer), after, np.int64),
        offsets=offsets_of(place, len(customer)),
        item=number_of[pairs % max(history.items, 1)],
    )
