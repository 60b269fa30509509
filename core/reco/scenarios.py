"""The five scenarios of PRODUCT.md: what may be proposed to a customer, on what ground, how good.

A *proposal* is an item in a scenario, with its components in millionths and its score. Proposals
of one customer are made from her candidates (`core.reco.affinity`), from the popular offers of
the families she buys, and from how others began.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from core.compiled import njit
from core.reco.tables import BoolArray, FloatArray, Int32Array, IntArray
from core.reco.timing import chance_alive, chance_by_now, due_state

MICRO = 1_000_000
NEUTRAL = MICRO // 2
LOOKED_THROUGH = 100  # popular offers of a family looked through for a step up
SPARSE_DOCUMENTS = 2  # customers with no more documents than this are compared with beginners
TASTE_PRIOR = 2  # baskets' worth of a taste that is not known
BEST_STEP = 0.4  # of the way from the least to the greatest step: where upsell's price fits best
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
    beginners: Int32Array  # (kinds, items): offered items, the best beginnings first
    taken_offsets: IntArray
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


BASIS_POINTS = 10_000
COUNTED = 1 << 5  # beside the bits of the scenarios


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


@njit(cache=True, nogil=True)
def propose(  # type: ignore[no-untyped-def]
    customer, low, high, bought, number, item, day, amount, known, people, shelf, rules, s, p
):
    """Fill `p` with the proposals for a customer; return how many there are.

    `s` holds her `number` candidates, weighed, the `bought` ones first; her rows of the history
    are `low` to `high - 1`.
    """
    people_state = people.state
    people_population = people.population
    people_kind = people.kind
    people_documents = people.documents
    _mark(customer, low, high, item, day, amount, known, people, shelf, rules, p)
    state, group = people_state[customer], people_population[customer]
    best_bought, best_new = _best_values(bought, number, shelf, s, p)
    n = _propose_bought(0, state, bought, best_bought, known, shelf, s, p)
    n = _propose_new(
        n, customer, state, group, bought, number, best_new, people, shelf, rules, s, p
    )
    n = _propose_dearer(n, customer, group, people, shelf, rules, p)
    if state == PROSPECT:
        n = _propose_beginnings(n, people_kind[customer], shelf, rules, p)
    elif people_documents[customer] <= SPARSE_DOCUMENTS and state in (NEW, ACTIVE):
        if low == high:  # only gifts: nothing of her own yet
            n = _propose_beginnings(n, people_kind[customer], shelf, rules, p)
        else:
            n = _propose_next_steps(n, low, high, group, item, day, shelf, rules, p)
    n = _propose_anything(n, group, state, known, rules, p)
    _score(n, customer, group, low, high, people, shelf, rules, p)
    _clear(n, customer, low, high, item, people, shelf, p)
    return n


@njit(cache=True, nogil=True)
def _mark(customer, low, high, item, day, amount, known, people, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Mark what is known or recent, the tastes by amount and recency, and the prices paid."""
    p_known = p.known
    p_family_taste = p.family_taste
    p_sweet_taste = p.sweet_taste
    p_paid_in = p.paid_in
    p_step_from = p.step_from
    p_step_to = p.step_to
    p_is_usual = p.is_usual
    known_interest = known.interest
    people_known_offsets = people.known_offsets
    people_known_item = people.known_item
    people_is_recent = people.is_recent
    people_paid_offsets = people.paid_offsets
    people_paid_family = people.paid_family
    people_paid_price = people.paid_price
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    rules_today = rules.today
    rules_least_step = rules.least_step
    rules_greatest_step = rules.greatest_step
    for row in range(people_known_offsets[customer], people_known_offsets[customer + 1]):
        name = people_known_item[row]
        p_known[name] = max(p_known[name], 2 if people_is_recent[row] else 1)
    for row in range(low, high):
        name = item[row]
        family, kind = shelf_family[name], shelf_sweetness[name]
        if family >= 0 and amount[row] > 0:
            age = min(max(rules_today - day[row], 0), len(known_interest) - 1)
            weight = amount[row] * known_interest[age]
            p_family_taste[family] += weight
            if kind >= 0:
                p_sweet_taste[family, kind] += weight
    for row in range(people_paid_offsets[customer], people_paid_offsets[customer + 1]):
        family, paid = people_paid_family[row], people_paid_price[row]
        p_paid_in[family] = paid
        if paid > 0:
            least, most = BASIS_POINTS + rules_least_step, BASIS_POINTS + rules_greatest_step
            p_step_from[family] = (paid * least + BASIS_POINTS - 1) // BASIS_POINTS
            p_step_to[family] = paid * most // BASIS_POINTS
        p_is_usual[family, :] = True
    _mark_sweetness(customer, people, rules, p)


