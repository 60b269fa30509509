import json

import pytest

from core.policy import Policy
from tests.unit.reco.dataset import days_ago, fetch, goods, people, ranked, sale


def pool(con, customer="C", scenario=None):
    rows = fetch(con, f"SELECT product_key, scenario FROM pooled WHERE customer = '{customer}'")
    return {key for key, name in rows if scenario in (None, name)}


def reasons(con, product_key, customer="C"):
    [(text,)] = fetch(
        con,
        "SELECT reasons_json FROM pooled "
        f"WHERE customer = '{customer}' AND product_key = '{product_key}'",
    )
    return json.loads(text)


# The only gap known is of 100 days: a quarter of the customers would be back after 39 days.
HABIT = [sale("H", "P", 300), sale("H", "P", 200)]

# name of the case and of its customer -> lines (product, days ago, more), what is proposed
REBUY = {
    "due": ([("P", 80, {})], {"P"}),
    "too early": ([("P", 32, {})], set()),
    "gift 29 days ago": ([("P", 120, {}), ("P", 29, {"is_gift": True})], set()),
    "gift 30 days ago": ([("P", 120, {}), ("P", 30, {"is_gift": True})], {"P"}),
    "only ever a gift": ([("P", 90, {"is_gift": True})], set()),
    "returned": ([("P", 90, {}), ("P", 85, {"quantity": -1})], set()),
    "withdrawn": ([("STOPPED", 90, {})], set()),
    "shipping": ([("POST", 90, {})], set()),
    "sold-out vintage becomes its successor": ([("R21", 90, {})], {"R22"}),
}


@pytest.fixture(scope="module")
def rebuyers():
    return ranked(
        customers=people("H", *REBUY),
        products=[
            *goods("P"),
            *goods("R21", stock_quantity=0),
            *goods("R22", replaces="R21"),
            *goods("POST", is_recommendable=False),
            *goods("STOPPED", is_active=False),
        ],
        sales=[
            *HABIT,
            *(sale(c, p, ago, **more) for c, (lines, _) in REBUY.items() for p, ago, more in lines),
        ],
    )


@pytest.mark.parametrize("case", REBUY)
def test_rebuy(rebuyers, case):
    _, expected = REBUY[case]
    assert pool(rebuyers, customer=case, scenario="rebuy") == expected


def test_nothing_sent_in_the_last_30_days_comes_again():
    sent = {"customer": "C", "product_key": "R21"}
    for ago, expected in ((29, {"Q"}), (30, {"P22", "Q"})):
        con = ranked(
            customers=people("C", "H"),
            products=[
                *goods("R21", stock_quantity=0),
                *goods("P22", replaces="R21"),
                *goods("P", "Q"),
            ],
            sales=[*HABIT, sale("C", "P", 20)],
            sent_items=[{**sent, "sent_on": sale("C", "P", ago)["sale_date"]}],
        )
        assert pool(con) == expected


def test_cross_sell_is_new_and_in_reach():
    con = ranked(
        customers=people("C", "D"),
        products=[
            *goods("P", "Q", price_cents=1000),
            *goods("NEAR", price_cents=1500),
            *goods("DEAR", price_cents=1501),
            *goods("OPEN"),
        ],
        sales=[
            sale("C", "P", 40, price=1000),
            sale("C", "Q", 40, price=1000, is_gift=True),
            *(sale("D", key, 50) for key in ("P", "Q", "NEAR", "DEAR", "OPEN")),
        ],
    )
    assert pool(con, scenario="cross_sell") == {"NEAR", "OPEN"}
    assert reasons(con, "NEAR")["evidence"]["neighbours"] == ["P"]


def test_who_bought_everything_but_one_dear_bottle_is_offered_that():
    con = ranked(
        customers=people("C"),
        products=[*goods("P", price_cents=1000), *goods("DEAR", price_cents=90_000)],
        sales=[sale("C", "P", 3)],
    )
    assert pool(con) == {"DEAR"}


@pytest.mark.parametrize("unfit", [{"season_tags": "noël"}, {"sweetness": "doux"}])
@pytest.mark.parametrize("others", [["DEAR"], []])
def test_the_last_resort_is_at_any_price_before_it_is_out_of_season_or_taste(unfit, others):
    white = {"family": "Blanc", "sweetness": "sec"}
    con = ranked(
        customers=people("C", "D", "E"),
        products=[
            *goods("P", price_cents=1000, **white),
            *goods(*others, price_cents=90_000, **white),
            *goods("UNFIT", price_cents=1000, **{**white, **unfit}),
        ],
        sales=[sale("C", "P", 3), sale("D", "UNFIT", 50), sale("E", "UNFIT", 50)],
    )
    assert pool(con) == set(others or ["UNFIT"])


