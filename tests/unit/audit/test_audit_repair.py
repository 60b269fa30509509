"""Which item gives way to which candidate, and what is written down about it."""

import json

import pytest

from core.audit import repair_lists
from core.policy import Policy
from tests.unit.audit.world import AS_OF, World, connect, named

SEVERITIES = {code.value: level.value for code, level in Policy().audit.severities.items()}
FAMILIES = {"R": "Rouge", "B": "Blanc", "?": None}


def repair(world, policy):
    """Return the final list of A, and its repairs as (dropped, rule, taken, rank before)."""
    con = connect(world)
    repair_lists(con, AS_OF, policy)
    final = sorted((rank, product) for _, rank, product, _ in named(con, "repaired_list"))
    assert [rank for rank, _ in final] == list(range(1, len(final) + 1))
    repairs = sorted(row[1:] for row in named(con, "repairs"))
    details = [json.loads(row[3]) for row in repairs]
    assert [row[2] for row in repairs] == [detail["repaired_by"] for detail in details]
    return (
        [product for _, product in final],
        [(*row[:3], detail["rank"]) for row, detail in zip(repairs, details, strict=True)],
    )


def pool(letters, bought=()):
    """Return customer A with candidates P0, P1, … of the families in `letters`."""
    world = World().customer("A")
    for number, letter in enumerate(letters):
        world.product(f"P{number}", family=FAMILIES[letter]).item("A", f"P{number}")
    for number in bought:
        world.bought("A", f"P{number}", 3)
    return world


@pytest.mark.parametrize(
    ("letters", "bought", "final", "repairs"),
    [
        ("RB", (), [0, 1], []),
        ("RBRB", (0,), [1, 2], [(0, 2)]),
        ("RBRBR", (0, 2), [1, 3], [(0, 3)]),
        ("RBRB", (0, 1), [2, 3], [(0, 2), (1, 3)]),
        ("RBR", (0, 1), [2], [(0, 2), (1, None)]),
        ("RB", (0, 1), [], [(0, None), (1, None)]),
    ],
)
def test_a_failing_item_gives_way_to_the_next_that_passes(letters, bought, final, repairs):
    kept, logged = repair(pool(letters, bought), Policy(top_n=2))
    assert kept == [f"P{number}" for number in final]
    assert logged == [
        (f"P{gone}", "RECENT_DUPLICATE", None if new is None else f"P{new}", gone + 1)
        for gone, new in repairs
    ]


@pytest.mark.parametrize(
    ("letters", "final", "swaps"),
    [
        ("RRRRRBB", [0, 1, 2, 5, 6], [(3, 5), (4, 6)]),
        ("RRRRBBB", [0, 1, 2, 4, 5], [(3, 5)]),
        ("RRRRRRB", [0, 1, 2, 3, 4], []),
        ("RRRRRR?B", [0, 1, 2, 6, 7], [(3, 6), (4, 7)]),
        ("RRRRR", [0, 1, 2, 3, 4], []),
        ("RRR", [0, 1, 2], []),
        ("RRRBBB", [0, 1, 2, 3, 4], []),
    ],
)
def test_a_swap_mends_diversity_or_is_not_made(letters, final, swaps):
    kept, logged = repair(pool(letters), Policy(top_n=5))
    assert kept == [f"P{number}" for number in final]
    assert logged == [(f"P{old}", "LOW_DIVERSITY", f"P{new}", old + 1) for old, new in swaps]


def test_a_candidate_that_fails_does_not_mend_diversity():
    assert repair(pool("RRRRBB"), Policy(top_n=4))[0] == ["P0", "P1", "P4", "P5"]
    world = pool("RRRRBB", bought=(5,))
    assert repair(world, Policy(top_n=4)) == (["P0", "P1", "P2", "P3"], [])


def test_the_first_failing_rule_in_table_order_is_logged():
    world = pool("RR").bought("A", "P0", 3, cents=0)
    world.listed[0]["scenario"] = "cross_sell"
    assert repair(world, Policy(top_n=1))[1] == [("P0", "RECENT_DUPLICATE", "P1", 1)]


def test_a_rule_turned_to_information_repairs_nothing():
    policy = Policy.model_validate(
        {"top_n": 2, "audit": {"severities": {**SEVERITIES, "RECENT_DUPLICATE": "INFO"}}}
    )
    assert repair(pool("RBR", bought=(0,)), policy) == (["P0", "P1"], [])


def test_a_repair_that_would_cost_points_is_not_made():
    world = pool("RRRBB").product("DRY", family="Blanc", sweetness="sec").bought("A", "DRY", 90)
    for product in world.products[3:5]:
        product["sweetness"] = "doux"
    shorter = repair(world, Policy(top_n=5))
    assert shorter[0] == ["P0", "P1", "P2"]
    assert shorter[1] == [(p, "SUGAR_MISMATCH", None, n) for p, n in (("P3", 4), ("P4", 5))]
    severities = {**SEVERITIES, "LOW_DIVERSITY": "ERROR"}
    dear = Policy.model_validate({"top_n": 5, "audit": {"severities": severities}})
    assert repair(world, dear) == (["P0", "P1", "P2", "P3", "P4"], [])


def extra(top_n, severities):
    """Return a policy with extra rules on."""
    return Policy.model_validate({"top_n": top_n, "audit": {"extra": {"severities": severities}}})


def test_items_that_are_not_for_sale_give_way_where_the_rules_are_on():
    world = pool("RBRB")
    world.products[0]["stock_quantity"] = 0
    world.products[1]["is_recommendable"] = False
    assert repair(world, Policy(top_n=2)) == (["P0", "P1"], [])
    on = {"OUT_OF_STOCK": "ERROR", "NOT_IN_CATALOGUE": "WARN"}
    assert repair(world, extra(2, on)) == (
        ["P2", "P3"],
        [("P0", "OUT_OF_STOCK", "P2", 1), ("P1", "NOT_IN_CATALOGUE", "P3", 2)],
    )
    assert repair(world, extra(2, dict.fromkeys(on, "INFO"))) == (["P0", "P1"], [])


def test_a_short_list_stays_and_is_mended_of_its_uniformity_all_the_same():
    on = {"TOO_FEW_ITEMS": "WARN"}
    assert repair(pool("RR"), extra(5, on)) == (["P0", "P1"], [])
    policy = Policy.model_validate(
        {"top_n": 4, "audit": {"extra": {"severities": on, "fewest_items": 5}}}
    )
    assert repair(pool("RRRRBB"), policy)[0] == ["P0", "P1", "P4", "P5"]


def test_no_item_is_dropped_where_a_short_list_would_cost_more():
    world = pool("RBR")
    world.products[2]["stock_quantity"] = 0
    on = {"OUT_OF_STOCK": "WARN", "TOO_FEW_ITEMS": "ERROR"}
    assert repair(world, extra(3, on)) == (["P0", "P1", "P2"], [])
    assert repair(world, extra(3, {**on, "TOO_FEW_ITEMS": "WARN"}))[0] == ["P0", "P1"]


def test_what_is_known_of_the_candidates_comes_along():
    con = connect(pool("RB", bought=(0,)))
    repair_lists(con, AS_OF, Policy(top_n=1))
    assert con.execute("FROM repaired_list").fetchall() == [(0, 1, 1, "rebuy", 2)]
    left = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert left == []
