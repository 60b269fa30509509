import json
from datetime import date

import pytest

from core.policy import Policy
from core.reco import phrases
from tests.unit.reco.dataset import fetch, goods, people, ranked, sale

LONG_AGO = (date(1900, 1, 1), date(1969, 12, 31), date(1970, 1, 1))
DAYS = [
    (0, "0 days ago"),
    (1, "1 day ago"),
    (13, "13 days ago"),
    (14, "2 weeks ago"),
    (111, "16 weeks ago"),
    (112, "4 months ago"),
    (730, "24 months ago"),
    (731, "2 years ago"),
]


@pytest.mark.parametrize(("days", "text"), DAYS)
def test_elapsed_is_said_in_the_unit_of_its_length(days, text):
    assert phrases.elapsed("en", days) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (1, "about every day"),
        (10.5, "about every 10 days"),
        (59, "about every 8 weeks"),
        (91, "about every 3 months"),
        (1100, "about every 3 years"),
    ],
)
def test_gap(days, text):
    assert phrases.gap("en", days) == text


def said(con, customer, product_key):
    [(text,)] = fetch(
        con,
        "SELECT explain_short FROM pooled "
        f"WHERE customer = '{customer}' AND product_key = '{product_key}'",
    )
    return text


@pytest.fixture(scope="module")
def con():
    quotas = {**Policy().quotas, "lapsed": {"winback": 5}, "new": {"nurture": 5}}
    return ranked(
        Policy(quotas=quotas),
        customers=people("A", "B", "C", "L", "N", "Z"),
        products=[
            *goods("P", family="Rouge", price_cents=1000),
            *goods("UP", family="Rouge", price_cents=1280),
            *goods("R21", stock_quantity=0),
            *goods("R22", replaces="R21"),
            {"product_key": "Q", "name": "Cuvée '{former}'"},
            *goods("F", "Y"),
        ],
        sales=[
            *(sale("A", "P", ago) for ago in (371, 280, 189, 98)),
            sale("A", "R21", 98),
            sale("B", "P", 98),
            sale("B", "Q", 98),
            sale("C", "Q", 150),
            sale("C", "F", 120),
            *(sale("L", "F", ago) for ago in (320, 300)),
            sale("L", "Q", 300),
            sale("N", "Q", 10),
        ],
    )


SAID = [
    ("A", "P", "Bought 4 times, about every 3 months; last purchase 14 weeks ago"),
    ("A", "R22", "Bought once (Wine R21), 14 weeks ago"),
    ("B", "P", "Bought once, 14 weeks ago"),
    ("B", "UP", "28 % above the price usually paid in Rouge"),
    ("L", "F", "Bought 2 times, among the favourites; last purchase 10 months ago"),
    ("L", "P", "1 customer discovered it since the last purchase, 10 months ago"),
    ("N", "F", "1 customer who began with Cuvée '{former}' bought it next"),
    ("Z", "Q", "3 customers began with it"),
    ("Z", "Y", "Never bought by this customer so far"),
]


@pytest.mark.parametrize(("customer", "product_key", "text"), SAID)
def test_sentence(con, customer, product_key, text):
    assert said(con, customer, product_key) == text


def test_what_only_anonymous_tickets_hold_is_said_of_buyers_not_of_taste():
    tickets = [sale(None, key, 20 + n, document=f"T{n}") for n in range(4) for key in ("P", "Q")]
    con = ranked(
        customers=people("A"), products=goods("P", "Q"), sales=[sale("A", "P", 100), *tickets]
    )
    assert said(con, "A", "Q") == "4 buyers of Wine P also chose it"


def test_what_is_bought_seldom_by_a_regular_is_no_favourite():
    often = [sale("L", "P", 200 + 20 * n) for n in range(20)]
    con = ranked(
        Policy(quotas={"lapsed": {"winback": 5}}),
        customers=people("L"),
        products=goods("P", "Q"),
        sales=[*often, sale("L", "Q", 580), sale("L", "Q", 560)],
    )
    assert said(con, "L", "P").startswith("Bought 20 times, among the favourites; ")
    assert said(con, "L", "Q") == "Bought 2 times; last purchase 18 months ago"


def in_order(pairs):
    names = [name for name, _ in pairs]
    assert names == sorted(names)
    return dict(pairs)


def test_reasons_have_sorted_keys_no_blanks_and_give_the_score_again(con):
    policy = Policy()
    rows = fetch(con, "SELECT score, scenario, reasons_json FROM pooled")
    assert rows
    for score, scenario, text in rows:
        reasons = json.loads(text, object_pairs_hook=in_order)
        assert '": ' not in text
        assert ", " not in text.replace("Cuvée", "")
        weights = reasons["weights"]
        assert weights == policy.weights[scenario].model_dump()
        weighed = sum(weights[name] * part for name, part in reasons["components"].items())
        assert all(0 <= part <= 1 for part in reasons["components"].values())
        assert score == pytest.approx(weighed / sum(weights.values()), abs=1e-6)
        assert None not in reasons["evidence"].values()


@pytest.mark.parametrize("day", LONG_AGO)
def test_a_purchase_of_long_ago_is_told_with_its_date(day):
    con = ranked(
        customers=people("C"),
        products=goods("P", price_cents=1000),
        sales=[{**sale("C", "P", 1), "sale_date": day}],
    )
    [(reasons,)] = fetch(con, "SELECT reasons_json FROM pooled WHERE scenario = 'winback'")
    told = json.dumps(json.loads(reasons))
    assert told.count(day.isoformat()) == 2
    assert said(con, "C", "P").endswith(" years ago")


def test_a_price_beyond_what_texts_can_show_is_left_out():
    con = ranked(
        customers=people("C"),
        products=goods("P", price_cents=9_999_999_900),
        sales=[{**sale("C", "P", 100), "quantity_milli": 1, "amount_cents": 9_999_999_900}],
    )
    [(reasons,)] = fetch(con, "SELECT reasons_json FROM pooled WHERE product_key = 'P' LIMIT 1")
    assert "price75_cents" not in reasons
    assert "paid75_cents" not in reasons
