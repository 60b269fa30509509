"""Which items go with an item: cosine of their buyers, with shrinkage.

With X the 0/1 matrix of buyers x items, C = X'X counts how many bought both of two items and

    similarity(i, j) = C_ij / (sqrt(C_ii C_jj) + shrinkage)

so that two buyers in common are no proof. Row by row, C is summed into one dense row that stays
in the processor's cache: 200 million pairs of half a million customers take a second, where the
same self-join in SQL takes over ten times as long. Counts are whole numbers, so no order of rows
can change them; equal similarities are told apart by `place`, the tie order of all lists.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.compiled import njit
from core.reco.history import History, Tickets
from core.reco.items import Population
from core.reco.shards import joined, run_slices, slices_of
from core.reco.tables import FloatArray, Int32Array, IntArray, offsets_of

HISTORY_LIMIT = 500  # the newest items of one buyer that count, so that giants stay affordable
NOBODY = -1
SLICES = 16


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The strongest neighbours of each item of one population, strongest first.

    `item` (items, kept) holds their numbers, `NOBODY` where there are fewer; `strength` their
    similarity in [0, 1]; `together` how many buyers both have.
    """

    item: Int32Array
    strength: FloatArray
    together: Int32Array


@dataclass(frozen=True, kw_only=True)
class Buyers:
    """Buyers x items, each item once per buyer: `offsets` by buyer, `item` ascending."""

    offsets: IntArray
    item: Int32Array
    items: int


def buyers_of(
    history: History, tickets: Tickets | None, population: Population, group: int
) -> Buyers:
    """Return the buyers of one population; anonymous tickets buy with population 0."""
    offsets, item = _distinct_items(history.offsets, history.item, history.items, population, group)
    if tickets is not None and group == 0:
        offsets = np.concatenate((offsets, offsets[-1] + tickets.offsets[1:]))
        item = np.concatenate((item, tickets.item))
    return Buyers(offsets=offsets, item=item, items=history.items)


def find_neighbours(
    first: Buyers,
    then: Buyers,
    *,
    offered: NDArray[np.bool_],
    place: IntArray,
    keep: int,
    shrinkage: float,
    by_share: bool = False,
    threads: int | None = None,
) -> Neighbours:
    """Return for each item the `keep` offered items most similar to it, weakest left out.

    `first` and `then` are items of the same buyers: C_ij counts those with `i` in `first` and `j`
    in `then`. By default both are all a buyer has and similarity is the cosine above; `by_share`
    divides by the buyers of `i` alone, (C_ij / (C_i + shrinkage)): what follows `i`.
    """
    buyers_by_item, owners = _transposed(first)
    in_first = np.diff(buyers_by_item).astype(np.float64)
    in_then = np.bincount(then.item, minlength=then.items).astype(np.float64)

    def work(low: int, high: int) -> tuple[NDArray[np.generic], ...]:
        return _strongest(  # type: ignore[no-any-return]
            low, high, buyers_by_item, owners, then.offsets, then.item, in_first, in_then,
            offered, place, keep, shrinkage, by_share,
        )  # fmt: skip

    slices = slices_of(buyers_by_item, max(1, len(owners) // SLICES))
    item, strength, together = joined(list(run_slices(work, slices, threads)))
    return Neighbours(item=item, strength=strength, together=together)


def _transposed(buyers: Buyers) -> tuple[IntArray, Int32Array]:
    offsets = offsets_of(buyers.item, buyers.items)
    return offsets, _owners_by_item(buyers.offsets, buyers.item, offsets)


@njit(cache=True, nogil=True)
def _owners_by_item(offsets, item, by_item):  # type: ignore[no-untyped-def]
    place = by_item[:-1].copy()
    owner = np.empty(len(item), np.int32)
    for buyer in range(len(offsets) - 1):
        for row in range(offsets[buyer], offsets[buyer + 1]):
            owner[place[item[row]]] = buyer
            place[item[row]] += 1
    return owner


@njit(cache=True, nogil=True)
def _distinct_items(offsets, item, items, population, group):  # type: ignore[no-untyped-def]
    """Return each customer's items once, the newest `HISTORY_LIMIT` of them, ascending."""
    found = np.empty(len(item), np.int32)
    ends = np.zeros(len(offsets), np.int64)
    is_seen = np.zeros(items, np.bool_)
    rows = 0
    for customer in range(len(offsets) - 1):
        start = rows
        if population[customer] == group:
            for row in range(offsets[customer + 1] - 1, offsets[customer] - 1, -1):
                if not is_seen[item[row]] and rows - start < HISTORY_LIMIT:
                    is_seen[item[row]] = True
                    found[rows] = item[row]
                    rows += 1
            for row in range(start, rows):
                is_seen[found[row]] = False
            found[start:rows] = np.sort(found[start:rows])
        ends[customer + 1] = rows
    return ends, found[:rows].copy()


@njit(cache=True, nogil=True)
def _strongest(  # type: ignore[no-untyped-def]
    low, high, by_item, owners, offsets, item, in_first, in_then,
    offered, place, keep, shrinkage, by_share,
):  # fmt: skip
    """Return the strongest neighbours of the items `low` to `high - 1`."""
    items = len(in_first)
    best = np.full((high - low, keep), NOBODY, np.int32)
    strength = np.zeros((high - low, keep), np.float64)
    together = np.zeros((high - low, keep), np.int32)
    counts = np.zeros(items, np.int32)
    touched = np.empty(items, np.int64)
    for one in range(low, high):
        number = 0
        for at in range(by_item[one], by_item[one + 1]):
            buyer = owners[at]
            for row in range(offsets[buyer], offsets[buyer + 1]):
                other = item[row]
                if counts[other] == 0:
                    touched[number] = other
                    number += 1
                counts[other] += 1
        kept = 0
        for at in range(number):
            other = touched[at]
            count = counts[other]
            counts[other] = 0
            if other == one or not offered[other]:
                continue
            scale = in_first[one] if by_share else np.sqrt(in_first[one] * in_then[other])
            value = count / (scale + shrinkage)
            if kept == keep:
                last = strength[one - low, keep - 1]
                if value < last or (
                    value == last and place[other] > place[best[one - low, keep - 1]]
                ):
                    continue
            spot = min(kept, keep - 1)
            while spot > 0 and (
                value > strength[one - low, spot - 1]
                or (
                    value == strength[one - low, spot - 1]
                    and place[other] < place[best[one - low, spot - 1]]
                )
            ):
                best[one - low, spot] = best[one - low, spot - 1]
                strength[one - low, spot] = strength[one - low, spot - 1]
                together[one - low, spot] = together[one - low, spot - 1]
                spot -= 1
            best[one - low, spot] = other
            strength[one - low, spot] = value
            together[one - low, spot] = count
            kept = min(kept + 1, keep)
    return best, strength, together
