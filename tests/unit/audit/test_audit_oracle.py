"""The vectorised audit equals the plain one, issue by issue, verdict by verdict, list by list."""

from collections import Counter

import pytest

from core.audit import RULES, check_addresses, decide, find_issues, repair_lists
from core.policy import Policy
from core.reco.features import build_facts
from core.services.compute_lists import COMPUTING, Stages, compute_lists
from core.services.progress import no_progress
from tests.unit.audit.generated import generate
from tests.unit.audit.oracle import EXTRA, Oracle, lists_of
from tests.unit.audit.sample_world import edit_by_hand, read_sample
from tests.unit.audit.world import AS_OF, add_lists, connect, connect_dataset, named

EIGHT = Policy()
EVERY_RULE = Policy.model_validate({"audit": {"extra": {"severities": EXTRA}}})


def issues_in(con):
    """Return the issues that are no repairs as (customer, severity, rule, product)."""
    rows = [row[:4] for row in named(con, "issues") if row[1] != "INFO"]
    assert len(rows) == len(set(rows))
    return set(rows)


def list_in(con, table):
    """Return {customer: [(product, scenario), …]} of a table of lists."""
    con.execute(
        "CREATE OR REPLACE TABLE ordered AS"
        f" SELECT customer_no, product_no, scenario FROM {table} ORDER BY customer_no, rank"
    )
    found = {}
    for customer, *item in named(con, "ordered"):
        found.setdefault(customer, []).append(tuple(item))
    return found


@pytest.mark.parametrize("policy", [EIGHT, EVERY_RULE], ids=["eight", "every rule"])
def test_issues_of_a_finished_list_equal_the_oracles(policy):
    world = generate(0, customers=300, items=6)
    con = connect(world)
    check_addresses(con)

    find_issues(con, "listed", AS_OF, policy)

    assert issues_in(con) == Oracle(world, extra=policy is EVERY_RULE).issues(lists_of(world))


def test_ten_thousand_customers_have_the_oracles_issues():
    world = generate(7, customers=10_000, items=10)
    con = connect_dataset(world)
    build_facts(con, AS_OF, EVERY_RULE)
    add_lists(con, world)
    check_addresses(con)

    find_issues(con, "listed", AS_OF, EVERY_RULE)

    expected = Oracle(world, extra=True).issues(lists_of(world))
    assert issues_in(con) == expected
    failures = Counter(rule for _, _, rule, _ in expected)
    assert all(failures[rule.code.value] >= 400 for rule in RULES), failures


def test_lists_of_the_winery_edited_by_hand_have_the_oracles_issues():
    world = read_sample()
    edit_by_hand(world, seed=1)
    con = connect_dataset(world)
    build_facts(con, world.as_of, EVERY_RULE)
    add_lists(con, world)
    check_addresses(con)

    find_issues(con, "listed", world.as_of, EVERY_RULE)

    assert issues_in(con) == Oracle(world, extra=True).issues(lists_of(world))


def test_lists_that_the_recommender_made_for_the_winery_have_the_oracles_issues():
    world = read_sample()
    con = connect_dataset(world)

    compute_lists(con, world.as_of, EVERY_RULE, Stages(no_progress, COMPUTING))

    lists = list_in(con, "repaired_list")
    assert len(lists) > 1900
    assert issues_in(con) == Oracle(world, extra=True).issues(lists)


@pytest.mark.parametrize(("policy", "seed"), [(EIGHT, 10), (EVERY_RULE, 11), (EVERY_RULE, 12)])
def test_repaired_lists_and_verdicts_equal_the_oracles(policy, seed):
    world = generate(seed, customers=300, items=14)
    con = connect(world)
    check_addresses(con)

    repair_lists(con, AS_OF, policy)
    find_issues(con, "repaired_list", AS_OF, policy)
    found = issues_in(con)
    decide(con, "repaired_list", policy)

    oracle = Oracle(world, extra=policy is EVERY_RULE)
    lists = {
        customer: oracle.repaired(customer, pool, policy.top_n)
        for customer, pool in lists_of(world).items()
    }
    assert list_in(con, "repaired_list") == {who: items for who, items in lists.items() if items}
    assert found == oracle.issues(lists)
    assert named(con, "verdicts") == [
        (who, *oracle.verdict([issue for issue in found if issue[0] == who], lists.get(who, [])))
        for who in sorted(oracle.people)
    ]
