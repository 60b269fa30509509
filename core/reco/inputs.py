"""The arrays that the ranking kernels read, made of the tables of facts."""

import numpy as np
from duckdb import DuckDBPyConnection

from core.policy import CUSTOMER_STATES, Policy
from core.reco.beginnings import Beginnings
from core.reco.features import Facts
from core.reco.history import BOTTLE
from core.reco.items import Population
from core.reco.learning import Catalogue, Learned
from core.reco.neighbours import Neighbours, find_neighbours
from core.reco.offers import Offers
from core.reco.rounding import rounded_part
from core.reco.season import month_of
from core.reco.shapes import MICRO, People, Rules, Shelf
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray, fetch_columns, offsets_of

PEOPLE = f"""
SELECT
    (list_position({list(CUSTOMER_STATES)}, state) - 1)::TINYINT AS state,
    documents,
    coalesce((last_date - DATE '1970-01-01')::INTEGER, 0) AS last_day,
    coalesce(paid75_cents, 0) AS paid75_cents
FROM customer_facts
ORDER BY customer_no
"""

SENT = """
SELECT customer_no, chain_no
FROM sent_items
JOIN customer_numbers USING (customer)
JOIN product_numbers USING (product_key)
WHERE (sent_on - DATE '1970-01-01')::INTEGER <= $as_of
    AND (sent_on - DATE '1970-01-01')::INTEGER > $as_of - $days::INTEGER
"""


def read_trade(con: DuckDBPyConnection) -> BoolArray:
    """Return which customers are of trade, by number."""
    found = fetch_columns(con, "SELECT is_trade FROM customer_facts ORDER BY customer_no")
    return found["is_trade"].astype(np.bool_)


def catalogue_of(offers: Offers) -> Catalogue:
    """Return what learning needs to know of the offers."""
    return Catalogue(
        offered=offers.offered,
        tie=offers.product.astype(np.int64),
        family=offers.family,
        tastes=offers.tastes,
    )


def read_people(
    con: DuckDBPyConnection,
    facts: Facts,
    population: Population,
    is_trade: BoolArray,
    offers: Offers,
    policy: Policy,
    as_of: int,
) -> People:
    """Return the facts per customer; sent items of the last `recent_days` are recent.

    What is known of a format of a wine is known of its others.
    """
    rows = fetch_columns(con, PEOPLE)
    customers = len(rows["state"])
    known = _known(con, facts, policy, as_of)
    known_customer, known_item, is_recent = with_formats(offers.wine, offers.offered, *known)
    families, sweetness = facts.sums.families, facts.sums.sweetness
    return People(
        state=rows["state"],
        population=population,
        kind=is_trade.astype(np.int8),
        documents=rows["documents"],
        last_day=rows["last_day"],
        paid75=rows["paid75_cents"],
        known_offsets=offsets_of(known_customer, customers),
        known_item=known_item,
        is_recent=is_recent,
        paid_offsets=offsets_of(families["customer_no"], customers),
        paid_family=families["family_no"],
        paid_price=price_per_bottle(families["paid_cents"], families["paid_volume"]),
        sweet_offsets=offsets_of(sweetness["customer_no"], customers),
        sweet_family=sweetness["family_no"],
        sweet_kind=sweetness["sweetness_no"],
        sweet_volume=sweetness["volume"],
    )


def price_per_bottle(cents: IntArray, volume: IntArray) -> IntArray:
    """Return cents per 75 cl, half a cent rounded up; 0 where nothing is known."""
    bottle = np.broadcast_to(np.int64(BOTTLE), cents.shape)
    price = rounded_part(cents, bottle, np.maximum(volume, 1))
    price[volume <= 0] = 0
    return price


def _known(
    con: DuckDBPyConnection, facts: Facts, policy: Policy, as_of: int
) -> tuple[IntArray, Int32Array, BoolArray]:
    products = facts.sums.products
    days = max(policy.rebuy_silence_days, policy.audit.recent_days)
    customer, item = products["customer_no"], facts.chain_of_product[products["product_no"]]
    is_recent = products["last_day"] > as_of - days
    sent = fetch_columns(con, SENT, as_of=as_of, days=policy.audit.recent_days)
    if not len(sent["chain_no"]):
        return customer, item, is_recent
    customer = np.concatenate((customer, sent["customer_no"]))
    order = np.argsort(customer, kind="stable")
    item = np.concatenate((item, sent["chain_no"]))
    is_recent = np.concatenate((is_recent, np.ones(len(sent["chain_no"]), np.bool_)))
    return customer[order], item[order], is_recent[order]


