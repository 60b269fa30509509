"""What a tenant's purchases teach about items: everything that is not about one customer.

`learn` makes the `Knowledge` of one history; `learn_model` adds the blend, fitted on a part of
the same history (`core.reco.blend`).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from core.policy import Policy
from core.reco.affinity import LONGER, OLDEST_BASKET, RECENT, Knowledge
from core.reco.blend import Blend, fit_blend
from core.reco.history import History, Tickets
from core.reco.items import Items, Population, count_items
from core.reco.neighbours import Buyers, Neighbours, buyers_of, find_neighbours
from core.reco.season import Seasons, find_seasons, no_seasons
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray
from core.reco.tastes import Tastes, add_unsold
from core.reco.tempo import decay_table, measure_tempo
from core.reco.timing import Timing, fit_timing


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Items as the recommender may propose them, by item number.

    `offered` says what may be proposed; `tie` is the bytewise rank of what is proposed, which
    settles equal popularity; `family` is -1 where unknown, `tastes` None where none is known.
    """

    offered: BoolArray
    tie: IntArray
    family: Int32Array
    tastes: Tastes | None = None


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned of a history: for the kernels (`known`) and for explanations."""

    known: Knowledge
    items: Items
    neighbours: list[Neighbours]
    timing: Timing
    seasons: Seasons
    place: IntArray  # (populations, items): by popularity, ties by `Catalogue.tie`


@dataclass(frozen=True, kw_only=True)
class Model:
    """Everything the scoring of a customer needs beside her own purchases."""

    learned: Learned
    blend: Blend


def bare_catalogue(items: int) -> Catalogue:
    """Return a catalogue that offers every item, in the order of their numbers."""
    return Catalogue(
        offered=np.ones(items, np.bool_),
        tie=np.arange(items),
        family=np.full(items, -1, np.int32),
    )


def learn_model(
    history: History,
    tickets: Tickets | None,
    population: Population,
    catalogue: Catalogue,
    policy: Policy,
    as_of: int,
    *,
    has_dates: bool = True,
    threads: int | None = None,
) -> Model:
    """Learn from `history` and `tickets` as of day `as_of`; days without dates know no season."""
    first_day = int(history.day.min(initial=as_of))

    def learned_of(part: History, of_part: Population) -> Learned:
        return learn(
            part, tickets, of_part, catalogue, policy, as_of,
            first_day=first_day, has_dates=has_dates, threads=threads,
        )  # fmt: skip

    with ThreadPoolExecutor(1) as beside:
        blend = beside.submit(
            fit_blend, history, population, lambda *part: learned_of(*part).known, threads
        )
        return Model(learned=learned_of(history, population), blend=blend.result())


def learn(
    history: History,
    tickets: Tickets | None,
    population: Population,
    catalogue: Catalogue,
    policy: Policy,
    as_of: int,
    *,
    first_day: int,
    has_dates: bool = True,
    threads: int | None = None,
) -> Learned:
    """Count items, find neighbours and seasons, fit the timing.

    `history` may be a part of one that begins on `first_day`: customers are described on any day
    of the whole, so the clock must cover it.
    """
    tempo = measure_tempo(history, as_of)
    items = count_items(history, tickets, population, tempo, as_of)
    seasons = _seasons(history, catalogue, first_day, as_of, has_dates=has_dates)
    timing = fit_timing(history, catalogue.family, seasons, as_of, float(policy.winback_days))
    place = _places(items.popularity, catalogue)
    groups = [buyers_of(history, tickets, population, g) for g in range(items.populations)]
    neighbours = [
        _neighbours(buyers, items.is_sold[group], catalogue, place[group], policy, threads)
        for group, buyers in enumerate(groups)
    ]
    by_popularity = _by_popularity(items.terms[:, :, 2], place, catalogue)
    interest = decay_table(tempo.interest_half_life, max(as_of - seasons.first_day, 0))
    return Learned(
        known=_known(items, neighbours, timing, seasons, place, by_popularity, interest),
        items=items,
        neighbours=neighbours,
        timing=timing,
        seasons=seasons,
        place=place,
    )


def _known(
    items: Items,
    neighbours: list[Neighbours],
    timing: Timing,
    seasons: Seasons,
    place: IntArray,
    by_popularity: Int32Array,
    interest: FloatArray,
) -> Knowledge:
    """Return what was learned as the kernels read it."""
    return Knowledge(
        terms=items.terms,
        neighbour=np.stack([one.item for one in neighbours]),
        strength=np.stack([one.strength for one in neighbours]),
        by_popularity=by_popularity,
        place=place,
        mean_log_gap=timing.mean_log_gap,
        mean_log_volume=timing.mean_log_volume,
        repeat_rate=timing.repeat_rate,
        clock=seasons.clock,
        clock_of=seasons.group,
        first_day=seasons.first_day,
        deviation=timing.deviation,
        shrinkage=timing.shrinkage,
        elasticity=timing.elasticity,
        recent=np.power(RECENT, np.arange(OLDEST_BASKET + 1)),
        longer=np.power(LONGER, np.arange(OLDEST_BASKET + 1)),
        interest=interest,
    )


def _neighbours(
    buyers: Buyers,
    is_sold: BoolArray,
    catalogue: Catalogue,
    place: IntArray,
    policy: Policy,
    threads: int | None,
) -> Neighbours:
    found = find_neighbours(
        buyers, buyers, offered=catalogue.offered, place=place, keep=policy.neighbours,
        shrinkage=policy.affinity_shrinkage, threads=threads,
    )  # fmt: skip
    if catalogue.tastes is None:
        return found
    return add_unsold(found, catalogue.tastes, catalogue.offered, is_sold, place)


def _seasons(
    history: History, catalogue: Catalogue, first_day: int, as_of: int, *, has_dates: bool
) -> Seasons:
    if has_dates:
        return find_seasons(history, catalogue.family, first_day, as_of)
    return no_seasons(history.items, first_day, as_of)


def _places(popularity: IntArray, catalogue: Catalogue) -> IntArray:
    """Return each item's rank by popularity, ties bytewise, what is not offered last."""
    place = np.empty_like(popularity)
    for group in range(len(popularity)):
        order = np.lexsort((catalogue.tie, -popularity[group], ~catalogue.offered))
        place[group, order] = np.arange(len(order))
    return place


def _by_popularity(slow: FloatArray, place: IntArray, catalogue: Catalogue) -> Int32Array:
    """Return the offered items from the lately most popular on."""
    ranked = [np.lexsort((place[group], -slow[group])) for group in range(len(slow))]
    return np.stack([order[catalogue.offered[order]] for order in ranked]).astype(np.int32)
