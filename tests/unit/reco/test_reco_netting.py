from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reco.netting import net_returns
from core.reco.rounding import rounded_part
from tests.unit.reco.dataset import AS_OF, facts_of, fetch, goods, people, sale


def line(document, day, quantity, amount=0):
    return (ord(document), day, quantity * 1000, amount)


CASES = {
    "nothing returned": ([line("A", 1, 6, 60)], [("A", 6, 60)]),
    "fully returned": ([line("A", 1, 6, 60), line("R", 2, -6, -60)], []),
    "newest sale first": (
        [line("A", 1, 6, 60), line("B", 2, 6, 72), line("R", 3, -8, -88)],
        [("A", 4, 40)],
    ),
    "same document before the newest": (
        [line("A", 1, 6, 60), line("B", 2, 6, 60), line("A", 2, -2, -20)],
        [("A", 4, 40), ("B", 6, 60)],
    ),
    "never a later sale": (
        [line("R", 1, -3, -30), line("A", 2, 6, 60)],
        [("A", 6, 60)],
    ),
    "same day counts as earlier": (
        [line("R", 2, -3, -30), line("S", 2, 6, 60)],
        [("S", 3, 30)],
    ),
    "two returns share what is left": (
        [line("A", 1, 6, 60), line("R", 2, -2, -20), line("T", 3, -3, -30)],
        [("A", 1, 10)],
    ),
    "a later return cannot take what an earlier one took": (
        [line("A", 1, 6, 60), line("R", 2, -6, -60), line("B", 3, 1, 10), line("T", 4, -2, -20)],
        [],
    ),
    "the part that stands is rounded half up": (
        [line("A", 1, 3, 100), line("R", 2, -1, -33)],
        [("A", 2, 67)],
    ),
    "quantities as great as an import takes them": (
        [line("A", 1, 999_999_999, 999_999_999_999), line("R", 2, -333_333_333, -333_333_333_333)],
        [("A", 666_666_666, 666_666_666_666)],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_returns_undo_sales(lines, expected):
    document, day, quantity, amount = (np.array(column) for column in zip(*lines, strict=True))
    left, paid = net_returns(np.zeros(len(lines), np.int64), document, day, quantity, amount)
    stand = [(chr(d), q // 1000, a) for d, q, a in zip(document, left, paid, strict=True) if q > 0]
    assert stand == expected


def test_pairs_are_netted_apart():
    one = np.ones(2, np.int64)
    left, _ = net_returns(np.array([0, 1]), one, one, np.array([6000, -6000]), one)
    assert left.tolist() == [6000, 0]


drawn_lines = st.lists(
    st.tuples(
        st.integers(0, 1),  # pair
        st.integers(1, 3),  # day
        st.integers(0, 3),  # document
        st.integers(-4, 4).filter(bool),
        st.integers(0, 999),
    ),
    min_size=1,
    max_size=10,
).map(sorted)


def plain_returns(lines):
    """Bottle by bottle: what is brought back is taken out of the pile of what was sold."""
    left = [max(quantity, 0) for *_, quantity, _ in lines]
    owed = [max(-quantity, 0) for *_, quantity, _ in lines]
    for of_document in (True, False):
        for back, (pair, day, document, *_) in enumerate(lines):
            fits = [
                sold
                for sold, (other, earlier, name, *_) in enumerate(lines)
                if other == pair and (name == document if of_document else earlier <= day)
            ]
            bottles = [sold for sold in fits for _ in range(left[sold])]
            for _ in range(min(owed[back], len(bottles))):
                left[bottles.pop()] -= 1
                owed[back] -= 1
    return left


@settings(deadline=None)  # the first call may compile
@given(drawn_lines)
def test_returns_are_those_of_a_plain_pile_of_bottles(lines):
    pair, day, document, quantity, amount = (np.array(c) for c in zip(*lines, strict=True))
    left, paid = net_returns(pair, document, day, quantity, amount)
    assert left.tolist() == plain_returns(lines)
    share = np.where(quantity > 0, amount * left / np.maximum(quantity, 1), 0)
    assert paid.tolist() == np.floor(share + 0.5 + 1e-9).tolist()


great = st.integers(0, 2**63 - 1) | st.integers(0, 4 * 10**9)


@given(great, great, great)
def test_a_part_is_exact_however_large(number, part, whole):
    part, whole = sorted((part, max(whole, 1)))
    given = (np.array([value]) for value in (number, part, whole))
    assert rounded_part(*given).tolist() == [floor(Fraction(number * part, whole) + Fraction(1, 2))]


def test_only_valid_lines_of_known_customers_up_to_the_date_stand():
    con = facts_of(
        customers=people("C1"),
        products=goods("P1", "P2"),
        sales=[
            sale("C1", "P1", 10),
            sale("C1", "P1", 0, document="today"),
            sale("C1", "P1", -1, document="tomorrow"),
            sale("C1", "P1", 5, document="void", document_status="cancelled"),
            sale("C1", "P2", 8, quantity=2),
            sale("C1", "P2", 7, quantity=-2),
            sale(None, "P1", 6, document="ticket"),
            sale("nobody", "P1", 6),
        ],
    )
    bought = (
        "SELECT product_key, last_date FROM customer_products JOIN product_facts USING (product_no)"
    )
    assert fetch(con, bought) == [("P1", AS_OF)]
    facts = "SELECT documents, frequency, monetary_cents FROM customer_facts"
    assert fetch(con, facts) == [(2, 2, 2000)]


def test_revenue_is_what_was_paid_less_what_was_paid_back_each_on_its_day():
    con = facts_of(
        customers=people("C1"),
        products=goods("P1"),
        sales=[
            sale("C1", "P1", 800, quantity=3),  # before the window of 24 months
            sale("C1", "P1", 100, quantity=1),
            sale("C1", "P1", 50, quantity=-2),  # undoes the newer sale and one of the older
        ],
    )
    facts = "SELECT documents, frequency, monetary_cents FROM customer_facts"
    assert fetch(con, facts) == [(1, 0, -1000)]
