"""Proposals to beginners: what others began with, and what they went on with."""

import numpy as np

from core.compiled import njit
from core.reco.shapes import AFFINITY, DUE, MICRO, NURTURE


@njit(cache=True, nogil=True)
def propose_beginnings(n, kind, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Propose what others of her kind bought first to somebody who bought nothing for herself.

    As many wines as a pool has, and as many of which no family has more than its share of a list:
    the most frequent ones may all be of one family.
    """
    p_known = p.known
    p_is_odd = p.is_odd
    p_item = p.item
    p_scenario = p.scenario
    p_ground = p.ground
    p_evidence = p.evidence
    p_components = p.components
    p_proposed = p.proposed
    shelf_beginners = shelf.beginners
    shelf_starters = shelf.starters
    shelf_family = shelf.family
    shelf_sweetness = shelf.sweetness
    in_family = np.zeros(shelf.families, np.int64)
    most = taken = spread = 0
    for spot in range(shelf_beginners.shape[1]):
        name = shelf_beginners[kind, spot]
        if name < 0 or (taken >= rules.pool_size and spread >= rules.pool_size):
            break
        most = max(most, shelf_starters[kind, name])
        family = shelf_family[name]
        if p_known[name] != 0 or (family >= 0 and p_is_odd[family, shelf_sweetness[name]]):
            continue
        is_spread = family < 0 or in_family[family] < rules.family_cap
        if not is_spread and taken >= rules.pool_size:
            continue
        taken += 1
        if is_spread:
            spread += 1
            if family >= 0:
                in_family[family] += 1
        p_item[n], p_scenario[n], p_ground[n] = name, NURTURE, 7
        p_evidence[n] = shelf_starters[kind, name]
        p_components[n, AFFINITY] = MICRO * shelf_starters[kind, name] // max(most, 1)
        p_components[n, DUE] = 0
        p_proposed[name] |= 1 << NURTURE
        n += 1
    return n


@njit(cache=True, nogil=True)
def propose_next_steps(n, low, high, group, item, day, shelf, rules, p):  # type: ignore[no-untyped-def]
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
