"""The arrays that the ranking kernels read and write, and the numbers they use for words."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from core.compiled import njit
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray

MICRO = 1_000_000
BASIS_POINTS = 10_000
PER_ITEM = 4  # proposals of one item at most: what was bought in two scenarios, what is new in four

PROSPECT, NEW, ACTIVE, LAPSED, LOST = range(5)  # as in core.policy.CUSTOMER_STATES
REBUY, CROSS_SELL, UPSELL, WINBACK, NURTURE = range(5)  # as in core.contracts.Scenario
AFFINITY, DUE, POPULARITY, PRICE_FIT, FAMILY_FIT, SEASON, MARGIN = range(7)  # as in Weights


class Ground(IntEnum):
    """Why an item is proposed."""

    DUE = 0
    FAVOURITE = 1
    NEIGHBOURS = 2
    POPULAR = 3
    STEP = 4
    TAKEN_UP = 5
    NEXT_STEP = 6
    FIRST_PURCHASE = 7
    TASTE = 8


class People(NamedTuple):
    """Facts per customer; 0 stands for an unknown price. CSR tables by customer.

    `known_item` are items bought (gifts included) or lately sent; those that `is_recent` are not
    proposed at all. `paid75` is what she pays per 75 cl, `paid_price` the same in a family;
    `sweet_volume` what she bought of a family in a sweetness.
    """

    state: "np.typing.NDArray[np.int8]"
    population: "np.typing.NDArray[np.int8]"
    kind: "np.typing.NDArray[np.int8]"  # 1 for trade
    documents: IntArray
    last_day: Int32Array
    paid75: IntArray
    known_offsets: IntArray
    known_item: Int32Array
    is_recent: BoolArray
    paid_offsets: IntArray
    paid_family: Int32Array
    paid_price: IntArray
    sweet_offsets: IntArray
    sweet_family: Int32Array
    sweet_kind: Int32Array
    sweet_volume: IntArray


class Shelf(NamedTuple):
    """Facts per item as it may be proposed; by population where the first axis says so."""

    offered: BoolArray
    family: Int32Array
    sweetness: Int32Array
    price75: IntArray
    price: IntArray  # as it is sold
    wine: Int32Array
    margin: IntArray  # millionths, like season and popularity_share
    season: IntArray
    popularity: IntArray  # (populations, items)
    popularity_share: IntArray  # (populations, items)
    by_family: Int32Array  # (populations, items): offered items of a family, popular first
    family_offsets: IntArray
    families: int
    sweetnesses: int
    next_item: Int32Array  # (populations, items, kept), with what strength
    next_strength: FloatArray
    next_together: Int32Array  # how many did both
    starters: IntArray  # (kinds, items)
    beginners: Int32Array  # (kinds, n): offered items, the best beginnings first, -1 at the end
    taken_offsets: IntArray  # by population, then item
    taken_days: Int32Array
    is_sold: BoolArray  # (populations, items)


class Rules(NamedTuple):
    """The policy's numbers as the kernels use them; shares in basis points."""

    today: int
    weights: FloatArray  # (scenarios, components), each row summing to 1
    turns: IntArray  # (states, top_n): the scenario whose turn it is, -2 for none
    top_n: int
    pool_size: int
    min_items: int
    family_cap: int
    price_reach: int
    least_step: int
    greatest_step: int
    sweetness_share: int
    least_season: int  # millionths


class Proposals(NamedTuple):
    """One customer's proposals, and marks by item or family that are clear between customers."""

    item: IntArray
    scenario: IntArray
    ground: IntArray
    evidence: IntArray
    components: IntArray  # (proposals, 7) in millionths
    score: IntArray  # millionths
    known: "np.typing.NDArray[np.int8]"  # 0 new, 1 known, 2 recent
    proposed: "np.typing.NDArray[np.int16]"  # by item, one bit per scenario
    next_sum: FloatArray
    next_found: IntArray
    family_taste: FloatArray
    sweet_taste: FloatArray  # (families, kinds)
    paid_in: IntArray  # by family
    step_from: IntArray  # by family, the least and the greatest price of a step up
    step_to: IntArray
    is_usual: BoolArray  # (families, kinds and one more for unknown): fit for a step up
    is_odd: BoolArray  # (families, kinds and one more for unknown): hardly bought there


@njit(cache=True, nogil=True)
def make_proposals(items, families, kinds):  # type: ignore[no-untyped-def]
    """Return room for the proposals of one customer after another."""
    most = PER_ITEM * items
    return Proposals(
        np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64),
        np.zeros(most, np.int64), np.zeros((most, 7), np.int64), np.zeros(most, np.int64),
        np.zeros(items, np.int8), np.zeros(items, np.int16),
        np.zeros(items), np.zeros(items, np.int64),
        np.zeros(families), np.zeros((families, kinds)),
        np.zeros(families, np.int64), np.zeros(families, np.int64),
        np.zeros(families, np.int64), np.zeros((families, kinds + 1), np.bool_),
        np.zeros((families, kinds + 1), np.bool_),
    )  # fmt: skip
