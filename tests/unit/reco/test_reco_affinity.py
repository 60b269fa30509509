import math

import numpy as np
import pytest

from core.policy import Policy
from core.reco import neighbours
from core.reco.affinity import build_affinities
from core.reco.timing import build_purchase_timing
from tests.unit.reco.dataset import AS_OF, facts_of, fetch, goods, people, sale


def affinities_of(policy=None, **tables):
    policy = policy or Policy()
    con = facts_of(policy, **tables)
    build_purchase_timing(con, AS_OF, policy)
    build_affinities(con, AS_OF, policy)
    return con


def test_personal_affinity_halves_with_the_half_life():
    con = affinities_of(
        Policy(frequency_half_life_days=100),
        customers=people("A"),
        products=goods("P", "Q"),
        sales=[sale("A", "P", 0), sale("A", "P", 100), sale("A", "Q", 100), sale("A", "Q", 200)],
    )
    rows = fetch(con, "SELECT chain, purchases, frequency_micro, affinity FROM personal_affinity")
    assert rows == [("P", 2, 1_500_000, 1.0), ("Q", 2, 750_000, 0.5)]


def test_neighbours_are_cosine_with_shrinkage_over_customers_and_anonymous_baskets():
    con = affinities_of(
        Policy(affinity_shrinkage=1.0),
        customers=people("A", "B", "C"),
        products=goods("P", "Q", "R"),
        sales=[
            *(sale(c, p, 40) for c, p in ("AP", "AQ", "BP", "BQ", "CP")),
            sale("C", "Q", 30, is_gift=True),
            sale(None, "P", 20, document="T"),
            sale(None, "R", 20, document="T"),
        ],
    )
    rows = fetch(con, "SELECT chain, neighbour, buyers, strength FROM item_neighbours")
    pq, pr = 2 / (math.sqrt(4 * 2) + 1), 1 / (math.sqrt(4 * 1) + 1)
    assert [(*row[:3], pytest.approx(row[3], abs=1e-6)) for row in rows] == [
        ("P", "Q", 2, pq),
        ("P", "R", 1, pr),
        ("Q", "P", 2, pq),
        ("R", "P", 1, pr),
    ]


def test_new_items_are_never_those_bought_even_as_a_gift():
    con = affinities_of(
        customers=people("A", "B", "C"),
        products=goods("P", "Q", "R"),
        sales=[
            *(sale(c, p, 40) for c, p in ("AP", "AQ", "AR", "BP", "CP")),
            sale("B", "Q", 30, is_gift=True),
        ],
    )
    rows = fetch(con, "SELECT customer, chain, affinity FROM new_affinity")
    assert rows == [("B", "R", 1.0), ("C", "Q", 1.0), ("C", "R", 1.0)]


def test_only_the_offered_vintage_of_a_chain_is_a_neighbour():
    con = affinities_of(
        customers=people("A", "B"),
        products=[
            *goods("P", "Q", is_active=False),
            *goods("R21", stock_quantity=0),
            *goods("R22", replaces="R21"),
        ],
        sales=[sale(c, p, 40) for c, p in (("A", "P"), ("A", "Q"), ("A", "R21"), ("B", "P"))],
    )
    assert fetch(con, "SELECT chain, neighbour FROM item_neighbours") == [
        ("P", "R21"),
        ("Q", "R21"),
    ]
    assert fetch(con, "SELECT chain, product_key FROM offers") == [("R21", "R22")]


def test_shipping_is_no_sign_of_taste():
    con = affinities_of(
        customers=people("A", "B"),
        products=[*goods("P", "Q"), *goods("POST", is_recommendable=False)],
        sales=[
            *(sale(c, p, 40) for c, p in (("A", "P"), ("A", "Q"), ("A", "POST"), ("B", "POST"))),
            sale("A", "POST", 20, price=9000),
        ],
    )
    assert fetch(con, "SELECT DISTINCT chain FROM item_neighbours ORDER BY 1") == [("P",), ("Q",)]
    assert fetch(con, "SELECT DISTINCT chain FROM personal_affinity ORDER BY 1") == [("P",), ("Q",)]
    assert fetch(con, "SELECT customer, paid75_cents FROM customer_facts") == [
        ("A", 1000),
        ("B", None),
    ]


def test_next_neighbours_follow_the_first_purchase_day():
    con = affinities_of(
        Policy(affinity_shrinkage=0.0),
        customers=people("A", "B", "C"),
        products=goods("P", "Q", "R"),
        sales=[
            sale("A", "P", 90),
            sale("A", "Q", 60),
            sale("A", "R", 30),  # a third step, too far from the beginning
            sale("B", "P", 90),
            sale("B", "P", 60),
            sale("C", "P", 60),
        ],
    )
    assert fetch(con, "SELECT chain, neighbour, buyers, strength FROM next_neighbours") == [
        ("P", "Q", 1, 0.333333)
    ]
    beginners = fetch(con, "SELECT customer, chain FROM beginner_affinity")
    assert beginners == [("B", "Q"), ("C", "Q")]


def dense_top(values, place, keep):
    """The plain version: every row sorted whole."""
    found = set()
    for row, line in enumerate(values):
        columns = list(np.flatnonzero(line))
        columns.sort(key=lambda c: (-line[c], place[c]))
        found |= {(row, int(c), int(line[c])) for c in columns[:keep]}
    return found


@pytest.mark.parametrize("cells_per_block", [50, 1_000_000])
def test_kernels_equal_their_plain_version(monkeypatch, cells_per_block):
    monkeypatch.setattr(neighbours, "CELLS_PER_BLOCK", cells_per_block)
    monkeypatch.setattr(neighbours, "ROWS_PER_BLOCK", 1)
    rng = np.random.default_rng(7)
    dense = (rng.random((40, 25)) < 0.3).astype(np.int64)
    place = rng.permutation(25)
    offered = (rng.random(25) < 0.7).astype(np.int64)
    rows, columns = np.nonzero(dense)
    items = neighbours.read_matrix(
        {"row_no": rows, "column_no": columns, "value": dense[rows, columns]}, 40, 25
    )
    size = dense.sum(axis=0)

    def scale(i, j):
        return np.sqrt(size[i]) * np.sqrt(size[j]) + 5.0

    found = neighbours.find_neighbours(items, items, scale, place=place, offered=offered, keep=4)
    counts = dense.T @ (dense * offered)
    np.fill_diagonal(counts, 0)
    strength = np.rint(1e6 * counts / scale(*np.indices((25, 25)))).astype(np.int64)
    cells = set(zip(found["row_no"], found["column_no"], found["value"], strict=True))
    assert cells == dense_top(strength, place, 4)
    assert all(
        count == counts[i, j]
        for i, j, count in zip(found["row_no"], found["column_no"], found["count"], strict=True)
    )

    strengths = neighbours.read_matrix(found, 25, 25)
    new = neighbours.sum_over_items(items, strengths, items, place=place, keep=3)
    sums = np.where(dense > 0, 0, dense @ strengths.toarray())
    relative = np.rint(1e6 * sums / np.maximum(sums.max(axis=1, keepdims=True), 1))
    cells = set(zip(new["row_no"], new["column_no"], new["value"], strict=True))
    assert cells == dense_top(relative.astype(np.int64), place, 3)
