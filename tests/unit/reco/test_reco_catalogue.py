import pytest

from core.reco.numbering import compute_chains
from tests.unit.reco.dataset import facts_of, fetch

CHAINS = {
    "alone": ({"A": None}, {"A": ("A", 0)}),
    "blank is nothing": ({"A": ""}, {"A": ("A", 0)}),
    "line": ({"A": None, "B": "A", "C": "B"}, {"A": ("A", 0), "B": ("A", 1), "C": ("A", 2)}),
    "two successors": ({"A": None, "B": "A", "C": "A"}, {"B": ("A", 1), "C": ("A", 1)}),
    "itself": ({"A": "A"}, {"A": ("A", 0)}),
    "cycle": ({"C": "B", "B": "D", "D": "C"}, {"B": ("B", 0), "C": ("B", 1), "D": ("B", 2)}),
    "tail on a cycle": ({"A": "C", "B": "C", "C": "B"}, {"A": ("B", 2), "B": ("B", 0)}),
    "unknown predecessor": ({"B": "gone", "C": "gone"}, {"B": ("gone", 1), "C": ("gone", 1)}),
}


@pytest.mark.parametrize(("replaces", "expected"), CHAINS.values(), ids=CHAINS)
def test_chain_starts_at_the_oldest_vintage(replaces, expected):
    places = compute_chains(replaces)
    assert {key: (places[key].root, places[key].depth) for key in expected} == expected


def product(key, replaces=None, **more):
    return {"product_key": key, "replaces": replaces, **more}


OFFERS = {
    "both in stock: the newest": (
        [product("R21"), product("R22", "R21")],
        {"R21": (False, "R22"), "R22": (True, None)},
    ),
    "newest sold out: the earlier one": (
        [product("R21", stock_quantity=3), product("R22", "R21", stock_quantity=0)],
        {"R21": (True, None), "R22": (False, "R21")},
    ),
    "newest withdrawn": (
        [product("R21"), product("R22", "R21", is_active=False)],
        {"R21": (True, None), "R22": (False, "R21")},
    ),
    "not to be recommended": (
        [product("POST", is_recommendable=False)],
        {"POST": (False, None)},
    ),
    "all sold out": (
        [product("R21", stock_quantity=0), product("R22", "R21", stock_quantity=0)],
        {"R21": (False, None), "R22": (False, None)},
    ),
    "of two successors the later vintage": (
        [
            product("R20", stock_quantity=0),
            product("R21", "R20", vintage=2021),
            product("R22", "R20", vintage=2022),
        ],
        {"R20": (False, "R22"), "R21": (True, None), "R22": (True, None)},
    ),
}


@pytest.mark.parametrize(("products", "expected"), OFFERS.values(), ids=OFFERS)
def test_recommendable_and_successor(products, expected):
    con = facts_of(products=products)
    rows = fetch(con, "SELECT product_key, recommendable, successor FROM product_facts")
    assert {key: (ok, successor) for key, ok, successor in rows} == expected


@pytest.mark.parametrize(
    ("price", "volume", "units", "price75", "pack"),
    [
        (1000, None, None, 1000, 750),
        (1000, 1500, None, 500, 1500),
        (6001, 750, 6, 1000, 4500),
        (1001, 1500, None, 501, 1500),  # 500.5 rounded half up
        (None, 750, 1, None, 750),
        (0, 750, 1, None, 750),
    ],
)
def test_price_per_75_cl(price, volume, units, price75, pack):
    con = facts_of(
        products=[product("P", price_cents=price, volume_ml=volume, units_per_pack=units)]
    )
    assert fetch(con, "SELECT price75_cents, pack_ml FROM product_facts") == [(price75, pack)]
