"""A footing as named arrays and back, so that customers are ranked where nothing was learned.

What was learned from all is one part; the customers of a range, numbered from 0, are another. What
is made of a customer depends on her own rows and on the first part alone (`core.reco.shards`), so
a range gives the same rows wherever it is worked on.
"""

from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.reco.affinity import Knowledge
from core.reco.history import History
from core.reco.neighbours import Neighbours
from core.reco.ranking import Footing
from core.reco.shapes import People, Shelf
from core.reco.shards import Slice

Arrays = dict[str, NDArray[Any]]
Record = TypeVar("Record", Knowledge, People, Shelf)

_HISTORY_ROWS = tuple(f.name for f in fields(History) if f.name not in ("offsets", "items"))
# Which columns of `People` lie between which offsets; the others have a row per customer.
_TABLES: Mapping[str, tuple[str, ...]] = {
    "known_offsets": ("known_item", "is_recent"),
    "paid_offsets": ("paid_family", "paid_price"),
    "sweet_offsets": ("sweet_family", "sweet_kind", "sweet_volume"),
}


def learned_arrays(footing: Footing) -> Arrays:
    """Return what `footing` learned from all, a single number as an array without axes."""
    return {
        **_named("known", footing.known),
        **_named("shelf", footing.shelf),
        "together": np.stack([one.together for one in footing.neighbours]),
        "weights": footing.weights,
        "product": footing.product,
        "items": np.asarray(footing.history.items),
    }


def customer_arrays(footing: Footing, low: int, high: int) -> Arrays:
    """Return what `footing` knows of the customers `low` to `high - 1`."""
    history, people = footing.history, footing.people
    rows, offsets = _cut(history.offsets, low, high)
    found: Arrays = {"history.offsets": offsets}
    found |= {f"history.{name}": getattr(history, name)[rows] for name in _HISTORY_ROWS}
    for place, names in _TABLES.items():
        rows, found[f"people.{place}"] = _cut(getattr(people, place), low, high)
        found |= {f"people.{name}": getattr(people, name)[rows] for name in names}
    each = (name for name in People._fields if f"people.{name}" not in found)
    return found | {f"people.{name}": getattr(people, name)[low:high] for name in each}


def footing_of(learned: Mapping[str, NDArray[Any]], own: Mapping[str, NDArray[Any]]) -> Footing:
    """Return the footing of the customers whose `customer_arrays` are `own`."""
    known = _restored(Knowledge, "known", learned)
    rows = {name: own[f"history.{name}"] for name in (*_HISTORY_ROWS, "offsets")}
    return Footing(
        history=History(items=int(learned["items"]), **rows),
        people=_restored(People, "people", own),
        known=known,
        neighbours=[
            Neighbours(item=item, strength=strength, together=together)
            for item, strength, together in zip(
                known.neighbour, known.strength, learned["together"], strict=True
            )
        ],
        weights=learned["weights"],
        shelf=_restored(Shelf, "shelf", learned),
        product=learned["product"],
    )


def ranges_of(customers: int, size: int) -> list[Slice]:
    """Return ranges of `size` customers each, the last one shorter; none where there is nobody.

    >>> ranges_of(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return list(pairwise([*range(0, customers, size), customers]))


def _cut(offsets: NDArray[np.int64], low: int, high: int) -> tuple[slice, NDArray[np.int64]]:
    """Return the rows of the customers `low` to `high - 1`, and their own offsets."""
    own = offsets[low : high + 1]
    return slice(int(own[0]), int(own[-1])), own - own[0]


def _named(prefix: str, record: NamedTuple) -> Arrays:
    return {f"{prefix}.{name}": np.asarray(value) for name, value in record._asdict().items()}


def _restored(kind: type[Record], prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Record:
    """Return the record; what was a single number is one again, for the kernels' sake."""
    found: dict[str, Any] = {name: arrays[f"{prefix}.{name}"] for name in kind._fields}
    return kind(**{name: value if value.ndim else value.item() for name, value in found.items()})
