"""The components of every proposal's score against their meaning, in plain Python and SQL."""

from math import exp, sqrt

import numpy as np
import pytest

from core.reco.shapes import (
    AFFINITY,
    DUE,
    FAMILY_FIT,
    MARGIN,
    MICRO,
    NURTURE,
    POPULARITY,
    PRICE_FIT,
    REBUY,
    SEASON,
    UPSELL,
    WINBACK,
    Ground,
)  # fmt: skip
from tests.unit.reco.dataset import TODAY, fetch
from tests.unit.reco.ranked_world import World, described


@pytest.fixture(scope="module")
def world():
    return World()


def assert_component(world, component, plain):
    """`plain` gives the component of a row, or None where it is not looked at."""
    seen = 0
    for customer, item, scenario, ground, components in world.rows:
        expected = plain(customer, item, scenario, ground)
        if expected is not None:
            seen += 1
            assert components[component] == pytest.approx(MICRO * expected, abs=1.01), (
                customer, item, scenario,
            )  # fmt: skip
    assert seen > 50


def test_popularity_is_the_root_of_the_share_of_buyers(world):
    tickets = world.facts.tickets
    recent = world.bought[world.bought.day > TODAY - 365]
    kind = np.array(world.population)[recent.customer]
    counts = np.zeros((2, world.facts.history.items))
    for group in (0, 1):
        sizes = recent[kind == group].groupby("item").customer.nunique()
        counts[group, sizes.index] = sizes
    counts[0] += np.bincount(tickets.item[tickets.day > TODAY - 365], minlength=counts.shape[1])
    most = counts[:, world.shelf.offered].max(axis=1)

    def plain(customer, item, scenario, ground):
        group = world.population[customer]
        return min(1, sqrt(counts[group, item] / most[group]))

    assert_component(world, POPULARITY, plain)


def test_margin_is_the_rank_among_all_and_season_that_of_the_tags(world):
    rows = fetch(world.con, """
        SELECT chain_no, is_offer, (
            SELECT (count(*) FILTER (other.margin < products.margin)) / (count(*) - 1)
            FROM products AS other WHERE other.margin IS NOT NULL
        ), season_tags
        FROM products JOIN product_facts USING (product_key)
    """)  # fmt: skip
    margins = {item: margin for item, is_offer, margin, _ in rows if is_offer}
    tagged = {item for item, is_offer, _, tags in rows if is_offer and tags}
    assert_component(world, MARGIN, lambda customer, item, *_: margins[item])
    # nothing sells by season here; the tags name Christmas, and it is June
    assert {world.shelf.season[item] for item in tagged} == {0}
    fits = {int(components[SEASON]) for _, item, *_, components in world.rows if item not in tagged}
    assert fits == {MICRO // 2}


def paid_by(world):
    """Return what a customer pays per 75 cl for an item: in its family, else for all."""
    paid = dict(fetch(world.con, "SELECT customer_no, paid75_cents FROM customer_facts"))
    families = "SELECT customer_no, family_no, paid75_cents FROM customer_families"
    in_family = {(c, f): price for c, f, price in fetch(world.con, families)}

    def look_up(customer, item):
        return in_family.get((customer, int(world.shelf.family[item]))) or paid[customer]

    return look_up


def test_price_fit_compares_the_price_with_what_is_paid(world):
    paid_for = paid_by(world)

    def plain(customer, item, scenario, ground):
        price, paid = int(world.shelf.price75[item]), paid_for(customer, item)
        if not price or not paid:
            return 0.5
        if scenario != UPSELL:
            return min(price, paid) / max(price, paid)
        return max(0, 1 - abs(price / paid - 1 - (0.1 + 0.4 * 0.5)) / 0.5)  # best at 30 % more

    assert_component(world, PRICE_FIT, plain)


def test_family_fit_is_the_taste_of_family_and_sweetness(world):
    known = world.done.model.learned.known
    rows = world.bought.assign(
        family=world.shelf.family[world.bought.item],
        kind=world.shelf.sweetness[world.bought.item],
        weight=world.bought.amount * known.interest[TODAY - world.bought.day],
    )
    rows = rows[rows.family >= 0]
    in_family = rows.groupby(["customer", "family"]).weight.sum()
    in_kind = rows[rows.kind >= 0].groupby(["customer", "family", "kind"]).weight.sum()
    documents = dict(fetch(world.con, "SELECT customer_no, documents FROM customer_facts"))
    buyers = set(world.bought.customer)

    def plain(customer, item, scenario, ground):
        family, kind = int(world.shelf.family[item]), int(world.shelf.sweetness[item])
        favourite = in_family[customer].max() if customer in in_family else 0
        if family < 0 or not favourite:
            return 0.5
        fit = in_family.get((customer, family), 0) / favourite
        known_kinds = in_kind[customer, family] if fit and (customer, family) in in_kind else []
        if kind >= 0 and sum(known_kinds) > 0:
            fit *= known_kinds.get(kind, 0) / known_kinds.sum()
        baskets = documents[customer] if customer in buyers else 0
        return (baskets * fit + 2 * 0.5) / (baskets + 2)

    assert_component(world, FAMILY_FIT, plain)


def test_affinity_is_relative_to_her_best_and_due_is_how_far_the_gap_has_run(world):
    found = described(world, world.done.model.learned.known)
    known = {}
    for customer, item in zip(
        np.repeat(np.arange(len(world.population)), np.diff(world.done.people.known_offsets)),
        world.done.people.known_item,
        strict=True,
    ):
        known.setdefault(int(customer), set()).add(int(item))

    def best(customer, is_bought):
        return max(
            value
            for item, (value, timing) in found[customer].items()
            if (timing is not None) == is_bought
            and (is_bought or (world.shelf.offered[item] and item not in known[customer]))
        )

    def affinity(customer, item, scenario, ground):
        if item not in found.get(customer, {}) or scenario == NURTURE:
            return None
        if ground in (Ground.STEP, Ground.POPULAR) and found[customer][item][1] is None:
            return None  # may come from the shelf, with an affinity of 0
        value, timing = found[customer][item]
        return exp((value - best(customer, timing is not None)) / 2)

    def due(customer, item, scenario, ground):
        if scenario not in (REBUY, WINBACK) or ground == Ground.TAKEN_UP:
            return 0.0
        chance, alive, _ = found[customer][item][1]
        assert scenario == WINBACK or 0.25 <= chance < 0.975
        return min(1, 2 * chance) * alive

    assert_component(world, AFFINITY, affinity)
    assert_component(world, DUE, due)


def test_affinity_of_a_next_step_is_what_follows_her_first_day_relative_to_the_best(world):
    shelf, people = world.done.shelf, world.done.people
    steps = {}
    for customer, own in world.bought.groupby("customer"):
        group, sums = world.population[customer], {}
        for mine in set(own[own.day == own.day.min()].item):
            pairs = zip(shelf.next_item[group, mine], shelf.next_strength[group, mine], strict=True)
            for other, strength in pairs:
                sums[int(other)] = sums.get(int(other), 0) + strength
        known = people.known_item[slice(*people.known_offsets[customer : customer + 2])]
        steps[customer] = {i: total for i, total in sums.items() if i >= 0 and i not in known}

    def affinity(customer, item, scenario, ground):
        if ground != Ground.NEXT_STEP:
            return None
        return steps[customer][item] / max(steps[customer].values())

    assert_component(world, AFFINITY, affinity)
