import pytest

from core.policy import Policy
from core.reco.segments import SEGMENTS
from tests.unit.reco.dataset import days_ago, facts_of, fetch, goods, people, sale

STATES = {
    "prospect": ([], "prospect"),
    "everything returned": ([(40, 1), (39, -1)], "prospect"),
    "one document in 90 days": ([(90, 1)], "new"),
    "one document before that": ([(91, 1)], "active"),
    "two documents": ([(50, 1), (20, 1)], "active"),
    "silent for 180 days": ([(180, 1)], "active"),
    "silent longer": ([(181, 1)], "lapsed"),
    "usual gap of 120: not yet": ([(480, 1), (360, 1), (240, 1)], "active"),
    "usual gap of 120: longer than twice": ([(481, 1), (361, 1), (241, 1)], "lapsed"),
    "two days make no usual gap": ([(400, 1), (200, 1)], "lapsed"),
    "silent for 730 days": ([(730, 1)], "lapsed"),
    "lost": ([(731, 1)], "lost"),
}


@pytest.mark.parametrize(("purchases", "state"), STATES.values(), ids=STATES)
def test_state(purchases, state):
    sales = [sale("C", "P", ago, quantity=quantity) for ago, quantity in purchases]
    con = facts_of(customers=people("C"), products=goods("P"), sales=sales)
    assert fetch(con, "SELECT state FROM customer_facts") == [(state,)]


def test_usual_gap_is_the_median_between_distinct_days():
    sales = [sale("C", "P", ago, document=f"D{n}") for n, ago in enumerate((100, 90, 90, 50, 45))]
    con = facts_of(customers=people("C"), products=goods("P"), sales=sales)
    row = fetch(con, "SELECT usual_gap_days, documents, recency_days FROM customer_facts")
    assert row == [(10.0, 5, 45)]  # gaps 10, 40, 5


def test_rfm_gives_equal_values_equal_scores():
    # frequency 1, 1, 1, 2, 3 and money alike; recency 10, 10, 20, 30, 40
    documents = {"A": (10,), "B": (10,), "C": (20,), "D": (30, 50), "E": (40, 60, 80)}
    sales = [sale(c, "P", ago) for c, days in documents.items() for ago in days]
    con = facts_of(customers=people("Z", *documents), products=goods("P"), sales=sales)
    assert fetch(con, "SELECT customer, r, f, m FROM customer_facts ORDER BY customer") == [
        ("A", 4, 1, 1),  # 3 of 5 strictly worse: 1 + 3
        ("B", 4, 1, 1),
        ("C", 3, 1, 1),
        ("D", 2, 4, 4),
        ("E", 1, 5, 5),
        ("Z", None, None, None),
    ]


def test_rfm_counts_24_months_of_documents_and_net_revenue():
    con = facts_of(
        customers=people("C"),
        products=goods("P"),
        sales=[
            sale("C", "P", 731),
            sale("C", "P", 729, price=500),
            sale("C", "P", 20, quantity=3),
            sale("C", "P", 10, quantity=-1),
        ],
    )
    assert fetch(con, "SELECT frequency, monetary_cents, documents FROM customer_facts") == [
        (2, 2500, 3)
    ]


def test_first_matching_segment_names_the_customer():
    documents = {"A": (1, 5, 9), "B": (2,), "C": (300,), "D": (400, 500, 600), "E": (3,)}
    prices = {"A": 2000, "B": 9000}
    sales = [
        sale(c, "P", ago, price=prices.get(c, 1000)) for c, d in documents.items() for ago in d
    ]
    con = facts_of(customers=people("Z", *documents), products=goods("P"), sales=sales)
    rows = dict(fetch(con, "SELECT customer, segment FROM customer_facts"))
    assert rows == {
        "A": "champion",
        "B": "big_spender",
        "C": "dormant",
        "D": "at_risk",
        "E": "promising",
        "Z": "prospect",
    }


def test_last_segment_takes_everybody():
    assert SEGMENTS[-1].least == (1, 1, 1)
    assert SEGMENTS[-1].greatest == (5, 5, 5)


def test_price_paid_leaves_out_gifts_and_zero_amounts_and_weighs_bottles():
    red = {"family": "Rouge"}
    con = facts_of(
        customers=people("C"),
        products=[
            *goods("P", **red),
            *goods("M", volume_ml=1500, **red),
            *goods("W", family="Blanc"),
            *goods("U"),
        ],
        sales=[
            sale("C", "P", 90, quantity=2, price=1000),
            sale("C", "M", 80, quantity=1, price=3001),
            sale("C", "P", 70, quantity=5, price=9000, is_gift=True),
            sale("C", "P", 60, quantity=5, price=0),
            sale("C", "U", 50, quantity=1, price=500),
            sale("C", "W", 40, quantity=1, price=0),
        ],
    )
    families = fetch(
        con,
        "SELECT family, paid75_cents, volume"
        " FROM customer_families JOIN family_numbers USING (family_no)",
    )
    bottle = 750_000
    assert families == [
        ("Blanc", None, bottle),
        ("Rouge", 1250, 14 * bottle),  # (2000 + 3001) / 4 = 1250.25
    ]
    assert fetch(con, "SELECT paid75_cents FROM customer_facts") == [(1100,)]  # 5501 / 5


def test_customer_products_and_sweetness():
    con = facts_of(
        customers=people("C"),
        products=[
            {"product_key": "D", "family": "Blanc", "sweetness": "sec"},
            {"product_key": "S", "family": "Blanc", "sweetness": "doux"},
            {"product_key": "N", "family": "Blanc"},
        ],
        sales=[
            sale("C", "D", 30, quantity=3),
            sale("C", "D", 20),
            sale("C", "S", 20, is_gift=True),
            sale("C", "N", 10),
        ],
    )
    products = fetch(
        con,
        "SELECT product_key, last_date"
        " FROM customer_products JOIN product_facts USING (product_no)",
    )
    assert products == [("D", days_ago(20)), ("N", days_ago(10)), ("S", days_ago(20))]
    sweetness = fetch(
        con,
        "SELECT sweetness, volume"
        " FROM customer_sweetness JOIN sweetness_numbers USING (sweetness_no)",
    )
    assert sweetness == [("doux", 750_000), ("sec", 3_000_000)]


def test_policy_moves_the_states():
    con = facts_of(
        Policy(winback_days=30, lost_days=60),
        customers=people("A", "B"),
        products=goods("P"),
        sales=[sale("A", "P", 50), sale("A", "P", 51), sale("B", "P", 61), sale("B", "P", 62)],
    )
    assert fetch(con, "SELECT state FROM customer_facts") == [("lapsed",), ("lost",)]
