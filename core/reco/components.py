"""What the score of a proposal is made of, and the score."""

import numpy as np

from core.compiled import njit
from core.reco.shapes import (
    BASIS_POINTS,
    FAMILY_FIT,
    MARGIN,
    MICRO,
    POPULARITY,
    PRICE_FIT,
    SEASON,
    UPSELL,
)

NEUTRAL = MICRO // 2
TASTE_PRIOR = 2  # baskets' worth of a taste that is not known
BEST_STEP = 0.4  # of the way from the least to the greatest step: where upsell's price fits best


@njit(cache=True, nogil=True)
def score_proposals(n, customer, group, low, high, people, shelf, rules, p):  # type: ignore[no-untyped-def]
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