@njit(cache=True, nogil=True)
def _mark_sweetness(customer, people, rules, p):  # type: ignore[no-untyped-def]
    """Mark which sweetness of a family is usual or odd; where none is known, any is usual."""
    p_is_odd = p.is_odd
    p_is_usual = p.is_usual
    people_sweet_offsets = people.sweet_offsets
    people_sweet_family = people.sweet_family
    people_sweet_volume = people.sweet_volume
    people_sweet_kind = people.sweet_kind
    rules_sweetness_share = rules.sweetness_share
    row, last = people_sweet_offsets[customer], people_sweet_offsets[customer + 1]
    while row < last:
        family, total, first = people_sweet_family[row], 0, row
        while row < last and people_sweet_family[row] == family:
            total += people_sweet_volume[row]
            row += 1
        if total == 0:
            continue
        unknown = p_is_odd.shape[1] - 1
        p_is_usual[family, :] = False
        p_is_odd[family, :unknown] = rules_sweetness_share > 0
        for one in range(first, row):
            usual = people_sweet_volume[one] * BASIS_POINTS >= total * rules_sweetness_share
            p_is_usual[family, people_sweet_kind[one]] = usual
            p_is_odd[family, people_sweet_kind[one]] = not usual


@njit(cache=True, nogil=True)
def _clear(n, customer, low, high, item, people, shelf, p):  # type: ignore[no-untyped-def]
    p_known = p.known
    p_family_taste = p.family_taste
    p_sweet_taste = p.sweet_taste
    p_paid_in = p.paid_in
    p_step_from = p.step_from
    p_step_to = p.step_to
    p_is_usual = p.is_usual
    p_is_odd = p.is_odd
    p_proposed = p.proposed
    p_item = p.item
    people_known_offsets = people.known_offsets
    people_known_item = people.known_item
    people_paid_offsets = people.paid_offsets
    people_paid_family = people.paid_family
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    for row in range(people_known_offsets[customer], people_known_offsets[customer + 1]):
        p_known[people_known_item[row]] = 0
    for row in range(low, high):
        family, kind = shelf_family[item[row]], shelf_sweetness[item[row]]
        if family >= 0:
            p_family_taste[family] = 0.0
            if kind >= 0:
                p_sweet_taste[family, kind] = 0.0
    for row in range(people_paid_offsets[customer], people_paid_offsets[customer + 1]):
        family = people_paid_family[row]
        p_paid_in[family] = p_step_from[family] = p_step_to[family] = 0
        p_is_usual[family, :] = False
        p_is_odd[family, :] = False
    for at in range(n):
        p_proposed[p_item[at]] = 0


@njit(cache=True, nogil=True)
def _best_values(bought, number, shelf, s, p):  # type: ignore[no-untyped-def]
    """Return the greatest value among what was bought and among what is new."""
    s_value = s.value
    s_item = s.item
    p_known = p.known
    shelf_offered = shelf.offered
    best_bought = best_new = -1e300
    for at in range(number):
        if at < bought:
            best_bought = max(best_bought, s_value[at])
        elif shelf_offered[s_item[at]] and p_known[s_item[at]] == 0:
            best_new = max(best_new, s_value[at])
    return best_bought, best_new


@njit(cache=True, nogil=True, inline="always")
def _relative(value, best):  # type: ignore[no-untyped-def]
    """Return the affinity, in millionths: the root of the chance relative to the best one's."""
    return np.int64(MICRO * np.exp((value - best) / 2) + 0.5)


