"""The five scenarios of PRODUCT.md: what may be proposed to a customer, on what ground, how good.

A *proposal* is an item in a scenario, with its components in millionths and its score. Proposals
of one customer are made from her candidates (`core.reco.affinity`), from the popular offers of
the families she buys, and from how others began.
"""

from core.compiled import njit
from core.reco.components import score_proposals
from core.reco.marks import clear_customer, mark_customer
from core.reco.nurturing import propose_beginnings, propose_next_steps
from core.reco.proposing import best_values, propose_bought, propose_dearer, propose_new
from core.reco.shapes import ACTIVE, AFFINITY, CROSS_SELL, DUE, NEW, PROSPECT

SPARSE_DOCUMENTS = 2  # customers with no more documents than this are compared with beginners
COUNTED = 1 << 5  # beside the bits of the scenarios


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
    mark_customer(customer, low, high, item, day, amount, known, people, shelf, rules, p)
    state, group = people_state[customer], people_population[customer]
    best_bought, best_new = best_values(bought, number, shelf, s, p)
    n = propose_bought(0, state, bought, best_bought, known, shelf, s, p)
    n = propose_new(n, customer, state, group, bought, number, best_new, people, shelf, rules, s, p)
    n = propose_dearer(n, customer, group, people, shelf, rules, p)
    if state == PROSPECT:
        n = propose_beginnings(n, people_kind[customer], shelf, rules, p)
    elif people_documents[customer] <= SPARSE_DOCUMENTS and state in (NEW, ACTIVE):
        if low == high:  # only gifts: nothing of her own yet
            n = propose_beginnings(n, people_kind[customer], shelf, rules, p)
        else:
            n = propose_next_steps(n, low, high, group, item, day, shelf, rules, p)
    n = _propose_anything(n, group, state, known, shelf, rules, p)
    score_proposals(n, customer, group, low, high, people, shelf, rules, p)
    clear_customer(n, customer, low, high, item, people, shelf, p)
    return n


@njit(cache=True, nogil=True)
def _propose_anything(n, group, state, known, shelf, rules, p):  # type: ignore[no-untyped-def]
    """Fill up to the least length with popular offers at any price.

    What is out of season, or of a sweetness she hardly buys, comes when nothing else is left.
    """
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
    for is_last in range(2):
        for spot in range(known_by_popularity.shape[1]):
            if different >= rules_min_items:
                return n
            name = known_by_popularity[group, spot]
            if p_known[name] != 0 or p_proposed[name]:
                continue
            if not is_last and not _suits(name, shelf, rules, p):
                continue
            p_item[n], p_scenario[n], p_ground[n], p_evidence[n] = name, CROSS_SELL, 3, 0
            p_components[n, AFFINITY], p_components[n, DUE] = 0, 0
            p_proposed[name] |= 1 << CROSS_SELL
            different += 1
            n += 1
    return n


@njit(cache=True, nogil=True, inline="always")
def _suits(name, shelf, rules, p):  # type: ignore[no-untyped-def]
    family = shelf.family[name]
    is_odd = family >= 0 and p.is_odd[family, shelf.sweetness[name]]
    return shelf.season[name] >= rules.least_season and not is_odd