def with_formats(
    wine: Int32Array,
    offered: BoolArray,
    customer: IntArray,
    item: Int32Array,
    is_recent: BoolArray,
) -> tuple[IntArray, Int32Array, BoolArray]:
    """Return what customers know and, for each of it, all formats of the wine.

    What is not offered any more and was not bought lately stands for itself alone: it cannot be
    bought again, and the vintage or format that took its place must not be closed with it.
    """
    formats = np.argsort(wine, kind="stable").astype(np.int32)
    number = np.bincount(wine, minlength=len(wine))
    if number.max(initial=0) <= 1:
        return customer, item, is_recent
    begin = np.cumsum(number) - number
    times = number[wine[item]]
    row = np.repeat(np.arange(len(item)), times)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    known = formats[begin[wine[item[row]]] + nth]
    speaks = (known == item[row]) | offered[item[row]] | is_recent[row]
    row = row[speaks]
    return customer[row], known[speaks], is_recent[row]


def build_shelf(
    offers: Offers, learned: Learned, beginnings: Beginnings, policy: Policy, rules: Rules
) -> Shelf:
    """Return the facts per item, with what follows a first purchase; `rules` are the policy's."""
    place, items = learned.place, learned.items
    most = np.maximum(items.popularity[:, offers.offered].max(axis=1, initial=0), 1)
    following = _following(offers, learned, beginnings, policy)
    season = _micro(offers.season_fit(learned.seasons, month_of(rules.today)))
    by_family, family_offsets = _by_family(offers, place)
    return Shelf(
        offered=offers.offered,
        family=offers.family,
        sweetness=offers.sweetness,
        price75=offers.price75,
        price=offers.price,
        wine=offers.wine,
        margin=_micro(offers.margin),
        season=season,
        popularity=items.popularity,
        popularity_share=_micro(np.minimum(1, np.sqrt(items.popularity / most[:, None]))),
        by_family=by_family,
        family_offsets=family_offsets,
        families=offers.families,
        sweetnesses=offers.sweetnesses,
        next_item=np.stack([one.item for one in following]),
        next_strength=np.stack([one.strength for one in following]),
        next_together=np.stack([one.together for one in following]),
        starters=beginnings.starters,
        beginners=_beginners(offers, beginnings.starters, place, season, rules),
        taken_offsets=beginnings.offsets,
        taken_days=beginnings.taken_up,
        is_sold=items.is_sold,
    )


def _following(
    offers: Offers, learned: Learned, beginnings: Beginnings, policy: Policy
) -> list[Neighbours]:
    return [
        find_neighbours(
            first, then, offered=offers.offered, place=learned.place[group],
            keep=policy.neighbours, shrinkage=policy.affinity_shrinkage, by_share=True,
        )
        for group, (first, then) in enumerate(zip(beginnings.first, beginnings.then, strict=True))
    ]  # fmt: skip


def _by_family(offers: Offers, place: IntArray) -> tuple[Int32Array, IntArray]:
    """Return the offered items by family, popular first, and where each family begins."""
    shown = np.flatnonzero(offers.offered & (offers.family >= 0))
    family = offers.family[shown]
    ordered = [shown[np.lexsort((place[group][shown], family))] for group in range(len(place))]
    return np.stack(ordered).astype(np.int32), offsets_of(family, offers.families)


def _beginners(
    offers: Offers, starters: IntArray, place: IntArray, season: IntArray, rules: Rules
) -> Int32Array:
    """Return by kind what to begin with, the most frequent first purchase first, then -1.

    Of each wine one format, its most frequent one.
    """
    shown = np.flatnonzero(offers.offered & (season >= rules.least_season))
    of_all = starters.sum(axis=0)
    chosen = []
    for of_kind in starters:
        ordered = shown[np.lexsort((place[0][shown], -of_all[shown], -of_kind[shown]))]
        _, first = np.unique(offers.wine[ordered], return_index=True)
        chosen.append(ordered[np.sort(first)])
    filled = np.full((len(chosen), max(map(len, chosen))), -1, np.int32)
    for kind, items in enumerate(chosen):
        filled[kind, : len(items)] = items
    return filled


def _micro(share: FloatArray) -> IntArray:
    return np.rint(MICRO * share).astype(np.int64)
