"""Looking back from dates of the past: who is asked, what is on offer, which lists count."""

from datetime import timedelta

import pytest

from core.policy import Policy
from core.reco.backtest.rolling import (
    cut,
    last_basket_trial,
    read_past,
    rolling_dates,
    rolling_trial,
    set_apart,
)
from core.reco.tables import fetch_columns
from core.services.backtest import ROLLING, Options, look_back
from core.services.backtest_words import verdict_sentences
from tests.unit.reco.dataset import AS_OF, days_ago, fetch, goods, load_dataset, people, sale

SALES = [
    sale("A", "P1", 400),
    sale("A", "P1", 200),
    sale("A", "P2", 50),
    sale("A", "P1", 50, quantity=2),
    sale("A", "P3", 40, is_gift=True),
    sale("A", "P2", 5, quantity=-1),  # takes back what was bought on day 50
    sale("B", "P2", 300),
    sale("B", "P4", 60),
    sale("C", "P1", 30),  # her first purchase: nothing was known of her
    sale("A", "P1", 45, document="X", document_status="cancelled"),
]


def opened(sales=SALES, **more):
    con = load_dataset(
        customers=people("A", "B", "C", "D"),
        products=goods("P1", "P2", "P3", "P4", stock_quantity=0),
        sales=sales,
        **more,
    )
    set_apart(con)
    return con


def test_who_is_asked_and_what_she_bought_then() -> None:
    """A bought P1 (P2 was taken back, P3 a gift), B what nobody had bought before."""
    con = opened()
    found = read_past(con, AS_OF, Policy())
    assert found is not None
    trial, model, lists = rolling_trial(con, found[0], days_ago(90), 90, Policy(), 10)
    chains = fetch_columns(con, "SELECT chain FROM chain_numbers ORDER BY chain_no")["chain"]
    assert trial.asked.customer.tolist() == [0, 1]
    assert [chains[item] for item in trial.asked.item] == ["P1", "P4"]
    assert lists.item.shape == (2, 10)
    assert model.learned.items.buyers.sum() == 2


def test_on_offer_is_what_had_been_sold_and_nothing_is_sold_out() -> None:
    con = opened()
    cut(con, days_ago(90))
    found = fetch(con, "SELECT product_key, is_active, stock_quantity FROM products ORDER BY 1")
    assert found == [("P1", True, None), ("P2", True, None), ("P3", False, None),
                     ("P4", False, None)]  # fmt: skip


def test_the_last_basket_is_foretold_on_its_day() -> None:
    con = opened([sale("A", f"P{n}", 100 - 30 * n) for n in (1, 2, 3)] + [sale("B", "P4", 3)])
    found = read_past(con, AS_OF, Policy())
    assert found is not None
    trial = last_basket_trial(con, found[1], AS_OF)
    assert trial.asked.customer.tolist() == [0]
    assert trial.asked.item.tolist() == [2]
    assert trial.as_of - trial.asked.today[0] == 10
    assert trial.catalogue.offered.tolist() == [True, True, False, True]  # not known before


def test_windows_do_not_overlap_and_leave_a_past() -> None:
    first, last = days_ago(400), AS_OF
    dates = rolling_dates(first, last, 90, 4)
    assert dates == [days_ago(180), days_ago(90)]
    assert rolling_dates(first, last, 300, 4) == []
    assert rolling_dates(last - timedelta(days=270), last, 90, 4) == [days_ago(90)]


def options(**more):
    given = {"protocol": ROLLING, "k": 10, "window_days": 90, "dates": 4}
    return Options(**given | more, as_of=AS_OF, policy=Policy())


@pytest.mark.parametrize(
    ("sales", "sentence"),
    [
        ([], "Not enough data: there are no sales of known customers."),
        ([sale(None, "P1", 400), sale(None, "P1", 1)], "there are no sales of known customers"),
        ([sale("A", "P1", 3)], "the sales cover 0 days, and 270 would be enough"),
        ([sale("A", "P1", 200), sale("A", "P1", 1)], "cover 199 days, and 270 would be enough"),
        (SALES, "Not enough data to tell the recommender from the best baseline"),
    ],
)
def test_little_data_are_said_to_be_little(sales, sentence: str) -> None:
    report = look_back(opened(sales), options())
    assert report["verdict"] == "not_enough_data"
    assert sentence in verdict_sentences(report, "en")[0]


def test_scenarios_add_up_to_the_lists() -> None:
    report = look_back(opened(), options(k=3))
    assert [one["scenario"] for one in report["scenarios"]] == [
        "rebuy", "cross_sell", "upsell", "winback", "nurture",
    ]  # fmt: skip
    assert 0 < sum(one["named"] for one in report["scenarios"]) <= 3 * report["occasions"]


def test_a_small_difference_is_said_in_a_third_sentence() -> None:
    report = look_back(opened(), options(k=3))
    compared = report["comparisons"][0] | {"verdict": "better", "is_small": True}
    sentences = verdict_sentences(report | {"comparisons": [compared]}, "en")
    assert sentences[0].startswith("Better than the best baseline")
    assert "hardly matters" in sentences[2]
