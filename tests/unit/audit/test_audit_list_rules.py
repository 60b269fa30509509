"""Boundaries of the rules on the list, one table of cases per rule."""

import json

import pytest

from core.audit import check_addresses, find_issues
from core.policy import Policy
from tests.unit.audit.world import AS_OF, World, connect, days_ago, named


def found(world, rule, policy=None):
    """Return {product: evidence} of the issues of `rule` for customer A."""
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", AS_OF, policy or Policy())
    rows = [row[3:] for row in named(con, "issues") if (row[0], row[2]) == ("A", rule)]
    evidence = {product: json.loads(details) for product, details in rows}
    assert all(
        details == json.dumps(evidence[product], sort_keys=True, separators=(",", ":"))
        for product, details in rows
    )
    return evidence


def cellar():
    """Return customer A, and a chain RIES20 <- RIES21 <- RIES22 beside PINOT."""
    world = World().customer("A").customer("B")
    world.product("RIES20", family="Blanc", price_cents=1000)
    world.product("RIES21", family="Blanc", price_cents=1100, replaces="RIES20")
    world.product("RIES22", family="Blanc", price_cents=1200, replaces="RIES21")
    return world.product("PINOT", family="Rouge", price_cents=1500)


@pytest.mark.parametrize(("days", "fails"), [(0, True), (29, True), (30, False), (-1, False)])
@pytest.mark.parametrize("product", ["RIES22", "RIES20"])
def test_recently_bought_or_sent_counts_for_the_whole_chain(days, fails, product):
    bought = cellar().bought("A", product, days).item("A", "RIES22")
    sent = cellar().item("A", "RIES22")
    sent.sent_items.append({"customer": "A", "product_key": product, "sent_on": days_ago(days)})
    assert bool(found(bought, "RECENT_DUPLICATE")) is fails
    assert bool(found(sent, "RECENT_DUPLICATE")) is fails


@pytest.mark.parametrize(("recent_days", "fails"), [(0, False), (10, False), (11, True)])
def test_what_is_recent_is_policy(recent_days, fails):
    policy = Policy.model_validate({"audit": {"recent_days": recent_days}})
    world = cellar().bought("A", "PINOT", 10).item("A", "PINOT")
    assert bool(found(world, "RECENT_DUPLICATE", policy)) is fails


@pytest.mark.parametrize("scenario", ["rebuy", "cross_sell", "upsell", "winback", "nurture"])
def test_recently_bought_in_any_scenario(scenario):
    world = cellar().bought("A", "PINOT", 3).item("A", "PINOT", scenario)
    assert found(world, "RECENT_DUPLICATE")["PINOT"]["bought_on"] == str(days_ago(3))


@pytest.mark.parametrize(
    ("returned", "document", "fails"),
    [(6, "D1", False), (5, "D1", True), (6, "D9", False)],
)
def test_a_purchase_fully_returned_is_no_purchase(returned, document, fails):
    world = cellar().bought("A", "PINOT", 5, bottles=6, cents=9000, document="D1")
    world.bought("A", "PINOT", 4, bottles=-returned, cents=-1500 * returned, document=document)
    world.item("A", "PINOT", "cross_sell")
    assert bool(found(world, "RECENT_DUPLICATE")) is fails
    assert bool(found(world, "CROSS_SELL_NOT_NEW")) is fails


def test_what_another_customer_bought_or_was_sent_does_not_count():
    world = cellar().bought("B", "PINOT", 3).item("A", "PINOT", "cross_sell")
    world.sent_items.append({"customer": "B", "product_key": "PINOT", "sent_on": days_ago(3)})
    assert found(world, "RECENT_DUPLICATE") == {}
    assert found(world, "CROSS_SELL_NOT_NEW") == {}


def test_twice_in_the_list_the_later_rank_carries_the_issue():
    world = cellar().item("A", "RIES22").item("A", "PINOT").item("A", "RIES20")
    world.item("B", "RIES20")
    evidence = found(world, "RECENT_DUPLICATE")
    assert list(evidence) == ["RIES20"]
    assert evidence["RIES20"]["listed_at_rank"] == 1


