"""Offers that nobody has bought yet: neighbours of what tastes alike.

The cosine of buyers knows nothing of them. Their similarity to an item that is sold is

    0.25 same family + 0.25 same grape + 0.2 same sweetness + 0.3 closeness of aroma

where the closeness is 1 less the mean distance of the notes known of both, over the scale of
`SCALE`. What is unknown adds nothing, and a family alone is no taste: less than `LEAST` counts
for nothing.
"""

from typing import NamedTuple

import numpy as np

from core.compiled import njit
from core.reco.neighbours import NOBODY, Neighbours
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray

FAMILY, GRAPE, SWEETNESS, AROMA = 0.25, 0.25, 0.2, 0.3
SCALE = 5.0
LEAST = 0.5
MOST_UNSOLD = 5  # neighbours of one item
TRUST = 0.5  # in a likeness beside the same buyers


class Tastes(NamedTuple):
    """Traits by item, -1 where unknown; `aroma` (items, notes) from 0 to `SCALE`, else NaN."""

    family: Int32Array
    grape: Int32Array
    sweetness: Int32Array
    aroma: FloatArray


def add_unsold(
    neighbours: Neighbours,
    tastes: Tastes,
    offered: BoolArray,
    is_sold: BoolArray,
    place: IntArray,
) -> Neighbours:
    """Return `neighbours` with what is offered and not sold among those of what tastes alike.

    An offer like an item is as near to it as its strongest neighbour is on average, times
    likeness and `TRUST`. At most `MOST_UNSOLD` take places: free ones, else the last ones, up to
    half of the list.
    """
    strongest = neighbours.strength[:, :1]
    unsold = np.flatnonzero(offered & ~is_sold)
    if not len(unsold) or not strongest.any():
        return neighbours
    typical = float(strongest[strongest > 0].mean())
    unsold = unsold[np.argsort(place[unsold], kind="stable")]
    item, likeness = _most_alike(unsold, is_sold, *tastes)
    return _merged(neighbours, item, TRUST * typical * likeness)


def _merged(neighbours: Neighbours, item: Int32Array, strength: FloatArray) -> Neighbours:
    """Put the new neighbours into the lists, which stay ordered and as long as they are."""
    keep = neighbours.item.shape[1]
    free = keep - np.sum(neighbours.item != NOBODY, axis=1, keepdims=True)
    item = np.where(np.arange(item.shape[1]) < np.maximum(free, keep // 2), item, NOBODY)
    added = np.sum(item != NOBODY, axis=1, keepdims=True)
    kept = np.arange(keep) < keep - added
    listed = np.where(kept, neighbours.item, NOBODY)
    items = np.concatenate((listed, item), axis=1)
    strengths = np.concatenate((np.where(kept, neighbours.strength, 0.0), strength), axis=1)
    together = np.concatenate((np.where(kept, neighbours.together, 0), np.zeros_like(item)), axis=1)
    order = np.argsort(-np.where(items == NOBODY, -1.0, strengths), axis=1, kind="stable")
    order = order[:, :keep]
    return Neighbours(
        item=np.take_along_axis(items, order, axis=1),
        strength=np.take_along_axis(strengths, order, axis=1),
        together=np.take_along_axis(together, order, axis=1),
    )


@njit(cache=True, nogil=True)
def _most_alike(unsold, is_sold, family, grape, sweetness, aroma):  # type: ignore[no-untyped-def]
    """Return for each item that is sold the unsold ones most alike, and how alike they are."""
    best = np.full((len(is_sold), MOST_UNSOLD), NOBODY, np.int32)
    likeness = np.zeros((len(is_sold), MOST_UNSOLD))
    for one in range(len(is_sold)):
        if not is_sold[one] or family[one] < 0:
            continue
        for at in range(len(unsold)):
            other = unsold[at]
            if family[other] != family[one]:
                continue
            alike = FAMILY
            if grape[one] >= 0 and grape[one] == grape[other]:
                alike += GRAPE
            if sweetness[one] >= 0 and sweetness[one] == sweetness[other]:
                alike += SWEETNESS
            apart, notes = 0.0, 0
            for note in range(aroma.shape[1]):
                distance = abs(aroma[one, note] - aroma[other, note])
                if distance >= 0:  # not of an unknown note
                    apart += distance
                    notes += 1
            if notes:
                alike += AROMA * max(0.0, 1 - apart / (notes * SCALE))
            if alike < LEAST or alike <= likeness[one, MOST_UNSOLD - 1]:
                continue
            spot = MOST_UNSOLD - 1
            while spot > 0 and alike > likeness[one, spot - 1]:
                best[one, spot], likeness[one, spot] = best[one, spot - 1], likeness[one, spot - 1]
                spot -= 1
            best[one, spot], likeness[one, spot] = other, alike
    return best, likeness
