"""Proposals from the candidates of a customer, and from the dearer offers of her families."""

import numpy as np

from core.compiled import njit
from core.reco.shapes import (
    AFFINITY,
    BASIS_POINTS,
    CROSS_SELL,
    DUE,
    LAPSED,
    LOST,
    MICRO,
    PROSPECT,
    REBUY,
    UPSELL,
    WINBACK,
)
from core.reco.timing import chance_alive, chance_by_now, due_state

LOOKED_THROUGH = 100  # popular offers of a family looked through for a step up


@njit(cache=True, nogil=True)
def best_values(bought, number, shelf, s, p):  # type: ignore[no-untyped-def]
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
def propose_bought(n, state, bought, best, known, shelf, s, p):  # type: ignore[no-untyped-def]
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
def propose_new(  # type: ignore[no-untyped-def]
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
            place = group * len(shelf_offered) + name
            first, last = shelf_taken_offsets[place], shelf_taken_offsets[place + 1]
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
def propose_dearer(n, customer, group, people, shelf, rules, p):  # type: ignore[no-untyped-def]
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