UPSELL = {
    "least step": ({"price_cents": 1100}, True),
    "under it": ({"price_cents": 1099}, False),
    "greatest step": ({"price_cents": 1600}, True),
    "above it": ({"price_cents": 1601}, False),
    "magnum at the same price a bottle": ({"price_cents": 2000, "volume_ml": 1500}, False),
    "magnum a step above": ({"price_cents": 2600, "volume_ml": 1500}, True),
    "price unknown": ({"price_cents": None}, False),
    "another family": ({"price_cents": 1300, "family": "Rouge"}, False),
    "another sweetness": ({"price_cents": 1300, "sweetness": "doux"}, False),
    "sweetness unknown": ({"price_cents": 1300, "sweetness": None}, False),
}


@pytest.fixture(scope="module")
def upsold():
    white = {"family": "Blanc", "sweetness": "sec"}
    products = [{"product_key": case, **white, **product} for case, (product, _) in UPSELL.items()]
    con = ranked(
        Policy(quotas={"active": {"upsell": 5}}, top_n=20),
        customers=people("C"),
        products=[*goods("P", price_cents=1000, **white), *products],
        sales=[sale("C", "P", 120, price=1000), sale("C", "P", 20, price=1000)],
    )
    return pool(con, scenario="upsell")


@pytest.mark.parametrize("case", UPSELL)
def test_upsell(upsold, case):
    _, proposed = UPSELL[case]
    assert (case in upsold) == proposed


@pytest.mark.parametrize("lines", [2, 7])  # each of as many bottles as an import takes
def test_upsell_to_who_bought_absurdly_much_keeps_sweetness_and_step(lines):
    white = {"family": "Blanc", "sweetness": "sec"}
    con = ranked(
        Policy(quotas={"active": {"upsell": 5}}),
        customers=people("C"),
        products=[
            *goods("P", price_cents=1000, **white),
            *goods("DEAR", price_cents=1300, **white),
            *goods("DOUX", "DEAR DOUX", price_cents=1300, family="Blanc", sweetness="doux"),
        ],
        sales=[
            sale("C", "DOUX", 90, price=1000),
            *(sale("C", "P", 20 + n, price=1000, quantity=999_999_999) for n in range(lines)),
        ],
    )
    assert pool(con, scenario="upsell") == {"DEAR"}


def test_upsell_fits_best_at_a_moderate_step():
    white = {"family": "Blanc"}
    con = ranked(
        customers=people("C"),
        products=[
            *goods("P", price_cents=1000, **white),
            *(g for p in (1100, 1300, 1600) for g in goods(f"U{p}", price_cents=p, **white)),
        ],
        sales=[sale("C", "P", 120, price=1000), sale("C", "P", 20, price=1000)],
    )
    fits = {
        key: json.loads(text)["components"]["price_fit"]
        for key, text in fetch(
            con, "SELECT product_key, reasons_json FROM pooled WHERE scenario = 'upsell'"
        )
    }
    assert fits["U1300"] == 1.0
    assert max(fits, key=fits.__getitem__) == "U1300"


def silent_customer(ago):
    sales = [sale("C", "P", ago, quantity=2), sale("C", "Q", ago)]
    sales += [sale("A", key, 400, document="start") for key in ("P", "Q")]
    sales += [sale("A", "NEW", 100), sale("A", "OLD", 395)]
    return ranked(
        Policy(quotas={"lapsed": {"winback": 5}, "active": {"cross_sell": 5}}),
        customers=people("A", "C"),
        products=goods("P", "Q", "NEW", "OLD"),
        sales=sales,
    )


def test_winback_brings_favourites_and_what_others_took_up_since():
    con = silent_customer(ago=200)
    assert pool(con, scenario="winback") == {"P", "Q", "NEW"}
    assert reasons(con, "NEW")["evidence"]["count"] == 1
    assert pool(con, scenario="cross_sell") == {"OLD"}


def test_winback_never_goes_to_active_customers():
    assert pool(silent_customer(ago=180), scenario="winback") == set()


def test_prospects_get_first_purchases_of_their_kind():
    trade = {"customer_type": "trade"}
    con = ranked(
        Policy(pool_size=5),
        customers=[*people("A", "B", "C"), {"customer": "T", **trade}, {"customer": "S", **trade}],
        products=goods("P", "Q", "R"),
        sales=[sale("A", "P", 90), sale("B", "P", 90), sale("A", "R", 80), sale("S", "Q", 90)],
    )
    order = "SELECT product_key FROM pooled WHERE customer = '{}' ORDER BY position"
    assert fetch(con, order.format("C")) == [("P",), ("Q",), ("R",)]
    assert fetch(con, order.format("T"))[0] == ("Q",)
    assert reasons(con, "P")["evidence"]["count"] == 2
    assert pool(con, scenario="nurture") == {"P", "Q", "R"}


