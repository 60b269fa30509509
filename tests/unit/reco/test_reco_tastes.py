import numpy as np
import pytest

from core.reco.neighbours import Neighbours
from core.reco.tastes import LEAST, MOST_UNSOLD, TRUST, Tastes, add_unsold
from tests.unit.reco.dataset import fetch, goods, people, ranked, sale


def tastes_of(*rows):
    """Family, grape, sweetness and notes of each item; None is unknown."""
    numbers = [[-1 if value is None else value for value in row[:3]] for row in rows]
    family, grape, sweetness = np.array(numbers, dtype=np.int32).T
    aroma = np.array([[np.nan if note is None else note for note in row[3]] for row in rows])
    return Tastes(family=family, grape=grape, sweetness=sweetness, aroma=aroma)


def neighbours_of(lists, keep=3):
    item, strength = np.full((len(lists), keep), -1, np.int32), np.zeros((len(lists), keep))
    for one, listed in enumerate(lists):
        for spot, (other, value) in enumerate(listed):
            item[one, spot], strength[one, spot] = other, value
    return Neighbours(item=item, strength=strength, together=(item >= 0).astype(np.int32))


def added(lists, tastes, sold, keep=3):
    items = len(sold)
    found = add_unsold(
        neighbours_of(lists, keep), tastes, np.ones(items, np.bool_), np.array(sold),
        np.arange(items),
    )  # fmt: skip
    return [
        [(int(i), pytest.approx(float(s))) for i, s in zip(item, strength, strict=True) if i >= 0]
        for item, strength in zip(found.item, found.strength, strict=True)
    ], found.together.tolist()


def test_likeness_is_the_weighted_share_of_what_is_alike():
    tastes = tastes_of(
        (0, 1, 0, [4.0, None]),
        (1, 1, 0, [4.0, 1.0]),
        (0, 1, None, [3.0, 5.0]),  # family, grape and a note that is a fifth of the scale away
        (0, 2, 1, [4.0, 0.0]),  # family and aroma alone
    )
    lists, together = added([[(1, 0.8)], [(0, 0.4)], [], []], tastes, [True, True, False, False])
    typical = TRUST * 0.6
    alike = [(2, typical * (0.5 + 0.3 * 0.8)), (3, typical * 0.55)]
    assert lists == [[(1, 0.8), *alike], [(0, 0.4)], [], []]
    assert together[0] == [1, 0, 0]


def test_a_family_alone_is_no_taste():
    tastes = tastes_of(*[(0, None, None, [None])] * 3)
    lists, _ = added([[(1, 0.8)], [(0, 0.8)], []], tastes, [True, True, False])
    assert lists == [[(1, 0.8)], [(0, 0.8)], []]
    assert LEAST > 0.25


def test_unsold_offers_take_the_last_places_and_few():
    unsold = MOST_UNSOLD + 2
    tastes = tastes_of(*[(0, 0, 0, [1.0])] * (9 + unsold))
    full = [(other, 0.9 - other / 100) for other in range(1, 9)]
    lists, _ = added([full, *[[]] * (8 + unsold)], tastes, [True] * 9 + [False] * unsold, keep=8)
    assert [item for item, _ in lists[0]] == [1, 2, 3, 4, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("keep", "real", "expected"),
    [(1, 1, [1]), (3, 3, [1, 2, 9]), (5, 5, [1, 2, 3, 9, 10]), (8, 4, [1, 2, 3, 4, 9, 10, 11, 12])],
)
def test_unsold_offers_never_take_all_places_of_a_list(keep, real, expected):
    tastes = tastes_of(*[(0, 0, 0, [1.0])] * 14)
    listed = [(other, 0.9 - other / 100) for other in range(1, real + 1)]
    lists, _ = added([listed, *[[]] * 13], tastes, [True] * 9 + [False] * 5, keep=keep)
    assert [item for item, _ in lists[0]] == expected


def test_a_new_wine_is_proposed_to_those_who_drink_its_like():
    alike = {"family": "Rouge", "grape": "Syrah", "sweetness": "sec", "aroma_body": 4.0}
    other = {"family": "Blanc", "grape": "Riesling", "sweetness": "doux", "aroma_body": 1.0}
    con = ranked(
        customers=people("A", "B", "C"),
        products=[
            *goods("SOLD", "SAME", "NEW", price_cents=1000, **alike),
            *goods("WHITE", "NEWWHITE", price_cents=1000, **other),
        ],
        sales=[
            *(sale(c, p, ago) for c in "AB" for p, ago in (("SOLD", 200), ("SAME", 300))),
            *(sale("C", "WHITE", ago) for ago in (150, 300)),
        ],
    )
    said = fetch(
        con,
        "SELECT customer, product_key, explain_short FROM pooled"
        " WHERE reasons_json ->> '$.ground' = 'taste' ORDER BY customer",
    )
    assert said == [
        ("A", "NEW", "Close in taste to Wine SOLD"),
        ("B", "NEW", "Close in taste to Wine SOLD"),
        ("C", "NEWWHITE", "Close in taste to Wine WHITE"),
    ]
