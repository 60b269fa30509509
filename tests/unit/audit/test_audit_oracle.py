"""The vectorised audit equals the plain one, issue by issue, verdict by verdict, list by list."""

from collections import Counter

import pytest

from core.audit import check_addresses, decide, find_issues, repair_lists
from core.audit.rules import active_rules
from core.policy import Policy
from core.reco.features import build_facts
from tests.unit.audit.generated import generate
from tests.unit.audit.oracle import Oracle, lists_of
from tests.unit.audit.world import AS_OF, add_lists, connect, connect_dataset, named

POLICY = Policy()


def issues_in(con):
    rows = [(customer, rule, product) for customer, _, rule, product, _ in named(con, "issues")]
    assert len(rows) == len(set(rows))
    return set(rows)


@pytest.mark.parametrize("seed", range(3))
def test_issues_of_a_finished_list_equal_the_oracles(seed):
    world = generate(seed, customers=300, items=6)
    con = connect(world)
    check_addresses(con)

    find_issues(con, "listed", AS_OF, POLICY)

    expected = Oracle(world).issues(lists_of(world))
    assert issues_in(con) == expected
    failures = Counter(rule for _, rule, _ in expected)
    assert all(failures[rule.code.value] >= 3 for rule in active_rules(POLICY.audit)), failures


@pytest.mark.parametrize("seed", range(20, 22))
def test_issues_on_the_recommenders_facts_equal_the_oracles(seed):
    world = generate(seed, customers=300, items=6)
    con = connect_dataset(world)
    build_facts(con, AS_OF, POLICY)
    add_lists(con, world)
    check_addresses(con)

    find_issues(con, "listed", AS_OF, POLICY)

    assert issues_in(con) == Oracle(world).issues(lists_of(world))


@pytest.mark.parametrize("seed", range(10, 13))
def test_repaired_lists_and_verdicts_equal_the_oracles(seed):
    world = generate(seed, customers=300, items=14)
    con = connect(world)
    check_addresses(con)

    repair_lists(con, AS_OF, POLICY)
    find_issues(con, "repaired_list", AS_OF, POLICY)
    found = issues_in(con)
    decide(con, "repaired_list", POLICY)

    oracle = Oracle(world)
    pools = lists_of(world)
    lists = {who: oracle.repaired(who, pool, POLICY.top_n) for who, pool in pools.items()}
    con.execute("CREATE TABLE ordered AS FROM repaired_list ORDER BY customer_no, rank")
    final = [(who, product, scenario) for who, _, product, scenario in named(con, "ordered")]
    assert final == [(who, *item) for who in sorted(lists) for item in lists[who]]
    assert found == oracle.issues(lists)
    assert named(con, "verdicts") == [
        (who, *oracle.verdict(who, found, lists.get(who, [])))
        for who in sorted(row["customer"] for row in world.customers)
    ]