def test_a_prospect_gets_more_than_the_family_that_most_begin_with():
    reds, whites = [f"R{n:02}" for n in range(20)], [f"W{n}" for n in range(10)]
    beginners = [f"B{n}" for n in range(40)]
    con = ranked(
        customers=people("C", *beginners, *(f"A{n}" for n in range(10))),
        products=[*goods(*reds, family="Rouge"), *goods(*whites, family="Blanc")],
        sales=[
            *(sale(code, key, 90) for code in beginners for key in reds),
            *(sale(f"A{n}", key, 90) for n, key in enumerate(whites)),
        ],
    )
    listed = "SELECT product_key FROM pooled WHERE customer = 'C' ORDER BY position"
    families = [key[0] for (key,) in fetch(con, listed)]
    assert families[:5].count("R") == int(Policy().top_n * Policy().max_family_share)
    assert len(families) == Policy().pool_size


def test_a_prospect_who_was_sent_what_most_begin_with_gets_the_next():
    wines = [f"W{n:02}" for n in range(60)]
    families = ("Rouge", "Blanc", "Bulles")
    world = {
        "customers": people("C", *(f"B{n}" for n in range(60))),
        "products": [
            one for n, key in enumerate(wines) for one in goods(key, family=families[n % 3])
        ],
        "sales": [sale(f"B{n}", key, 90 + n) for n in range(60) for key in wines[n:]],
    }
    sent = [{"customer": "C", "product_key": key, "sent_on": days_ago(9)} for key in wines[:30]]
    con = ranked(sent_items=sent, **world)
    found = pool(con)
    assert len(found) == Policy().pool_size
    assert not found & set(wines[:30])


def test_who_bought_gifts_alone_begins_with_no_sweetness_she_hardly_buys():
    dry, sweet = [f"D{n}" for n in range(5)], [f"S{n}" for n in range(5)]
    con = ranked(
        customers=people("C", *(f"B{n}" for n in range(9))),
        products=[
            *goods(*dry, family="Blanc", sweetness="sec"),
            *goods(*sweet, family="Blanc", sweetness="doux"),
        ],
        sales=[
            *(sale(f"B{n}", key, 90) for n in range(9) for key in (*dry, *sweet)),
            sale("C", "D0", 60, quantity=12, is_gift=True),
        ],
    )
    assert pool(con, scenario="nurture") == set(dry[1:])


def test_an_upsell_is_dearer_even_where_the_step_may_be_nothing():
    con = ranked(
        Policy(upsell_min_step=0.0),
        customers=people("C"),
        products=[
            *goods("P", family="Rouge", price_cents=1000),
            *goods("SAME", family="Rouge", price_cents=1000),
            *goods("MORE", family="Rouge", price_cents=1001),
        ],
        sales=[sale("C", "P", ago, amount_cents=1000) for ago in (40, 80, 120)],
    )
    assert pool(con, scenario="upsell") == {"MORE"}


def test_who_bought_but_a_gift_begins_like_a_prospect():
    con = ranked(
        customers=people("A", "B", "C"),
        products=goods("P", "Q", "R", "S"),
        sales=[
            *(sale("A", key, 200) for key in "PQ"),
            sale("B", "R", 90),
            sale("C", "P", 60, is_gift=True),
        ],
    )
    assert pool(con, scenario="nurture") == {"Q", "R", "S"}


def test_new_customers_get_what_beginners_like_them_bought_next():
    con = ranked(
        Policy(quotas={"new": {"nurture": 5}}),
        customers=people("A", "C", "R"),
        products=goods("P", "Q"),
        sales=[
            sale("A", "P", 200),
            sale("A", "Q", 150),
            sale("A", "P", 10),
            sale("C", "P", 20),
            *(sale("R", "P", ago) for ago in (20, 50, 90)),
        ],
    )
    assert pool(con, scenario="nurture") == {"Q"}
    assert pool(con, customer="R", scenario="nurture") == set()
    assert pool(con, customer="R", scenario="cross_sell") == {"Q"}


def test_what_is_out_of_season_is_not_brought_up():
    products = [
        *goods("NOW", season_tags="Été"),
        *goods("NEXT", season_tags="juillet"),
        *goods("THEN", season_tags="hiver, noël"),
    ]  # as of 30 June
    assert pool(ranked(customers=people("C"), products=products)) == {"NOW", "NEXT"}


