import pytest

from core.policy import Policy
from core.reco.timing import build_purchase_timing
from tests.unit.reco.dataset import AS_OF, facts_of, fetch, goods, people, sale

CUSTOMERS = people("A", "B")


def timing_of(sales, products=None):
    con = facts_of(customers=CUSTOMERS, products=products or goods("P", "Q"), sales=sales)
    build_purchase_timing(con, AS_OF, Policy())
    query = """
        SELECT customer, chain, purchase_days, own_gap_days, expected_gap_days, is_due, due
        FROM purchase_timing
    """
    return {row[:2]: row[2:] for row in fetch(con, query)}


def test_expected_gap_shrinks_to_product_and_tenant():
    # Gaps: A's P 40 and 60; B's Q 100: tenant median 60.
    # P: (2 x 50 + 5 x 60) / 7 = 57.14; A's P: (2 x 50 + 2 x 57.14) / 4 = 53.57
    # Q: (1 x 100 + 5 x 60) / 6 = 66.67; B's Q: (1 x 100 + 2 x 66.67) / 3 = 77.78
    sales = [sale("A", "P", ago) for ago in (150, 110, 50)]
    sales += [sale("B", "Q", ago) for ago in (170, 70)]
    timing = timing_of(sales)
    assert timing["A", "P"] == (3, 50.0, 53.57, True, pytest.approx(50 / 53.57, abs=1e-6))
    assert timing["B", "Q"] == (2, 100.0, 77.78, True, pytest.approx(70 / 77.78, abs=1e-6))


def test_without_any_gap_the_winback_days_stand_in():
    assert timing_of([sale("A", "P", 40)])["A", "P"] == (1, None, 180.0, False, 0.222222)


def test_a_family_lends_its_gap_to_its_products():
    # Gaps of Rouge: 20, 20, 20; of Blanc: 100: tenant median 20. Blanc: (100 + 10 x 20) / 11.
    products = [*goods("R", family="Rouge"), *goods("W", "X", family="Blanc")]
    sales = [sale("A", "R", ago) for ago in (80, 60, 40, 20)]
    sales += [sale("B", "W", 120), sale("B", "W", 20), sale("A", "X", 30)]
    assert timing_of(sales, products)["A", "X"][2] == 27.27


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(1, 1, 100.0), (1, 2, 133.33), (1, 12, 184.62), (24, 1, 50.0)]
)
def test_more_bottles_last_longer(first, last, expected):
    # Every level knows the one gap of 100: 100 x last / mean quantity, within 1/2 and 2.
    sales = [sale("A", "P", 140, quantity=first), sale("A", "P", 40, quantity=last)]
    assert timing_of(sales)["A", "P"][2] == expected


@pytest.mark.parametrize(
    ("ago", "is_due", "due"),
    [
        (79, False, 0.79),
        (80, True, 0.8),
        (100, True, 1.0),
        (200, True, 1.0),
        (400, True, 0.5),
        (401, False, 0.498753),
    ],
)
def test_due_rises_to_the_gap_and_falls_after_twice(ago, is_due, due):
    sales = [sale("A", "P", ago + 100), sale("A", "P", ago)]
    assert timing_of(sales)["A", "P"][3:] == (is_due, due)


def test_vintages_of_one_chain_make_one_habit_and_gifts_none():
    products = [{"product_key": "R21"}, {"product_key": "R22", "replaces": "R21"}]
    sales = [
        sale("A", "R21", 130),
        sale("A", "R22", 30),
        sale("A", "R22", 10, is_gift=True),
        sale("B", "R21", 10, is_gift=True),
    ]
    timing = timing_of(sales, products)
    assert set(timing) == {("A", "R21")}
    assert timing["A", "R21"][:2] == (2, 100.0)