@njit(cache=True, nogil=True)
def _propose_bought(n, state, bought, best, known, shelf, s, p):  # type: ignore[no-untyped-def]
    """Rebuy what is due; win back the silent with their favourites."""
    s_item = s.item
    s_days_of = s.days_of
    s_waited = s.waited
    s_expected = s.expected
    s_times = s.times
    s_value = s.value
    p_known = p.known
    p_is_odd = p.is_odd
    p_item = p.item
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    p_proposed = p.proposed
    known_deviation = known.deviation
    known_shrinkage = known.shrinkage
    known_repeat_rate = known.repeat_rate
    shelf_offered = shelf.offered
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    silent = state in (LAPSED, LOST)
    for at in range(bought):
        name = s_item[at]
        if not shelf_offered[name] or p_known[name] == 2:
            continue
        if shelf_family[name] >= 0 and p_is_odd[shelf_family[name], shelf_sweetness[name]]:
            continue
        days = s_days_of[at]
        chance = chance_by_now(
            s_waited[at], s_expected[at], days - 1, known_deviation, known_shrinkage
        )
        level = min(days, known_repeat_rate.shape[0]) - 1
        due = min(1.0, 2 * chance) * chance_alive(chance, known_repeat_rate[level, name])
        stage = due_state(chance)
        for scenario in (REBUY, WINBACK):
            if (scenario == REBUY and stage != 1 and stage != 2) or (
                scenario == WINBACK and not silent
            ):
                continue
            p_item[n], p_scenario[n] = name, scenario
            p_ground[n] = 0 if scenario == REBUY else 1
            p_evidence[n] = s_times[at]
            p_components[n, AFFINITY] = _relative(s_value[at], best)
            p_components[n, DUE] = np.int64(MICRO * due + 0.5)
            p_proposed[name] |= 1 << scenario
            n += 1
    return n


@njit(cache=True, nogil=True)
def _propose_new(  # type: ignore[no-untyped-def]
    n, customer, state, group, bought, number, best, people, shelf, rules, s, p
):
    """Propose candidates that are new: cross-sell, upsell, and what others took up since."""
    s_item = s.item
    s_features = s.features
    s_value = s.value
    p_known = p.known
    p_is_odd = p.is_odd
    p_item = p.item
    p_scenario = p.scenario
    p_evidence = p.evidence
    p_ground = p.ground
    p_components = p.components
    p_proposed = p.proposed
    p_step_to = p.step_to
    p_step_from = p.step_from
    p_is_usual = p.is_usual
    people_paid75 = people.paid75
    people_last_day = people.last_day
    shelf_offered = shelf.offered
    shelf_family = shelf.family
    shelf_season = shelf.season
    shelf_sweetness = shelf.sweetness
    shelf_price = shelf.price
    shelf_price75 = shelf.price75
    shelf_is_sold = shelf.is_sold
    shelf_taken_offsets = shelf.taken_offsets
    shelf_taken_days = shelf.taken_days
    rules_least_season = rules.least_season
    rules_price_reach = rules.price_reach
    rules_top_n = rules.top_n
    silent = state in (LAPSED, LOST)
    near_enough = 0
    for at in range(bought, number):
        name = s_item[at]
        if not shelf_offered[name] or p_known[name] != 0 or state == PROSPECT:
            continue
        family = shelf_family[name]
        if shelf_season[name] < rules_least_season:
            continue
        if family >= 0 and p_is_odd[family, shelf_sweetness[name]]:
            continue
        is_near = s_features[at, 30] > 0  # the root of the sum of similarities
        affinity = _relative(s_value[at], best)
        price, paid = shelf_price75[name], people_paid75[customer]
        in_reach = price == 0 or paid == 0 or BASIS_POINTS * price <= rules_price_reach * paid
        if in_reach and (is_near or near_enough < 2 * rules_top_n):
            p_item[n], p_scenario[n], p_evidence[n] = name, CROSS_SELL, 0
            p_ground[n] = 2 if is_near else 3
            if is_near and not shelf_is_sold[group, name]:
                p_ground[n] = 8
            p_components[n, AFFINITY], p_components[n, DUE] = affinity, 0
            p_proposed[name] |= 1 << CROSS_SELL
            near_enough += 1
            n += 1
        is_step = family >= 0 and p_step_to[family] >= price >= p_step_from[family] > 0
        is_step = is_step and shelf_price[name] >= p_step_from[family]  # half a bottle is none
        if is_step and p_is_usual[family, shelf_sweetness[name]]:
            p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, UPSELL, 4, 0
            p_components[n, AFFINITY], p_components[n, DUE] = affinity, 0
            p_proposed[name] |= 1 << UPSELL
            n += 1
        if silent and is_near:
            first, last = shelf_taken_offsets[name], shelf_taken_offsets[name + 1]
            since = (
                last
                - first
                - np.searchsorted(
                    shelf_taken_days[first:last], people_last_day[customer], side="right"
                )
            )
            if since > 0:
                p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, WINBACK, 5, since
                p_components[n, AFFINITY], p_components[n, DUE] = affinity, 0
                p_proposed[name] |= 1 << WINBACK
                n += 1
    return n


