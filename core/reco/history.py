"""What customers bought for themselves, as arrays: who, when, in which basket, which item.

An item is a vintage chain, named by its number. The recommender learns from a `History` alone,
be it made of a tenant's sale lines or of bare baskets without dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.reco.tables import BoolArray, Int32Array, IntArray, offsets_of

BOTTLE = 750_000  # thousandths of a unit x millilitres


@dataclass(frozen=True, kw_only=True)
class History:
    """Purchases of numbered customers, by customer, then day, basket and item.

    `offsets[c]:offsets[c + 1]` are the rows of customer `c`. Per row: `item` (number of the
    chain), `product` (number of the product it was bought as), `basket` (numbered on through all
    customers), `day` (since 1970-01-01, or the place in a sequence without dates), `volume`
    (thousandths x millilitres, `BOTTLE` to a bottle) and `amount` (cents). An item comes once in
    a basket. `items` is the number of items there are.
    """

    offsets: IntArray
    item: Int32Array
    product: Int32Array
    basket: Int32Array
    day: Int32Array
    volume: IntArray
    amount: IntArray
    items: int

    @property
    def customers(self) -> int:
        """Return the number of customers, those without purchases included."""
        return len(self.offsets) - 1

    def rows_of(self, kept: BoolArray, counts: IntArray) -> "History":
        """Return the rows that `kept` marks; `counts` says how many each customer keeps."""
        return History(
            offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
            item=self.item[kept],
            product=self.product[kept],
            basket=self.basket[kept],
            day=self.day[kept],
            volume=self.volume[kept],
            amount=self.amount[kept],
            items=self.items,
        )

    def some_customers(self, chosen: IntArray) -> "History":
        """Return the history of the customers `chosen`, in ascending order, alone."""
        rows = np.diff(self.offsets)
        is_chosen = np.zeros(self.customers, np.bool_)
        is_chosen[chosen] = True
        return self.rows_of(np.repeat(is_chosen, rows), rows[chosen])


@dataclass(frozen=True, kw_only=True)
class Tickets:
    """Items of anonymous documents, by document; each document is one buyer."""

    offsets: IntArray
    item: Int32Array
    day: Int32Array


def history_of_baskets(
    baskets: Sequence[Sequence[Sequence[int]]],
    items: int,
    days: Sequence[Sequence[int]] | None = None,
) -> History:
    """Return the history of customers whose `baskets` list item numbers, oldest basket first.

    Without `days` the order stands in for dates: everybody's last basket is day 0, the one before
    day -1.

    >>> history = history_of_baskets([[[3, 1], [1]]], items=4)
    >>> history.item.tolist(), history.day.tolist()
    ([1, 3, 1], [-1, -1, 0])
    """
    sizes = np.array([len(listed) for listed in baskets], np.int64)
    lengths = np.array([len(basket) for listed in baskets for basket in listed], np.int64)
    named = [item for listed in baskets for basket in listed for item in basket]
    given = None if days is None else np.array([d for of in days for d in of], np.int64)
    return history_of_rows(sizes, lengths, np.array(named, np.int64), items, given)


def history_of_rows(
    sizes: IntArray, lengths: IntArray, item: IntArray, items: int, day: IntArray | None = None
) -> History:
    """Return the history of customers with `sizes` baskets each, oldest basket first.

    Baskets, customer by customer, hold `lengths` items each; `item` names them one basket after
    the other, and `day` gives the day of each basket. Without it the order stands in for dates, as
    in `history_of_baskets`. A basket without items is none.
    """
    customer = np.repeat(np.arange(len(sizes)), sizes)
    filled = lengths > 0
    sizes = np.bincount(customer[filled], minlength=len(sizes))
    customer, lengths = customer[filled], lengths[filled]
    day = None if day is None else day[filled]
    if day is None:
        behind = np.cumsum(sizes)[customer]
        day = np.arange(len(lengths)) - behind + 1
    keys = np.repeat(np.arange(len(lengths)), lengths) * items + item
    keys.sort()
    keys = keys[np.diff(keys, prepend=-1) != 0]
    basket, name = np.divmod(keys, max(items, 1))
    number = np.cumsum(np.diff(basket, prepend=-1) != 0) - 1
    return History(
        offsets=offsets_of(customer[basket], len(sizes)),
        item=name.astype(np.int32),
        product=name.astype(np.int32),
        basket=number.astype(np.int32),
        day=day[basket].astype(np.int32),
        volume=np.full(len(keys), BOTTLE, dtype=np.int64),
        amount=np.full(len(keys), 100, dtype=np.int64),
        items=items,
    )
