from datetime import date

import pytest

from core.reco.netting import Line, net_returns
from tests.unit.reco.dataset import days_ago, facts_of, fetch, goods, people, sale


def line(document, day, quantity, amount=0):
    return Line(
        document_id=document,
        sale_date=date(2025, 1, day),
        quantity_milli=quantity * 1000,
        amount_cents=amount,
    )


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
}


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES)
def test_returns_undo_sales(lines, expected):
    left = net_returns(lines)
    assert [(x.document_id, x.quantity_milli // 1000, x.amount_cents) for x in left] == expected


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
    assert fetch(con, "SELECT product_key, sale_date FROM net_lines") == [
        ("P1", days_ago(10)),
        ("P1", days_ago(0)),
    ]