def test_the_same_product_twice_and_bought_is_one_issue_with_all_the_evidence():
    world = cellar().bought("A", "PINOT", 3).item("A", "PINOT").item("A", "PINOT")
    assert found(world, "RECENT_DUPLICATE") == {
        "PINOT": {
            "bought_on": str(days_ago(3)),
            "listed_at_rank": 1,
            "sent_on": None,
            "window_days": 30,
        }
    }


@pytest.mark.parametrize(
    ("price", "fails"), [(1001, False), (1000, True), (999, True), (None, True)]
)
def test_upsell_must_be_above_what_is_paid(price, fails):
    world = World().customer("A").product("OLD", family="Rouge")
    world.product("NEW", family="Rouge", price_cents=price)
    world.bought("A", "OLD", 90, bottles=3, cents=3000).item("A", "NEW", "upsell")
    assert bool(found(world, "UPSELL_NOT_HIGHER")) is fails


@pytest.mark.parametrize(("price", "fails"), [(550, True), (551, False)])
def test_upsell_weighs_what_is_paid_by_bottles(price, fails):
    """One bottle at 20 € and three at 8 € are 11 € a bottle; the half bottle costs 5.50 €."""
    world = World().customer("A").product("OLD", family="Rouge", is_recommendable=False)
    world.product("HALF", family="Rouge", price_cents=price, volume_ml=375)
    world.bought("A", "OLD", 90, cents=2000).bought("A", "OLD", 80, bottles=3, cents=2400)
    assert bool(found(world.item("A", "HALF", "upsell"), "UPSELL_NOT_HIGHER")) is fails


@pytest.mark.parametrize(
    ("family", "lines"),
    [
        ("Rouge", []),
        (None, [{"cents": 500}]),
        ("Rouge", [{"cents": 500, "gift": True}]),
        ("Rouge", [{"cents": 0}]),
    ],
)
def test_upsell_fails_when_the_price_paid_is_unknown(family, lines):
    world = World().customer("A").product("OLD", family="Rouge")
    world.product("NEW", family=family, price_cents=5000).item("A", "NEW", "upsell")
    for line in lines:
        world.bought("A", "OLD", 90, **line)
    assert found(world, "UPSELL_NOT_HIGHER")["NEW"]["paid75_cents"] is None


def test_upsell_compares_75_cl_equivalents_of_the_same_family_only():
    world = World().customer("A").product("CASE", family="Rouge", units_per_pack=6)
    world.product("WHITE", family="Blanc").bought("A", "WHITE", 80, cents=9900)
    world.product("MAGNUM", family="Rouge", price_cents=1900, volume_ml=1500)
    world.bought("A", "CASE", 90, cents=6000).item("A", "MAGNUM", "upsell")
    assert found(world, "UPSELL_NOT_HIGHER") == {
        "MAGNUM": {"family": "Rouge", "paid75_cents": 1000, "price75_cents": 950}
    }


@pytest.mark.parametrize("scenario", ["rebuy", "cross_sell", "winback", "nurture"])
def test_the_price_binds_upsell_alone(scenario):
    world = cellar().bought("A", "PINOT", 90, cents=9900).item("A", "PINOT", scenario)
    assert found(world, "UPSELL_NOT_HIGHER") == {}


@pytest.mark.parametrize(
    ("scenario", "bought", "fails"),
    [
        ("cross_sell", "RIES20", True),
        ("cross_sell", "RIES22", True),
        ("cross_sell", "PINOT", False),
        ("rebuy", "RIES22", False),
    ],
)
def test_cross_sell_must_be_new_with_its_chain(scenario, bought, fails):
    world = cellar().bought("A", bought, 500).item("A", "RIES22", scenario)
    expected = {"RIES22": {"bought_product": bought, "last_date": str(days_ago(500))}}
    assert found(world, "CROSS_SELL_NOT_NEW") == (expected if fails else {})


def test_a_gift_is_bought_too():
    world = cellar().bought("A", "PINOT", 90, gift=True).item("A", "PINOT", "cross_sell")
    assert list(found(world, "CROSS_SELL_NOT_NEW")) == ["PINOT"]


