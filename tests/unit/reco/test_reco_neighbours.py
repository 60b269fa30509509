import numpy as np
import pytest

from core.reco.history import history_of_baskets
from core.reco.neighbours import HISTORY_LIMIT, NOBODY, Buyers, buyers_of, find_neighbours
from core.reco.tables import offsets_of
from tests.unit.reco.dataset import frame_of, random_history, random_tickets

ITEMS, CUSTOMERS = 25, 40


def buyers_from(dense):
    buyer, item = np.nonzero(dense)
    return Buyers(
        offsets=offsets_of(buyer, len(dense)), item=item.astype(np.int32), items=dense.shape[1]
    )


def random_dense(rng, share=0.3):
    """Buyers x items, some items bought by the same people so that similarities tie."""
    dense = rng.random((CUSTOMERS, ITEMS)) < share
    dense[:, 20:] = dense[:, :5]
    dense[:, 7] = False
    return dense.astype(np.int64)


def plain_neighbours(first, then, offered, place, keep, shrinkage, by_share):
    """Item, strength and buyers of the neighbours: the whole matrix, every row sorted whole."""
    together = first.T @ then
    size, other = first.sum(axis=0), then.sum(axis=0)
    scale = size[:, None] if by_share else np.sqrt(size[:, None] * other)
    strength = together / np.maximum(scale + shrinkage, 1e-9)
    together[:, ~offered] = 0
    np.fill_diagonal(together, 0)
    rows = []
    for one in range(len(together)):
        near = sorted(np.flatnonzero(together[one]), key=lambda j: (-strength[one, j], place[j]))
        rows.append([(int(j), strength[one, j], int(together[one, j])) for j in near[:keep]])
    return rows


def listed(found):
    """The same of what the kernel found; what is not filled is at the end."""
    rows = []
    for item, strength, together in zip(found.item, found.strength, found.together, strict=True):
        number = int((item != NOBODY).sum())
        assert (item[number:] == NOBODY).all()
        assert not strength[number:].any()
        assert not together[number:].any()
        rows.append(list(zip(item.tolist(), strength.tolist(), together.tolist(), strict=True)))
        del rows[-1][number:]
    return rows


@pytest.mark.parametrize("by_share", [False, True])
@pytest.mark.parametrize(("keep", "shrinkage"), [(1, 0.0), (4, 5.0), (60, 5.0)])
def test_neighbours_are_those_of_the_dense_matrix(keep, shrinkage, by_share):
    rng = np.random.default_rng(keep)
    first = random_dense(rng)
    then = random_dense(rng, 0.15) if by_share else first
    offered, place = rng.random(ITEMS) < 0.7, rng.permutation(ITEMS)
    expected = plain_neighbours(first, then, offered, place, keep, shrinkage, by_share)
    found = find_neighbours(
        buyers_from(first), buyers_from(then), offered=offered, place=place,
        keep=keep, shrinkage=shrinkage, by_share=by_share, threads=2,
    )  # fmt: skip
    assert [[(j, pytest.approx(s, rel=1e-12), n) for j, s, n in row] for row in expected] == (
        listed(found)
    )


@pytest.mark.parametrize("group", [0, 1])
def test_buyers_are_customers_of_the_population_and_tickets_with_the_first(group):
    history, tickets = random_history(5), random_tickets(5)
    population = (np.arange(history.customers) % 2).astype(np.int8)
    found = buyers_of(history, tickets, population, group)
    own = frame_of(history)
    own = own[own.customer % 2 == group].groupby("customer").item.agg(lambda i: sorted(set(i)))
    expected = [own.get(customer, []) for customer in range(history.customers)]
    if group == 0:
        expected += [part.tolist() for part in np.split(tickets.item, tickets.offsets[1:-1])]
    assert [part.tolist() for part in np.split(found.item, found.offsets[1:-1])] == expected


def test_only_the_newest_items_of_a_giant_count():
    older, newer = list(range(100)), list(range(50, 50 + HISTORY_LIMIT))
    history = history_of_baskets([[older, newer]], items=600)
    found = buyers_of(history, None, np.zeros(1, np.int8), 0)
    assert found.item.tolist() == newer