def test_a_beginning_on_two_documents_of_one_day_counts_once():
    con = ranked(
        Policy(quotas={"active": {"nurture": 5}}),
        customers=people("A", "B", "C"),
        products=goods("P", "Q", "X", "Y"),
        sales=[
            *(sale("A", key, ago) for key, ago in (("P", 200), ("X", 150))),
            *(sale("B", key, ago) for key, ago in (("Q", 200), ("Y", 150))),
            *(sale("C", key, 20, document="morning") for key in ("P", "Q")),
            sale("C", "P", 20, document="evening"),
        ],
    )
    near = {key: reasons(con, key)["components"]["affinity"] for key in ("X", "Y")}
    assert near == {"X": 1.0, "Y": 1.0}


def test_out_of_season_scores_lower():
    con = ranked(
        Policy(min_season_fit=0),
        customers=people("C"),
        products=[*goods("NOW", season_tags="Été"), *goods("THEN", season_tags="hiver, noël")],
    )
    assert reasons(con, "NOW")["components"]["season"] == 1.0
    assert reasons(con, "THEN")["components"]["season"] == 0.0


WHITE = {"family": "Blanc"}
CASE = {"units_per_pack": 6, "price_cents": 6000, "family": "Blanc"}


@pytest.fixture(scope="module")
def formats():
    """A knows the wine as a bottle, B as a case bought last week; D buys it in both formats."""
    return ranked(
        customers=people("A", "B", "D", "E"),
        products=[
            {"product_key": "BOTTLE", "name": "Riesling 2024", "price_cents": 1000, **WHITE},
            {"product_key": "CASE", "name": "Riesling 2024 carton de 6", **CASE},
            *goods("OTHER", price_cents=1000, **WHITE),
        ],
        sales=[
            *(sale("A", "BOTTLE", ago) for ago in (90, 190)),
            *(sale("D", key, ago) for key in ("BOTTLE", "CASE") for ago in (90, 190)),
            sale("B", "CASE", 7),
            *(sale(who, "OTHER", ago) for who in "ABDE" for ago in (95, 195)),
            *(sale("E", key, ago) for key in ("BOTTLE", "CASE") for ago in (100, 200)),
        ],
    )


def test_a_wine_known_in_one_format_is_no_discovery_in_another(formats):
    assert pool(formats, customer="A", scenario="cross_sell") == set()
    assert "BOTTLE" in pool(formats, customer="A", scenario="rebuy")


def test_a_wine_bought_lately_in_one_format_is_not_proposed_in_another(formats):
    assert pool(formats, customer="B") & {"BOTTLE", "CASE"} == set()


def test_a_list_holds_one_format_of_a_wine(formats):
    assert len(pool(formats, customer="D") & {"BOTTLE", "CASE"}) == 1


@pytest.mark.parametrize(("ago", "expected"), [(100, {"NEW", "OTHER"}), (20, {"OTHER"})])
def test_a_vintage_that_nothing_links_comes_in_the_place_of_the_sold_out_one(ago, expected):
    con = ranked(
        customers=people("C", "D"),
        products=[
            {"product_key": "OLD", "name": "Riesling 2022", "stock_quantity": 0, **WHITE},
            {"product_key": "NEW", "name": "Riesling 2023", **WHITE},
            *goods("OTHER", **WHITE),
        ],
        sales=[*(sale("C", "OLD", ago + 90 * n) for n in range(4)), sale("D", "OTHER", 50)],
    )
    assert pool(con) == expected


def test_half_a_bottle_is_no_step_up():
    con = ranked(
        customers=people("C"),
        products=[
            *goods("P", price_cents=1000, **WHITE),
            *goods("HALF", volume_ml=375, price_cents=650, **WHITE),
            *goods("WHOLE", price_cents=1300, **WHITE),
        ],
        sales=[sale("C", "P", ago, price=1000) for ago in (40, 100)],
    )
    assert pool(con, scenario="upsell") == {"WHOLE"}


def test_what_is_out_of_season_is_no_next_step():
    con = ranked(
        Policy(quotas={"new": {"nurture": 5}}),
        customers=people("A", "C"),
        products=[*goods("P", "Q"), *goods("THEN", season_tags="hiver, noël")],
        sales=[
            sale("A", "P", 200),
            *(sale("A", key, 150) for key in ("Q", "THEN")),
            sale("C", "P", 20),
        ],
    )
    assert pool(con, scenario="nurture") == {"Q"}