@njit(cache=True, nogil=True)
def _propose_dearer(n, customer, group, people, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Look through the popular offers of each family she buys for a step up."""
    p_step_from = p.step_from
    p_step_to = p.step_to
    p_is_usual = p.is_usual
    p_known = p.known
    p_proposed = p.proposed
    p_item = p.item
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    people_paid_offsets = people.paid_offsets
    people_paid_family = people.paid_family
    shelf_family_offsets = shelf.family_offsets
    shelf_by_family = shelf.by_family
    shelf_price75 = shelf.price75
    shelf_price = shelf.price
    shelf_sweetness = shelf.sweetness
    shelf_season = shelf.season
    rules_top_n = rules.top_n
    rules_least_season = rules.least_season
    for row in range(people_paid_offsets[customer], people_paid_offsets[customer + 1]):
        family = people_paid_family[row]
        first, last = shelf_family_offsets[family], shelf_family_offsets[family + 1]
        step_from, step_to, found = p_step_from[family], p_step_to[family], 0
        if step_to == 0:
            continue
        for spot in range(first, min(last, first + LOOKED_THROUGH)):
            if found == rules_top_n:
                break
            name = shelf_by_family[group, spot]
            if shelf_price75[name] < step_from or shelf_price75[name] > step_to:
                continue
            if shelf_price[name] < step_from:
                continue
            if not p_is_usual[family, shelf_sweetness[name]]:
                continue
            if p_known[name] != 0 or shelf_season[name] < rules_least_season:
                continue
            found += 1
            if p_proposed[name] & (1 << UPSELL):
                continue
            p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, UPSELL, 4, 0
            p_components[n, AFFINITY], p_components[n, DUE] = 0, 0
            p_proposed[name] |= 1 << UPSELL
            n += 1
    return n


@njit(cache=True, nogil=True)
def _propose_beginnings(n, kind, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Propose what others of her kind bought first to somebody who bought nothing for herself."""
    p_known = p.known
    p_item = p.item
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    p_proposed = p.proposed
    shelf_beginners = shelf.beginners
    shelf_starters = shelf.starters
    shelf_season = shelf.season
    rules_least_season = rules.least_season
    rules_pool_size = rules.pool_size
    most = 0
    for spot in range(shelf_beginners.shape[1]):
        name = shelf_beginners[kind, spot]
        most = max(most, shelf_starters[kind, name])
        if p_known[name] != 0 or shelf_season[name] < rules_least_season:
            continue
        p_item[n], p_scenario[n], p_ground[n] = name, NURTURE, 7
        p_evidence[n] = shelf_starters[kind, name]
        p_components[n, AFFINITY] = MICRO * shelf_starters[kind, name] // max(most, 1)
        p_components[n, DUE] = 0
        p_proposed[name] |= 1 << NURTURE
        n += 1
        if n == rules_pool_size:
            break
    return n


@njit(cache=True, nogil=True)
def _propose_next_steps(n, low, high, group, item, day, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Propose what those who began with the same items bought on their second day."""
    p_next_sum = p.next_sum
    p_next_found = p.next_found
    p_known = p.known
    p_is_odd = p.is_odd
    p_item = p.item
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    p_proposed = p.proposed
    shelf_next_item = shelf.next_item
    shelf_next_strength = shelf.next_strength
    shelf_family = shelf.family
    shelf_season = shelf.season
    shelf_sweetness = shelf.sweetness
    rules_least_season = rules.least_season
    found = 0
    for row in range(low, high):
        if day[row] != day[low]:
            break
        is_first = True  # an item may stand on several documents of the day
        for before in range(low, row):
            if item[before] == item[row]:
                is_first = False
                break
        if not is_first:
            continue
        for spot in range(shelf_next_item.shape[2]):
            other = shelf_next_item[group, item[row], spot]
            if other < 0:
                break
            if p_next_sum[other] == 0.0:
                p_next_found[found] = other
                found += 1
            p_next_sum[other] += shelf_next_strength[group, item[row], spot]
    best = 0.0
    for at in range(found):
        if p_known[p_next_found[at]] == 0:
            best = max(best, p_next_sum[p_next_found[at]])
    for at in range(found):
        name = p_next_found[at]
        family = shelf_family[name]
        is_odd = family >= 0 and p_is_odd[family, shelf_sweetness[name]]
        if p_known[name] == 0 and not is_odd and shelf_season[name] >= rules_least_season:
            p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, NURTURE, 6, 0
            p_components[n, AFFINITY] = np.int64(MICRO * (p_next_sum[name] / best) + 0.5)
            p_components[n, DUE] = 0
            p_proposed[name] |= 1 << NURTURE
            n += 1
        p_next_sum[name] = 0.0
    return n


@njit(cache=True, nogil=True)
def _propose_anything(n, group, state, known, rules, p):  # type: ignore[no-untyped-def]
    """Fill up to the least length with popular offers, at any price, season and sweetness."""
    p_proposed = p.proposed
    p_item = p.item
    p_known = p.known
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    known_by_popularity = known.by_popularity
    rules_min_items = rules.min_items
    different = 0
    for at in range(n):
        if not p_proposed[p_item[at]] & COUNTED:
            p_proposed[p_item[at]] |= COUNTED
            different += 1
    if state == PROSPECT:
        return n
    for spot in range(known_by_popularity.shape[1]):
        if different >= rules_min_items:
            break
        name = known_by_popularity[group, spot]
        if p_known[name] != 0 or p_proposed[name]:
            continue
        p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, CROSS_SELL, 3, 0
        p_components[n, AFFINITY], p_components[n, DUE] = 0, 0
        p_proposed[name] |= 1 << CROSS_SELL
        different += 1
        n += 1
    return n


@njit(cache=True, nogil=True)
def _score(n, customer, group, low, high, people, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Fill the other components, the evidence that is a number of the shelf, and the score."""
    p_family_taste = p.family_taste
    p_item = p.item
    p_scenario = p.scenario
    p_paid_in = p.paid_in
    p_components = p.components
    p_sweet_taste = p.sweet_taste
    p_ground = p.ground
    p_evidence = p.evidence
    p_score = p.score
    people_documents = people.documents
    people_paid75 = people.paid75
    shelf_family = shelf.family
    shelf_price75 = shelf.price75
    shelf_popularity_share = shelf.popularity_share
    shelf_season = shelf.season
    shelf_margin = shelf.margin
    shelf_sweetness = shelf.sweetness
    shelf_popularity = shelf.popularity
    rules_weights = rules.weights
    favourite = 0.0
    for family in range(len(p_family_taste)):
        favourite = max(favourite, p_family_taste[family])
    baskets = people_documents[customer] if low < high else 0
    trust = baskets / (baskets + TASTE_PRIOR)
    for at in range(n):
        name, scenario = p_item[at], p_scenario[at]
        family, price = shelf_family[name], shelf_price75[name]
        paid = people_paid75[customer]
        if family >= 0 and p_paid_in[family] > 0:
            paid = p_paid_in[family]
        p_components[at, POPULARITY] = shelf_popularity_share[group, name]
        p_components[at, SEASON] = shelf_season[name]
        p_components[at, MARGIN] = shelf_margin[name]
        p_components[at, PRICE_FIT] = _price_fit(scenario, price, paid, rules)
        p_components[at, FAMILY_FIT] = NEUTRAL
        if family >= 0 and favourite > 0:
            fit = p_family_taste[family] / favourite
            kind, known_sweet = shelf_sweetness[name], 0.0
            for other in range(p_sweet_taste.shape[1]):
                known_sweet += p_sweet_taste[family, other]
            if kind >= 0 and known_sweet > 0:
                fit *= p_sweet_taste[family, kind] / known_sweet
            p_components[at, FAMILY_FIT] = np.int64(MICRO * (trust * fit + (1 - trust) * 0.5) + 0.5)
        if p_ground[at] == 3:
            p_evidence[at] = shelf_popularity[group, name]
        elif p_ground[at] == 4:
            p_evidence[at] = (200 * (price - paid) + paid) // (2 * paid)
        total = 0.0
        for component in range(7):
            total += rules_weights[scenario, component] * p_components[at, component]
        p_score[at] = np.int64(total + 0.5)


@njit(cache=True, nogil=True, inline="always")
def _price_fit(scenario, price, paid, rules):  # type: ignore[no-untyped-def]
    if price == 0 or paid == 0:
        return np.int64(NEUTRAL)
    if scenario != UPSELL:
        return np.int64(MICRO * (min(price, paid) / max(price, paid)) + 0.5)
    width = (rules.greatest_step - rules.least_step) / BASIS_POINTS
    best = rules.least_step / BASIS_POINTS + BEST_STEP * width
    return np.int64(MICRO * max(0.0, 1 - abs(price / paid - 1 - best) / width) + 0.5)