@pytest.mark.parametrize(
    ("families", "fails"),
    [
        ("RR", False),
        ("RRR", True),
        ("RRB", False),
        ("RRRB", True),
        ("RRRRRRRBBB", False),
        ("RRRRRRRRBB", True),
        ("???", False),
        ("RRR?", True),
        ("RR??", False),
    ],
)
def test_low_diversity_is_three_items_and_over_70_percent(families, fails):
    world = World().customer("A")
    for number, letter in enumerate(families):
        family = {"R": "Rouge", "B": "Blanc", "?": None}[letter]
        world.product(f"P{number}", family=family).item("A", f"P{number}")
    evidence = {"family": "Rouge", "items": len(families), "of_family": families.count("R")}
    assert found(world, "LOW_DIVERSITY") == ({None: evidence} if fails else {})


@pytest.mark.parametrize(
    ("numbers", "fails"),
    [
        ({"diversity_min_items": 3}, True),
        ({"diversity_min_items": 4}, False),
        ({"diversity_max_share": 0.99}, True),
        ({"diversity_max_share": 1.0}, False),
    ],
)
def test_what_is_diverse_is_policy(numbers, fails):
    world = World().customer("A")
    for product in "PQR":
        world.product(product, family="Rouge").item("A", product)
    policy = Policy.model_validate({"audit": numbers})
    assert bool(found(world, "LOW_DIVERSITY", policy)) is fails


@pytest.mark.parametrize(("sweet", "dry", "fails"), [(1, 4, False), (1, 5, True), (0, 1, True)])
def test_sugar_share_is_at_least_20_percent_of_the_family(sweet, dry, fails):
    world = World().customer("A")
    world.product("SWEET", family="Blanc", sweetness="moelleux")
    world.product("NEW", family="Blanc", sweetness="moelleux")
    world.product("DRY", family="Blanc", sweetness="sec").product("VAGUE", family="Blanc")
    world.product("RED", family="Rouge", sweetness="sec").bought("A", "RED", 90, bottles=99)
    world.bought("A", "VAGUE", 90, bottles=99).bought("A", "DRY", 90, bottles=dry)
    if sweet:
        world.bought("A", "SWEET", 90, bottles=sweet)
    evidence = {
        "family": "Blanc",
        "share": round(sweet / (sweet + dry), 4),
        "sweetness": "moelleux",
    }
    assert found(world.item("A", "NEW"), "SUGAR_MISMATCH") == ({"NEW": evidence} if fails else {})


@pytest.mark.parametrize(
    ("bought", "proposed"),
    [
        ({"family": "Rouge", "sweetness": "sec"}, {"family": "Blanc", "sweetness": "moelleux"}),
        ({"family": "Blanc", "sweetness": None}, {"family": "Blanc", "sweetness": "moelleux"}),
        ({"family": "Blanc", "sweetness": "sec"}, {"family": "Blanc", "sweetness": None}),
        ({"family": "Blanc", "sweetness": "sec"}, {"family": None, "sweetness": "moelleux"}),
    ],
)
def test_sugar_is_silent_when_unknown_or_the_family_is_not_bought(bought, proposed):
    world = World().customer("A").product("OLD", **bought).product("NEW", **proposed)
    assert found(world.bought("A", "OLD", 90).item("A", "NEW"), "SUGAR_MISMATCH") == {}


def test_sugar_speaks_once_per_customer_of_the_first_rank():
    world = World().customer("A").product("DRY", family="Blanc", sweetness="sec")
    for product in ("Z1", "A2"):
        world.product(product, family="Blanc", sweetness="doux").item("A", product)
    assert list(found(world.bought("A", "DRY", 90), "SUGAR_MISMATCH")) == ["Z1"]


def test_an_item_that_is_no_product_is_judged_without_facts():
    world = World().customer("A").item("A", "GONE", "upsell").item("A", "GONE", "cross_sell")
    assert list(found(world, "RECENT_DUPLICATE")) == ["GONE"]
    assert list(found(world, "UPSELL_NOT_HIGHER")) == ["GONE"]
    assert found(world, "CROSS_SELL_NOT_NEW") == {}
