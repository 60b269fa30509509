"""Datasets with next to nothing in them still give a table, never an error."""

import pytest

from core.policy import Policy
from tests.unit.reco.dataset import fetch, goods, people, ranked, sale

WORLDS = {
    "nothing": ({}, 0),
    "customers only": ({"customers": people("C")}, 0),
    "a catalogue and a prospect": ({"customers": people("C"), "products": goods("P")}, 1),
    "nothing to recommend": (
        {
            "customers": people("C"),
            "products": goods("P", is_active=False),
            "sales": [sale("C", "P", 50)],
        },
        0,
    ),
    "sold but not in the catalogue": (
        {"customers": people("C"), "products": goods("P"), "sales": [sale("C", "X", 50)]},
        1,
    ),
    "everything bought yesterday": (
        {"customers": people("C"), "products": goods("P"), "sales": [sale("C", "P", 1)]},
        0,
    ),
    "given away, never paid": (
        {
            "customers": people("C"),
            "products": goods("P", "Q", price_cents=500),
            "sales": [sale("C", "P", 50, price=0, is_gift=True)],
        },
        1,
    ),
    "only anonymous tickets": (
        {
            "customers": people("C"),
            "products": goods("P", "Q"),
            "sales": [sale(None, "P", 5, document="T"), sale(None, "Q", 5, document="T")],
        },
        2,
    ),
}


@pytest.mark.parametrize(("world", "expected"), WORLDS.values(), ids=WORLDS)
def test_candidates_of_small_worlds(world, expected):
    assert len(fetch(ranked(**world), "SELECT * FROM pooled")) == expected


def test_a_long_list_has_its_length_and_as_much_to_be_repaired_from():
    con = ranked(Policy(top_n=20), customers=people("C"), products=goods(*map(str, range(50))))
    assert len(fetch(con, "SELECT * FROM pooled")) == 40
