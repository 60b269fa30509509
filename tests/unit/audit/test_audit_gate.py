"""Score, reason and eligibility; the order and the log of issues."""

import pytest

from core.audit import RULES, check_addresses, decide, find_issues, repair_lists
from core.audit.rules import active_rules
from core.contracts import RuleCode
from core.policy import AuditPolicy, Policy
from tests.unit.audit.world import AS_OF, World, connect, named


def verdict_for(issues, listed):
    """Return the verdict of customer A with `issues` (severity, rule) and a list or none."""
    con = connect(World().customer("A").customer("B"))
    con.execute(
        "CREATE TABLE issues (customer_no INTEGER, severity VARCHAR, rule_code VARCHAR, "
        "product_no INTEGER, details_json VARCHAR)"
    )
    for number, (severity, rule) in enumerate(issues):
        con.execute("INSERT INTO issues VALUES (0, ?, ?, ?, '{}')", [severity, rule, number])
    con.execute("CREATE TABLE final (customer_no INTEGER, rank INTEGER, scenario VARCHAR)")
    for rank in range(listed, 0, -1):
        con.execute("INSERT INTO final VALUES (0, ?, ?)", [rank, f"scenario {rank}"])
    decide(con, "final", Policy())
    first, second = named(con, "verdicts")
    assert second == ("B", False, "NO_RECOMMENDATION", "", 100)
    return first[1:]


ERROR, WARN, INFO = "ERROR", "WARN", "INFO"


@pytest.mark.parametrize(
    ("issues", "listed", "expected"),
    [
        ([], 2, (True, "OK", "scenario 1", 100)),
        ([], 0, (False, "NO_RECOMMENDATION", "", 100)),
        ([(WARN, "LOW_DIVERSITY")] * 2, 1, (True, "OK", "scenario 1", 80)),
        ([(WARN, "LOW_DIVERSITY")] * 3, 1, (False, "SCORE_BELOW_80", "scenario 1", 70)),
        ([(WARN, "SUGAR_MISMATCH")] * 3, 0, (False, "NO_RECOMMENDATION", "", 70)),
        ([(INFO, "SUGAR_MISMATCH")] * 9, 1, (True, "OK", "scenario 1", 100)),
        ([(ERROR, "SILENCE_WINDOW")], 0, (False, "SILENCE_WINDOW", "", 60)),
        (
            [(ERROR, "UPSELL_NOT_HIGHER"), (ERROR, "OPTOUT_OR_BOUNCE"), (WARN, "LOW_DIVERSITY")],
            1,
            (False, "OPTOUT_OR_BOUNCE", "scenario 1", 10),
        ),
        ([(ERROR, "RECENT_DUPLICATE")] * 3, 1, (False, "RECENT_DUPLICATE", "scenario 1", 0)),
        (
            [(WARN, "MISSING_EMAIL"), (ERROR, "SUGAR_MISMATCH")],
            1,
            (False, "SUGAR_MISMATCH", "scenario 1", 50),
        ),
    ],
)
def test_verdict(issues, listed, expected):
    assert verdict_for(issues, listed) == expected


def test_one_failing_customer_blocks_nobody_else():
    world = World().customer("A", None).customer("B").product("P", family="Rouge")
    con = connect(world.item("A", "P").item("B", "P"))
    check_addresses(con)
    find_issues(con, "listed", AS_OF, Policy())
    decide(con, "listed", Policy())
    assert named(con, "verdicts") == [
        ("A", False, "MISSING_EMAIL", "rebuy", 60),
        ("B", True, "OK", "rebuy", 100),
    ]


def test_severities_are_policy():
    world = World().customer("A", None)
    policy = Policy.model_validate(
        {
            "audit": {
                "severities": {"MISSING_EMAIL": "INFO"},
                "extra": {"severities": {"NO_CONSENT": "WARN"}},
            }
        }
    )
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", AS_OF, policy)
    found = con.execute("SELECT rule_code, severity FROM issues").fetchall()
    assert found == [("MISSING_EMAIL", "INFO"), ("NO_CONSENT", "WARN")]


def test_a_rule_that_is_off_is_not_asked():
    """Its tables are not even there."""
    world = World().customer("A").product("P", stock_quantity=0).item("A", "P")
    con = connect(world)
    check_addresses(con)
    con.execute("DROP TABLE products; DROP TABLE sale_lines")
    find_issues(con, "listed", AS_OF, Policy())
    assert con.execute("FROM issues").fetchall() == []


def test_issues_stand_in_bytewise_order_of_customer_rule_and_product():
    world = World().product("OLD", family="Rouge").product("é", family="Rouge", price_cents=1)
    world.product("b", family="Rouge", price_cents=1).product("Z", family="Rouge", price_cents=1)
    for customer in ("é", "b", "Z"):
        world.customer(customer, None).bought(customer, "OLD", 90)
        for product in ("é", "b", "Z"):
            world.item(customer, product, "upsell")
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", AS_OF, Policy())
    rows = [(customer, rule, product) for customer, _, rule, product, _ in named(con, "issues")]
    order = [rule.code.value for rule in RULES]
    assert rows == sorted(
        rows, key=lambda row: (row[0].encode(), order.index(row[1]), (row[2] or "").encode())
    )
    assert len(rows) == 15


def test_repairs_are_logged_as_information():
    world = World().customer("A").product("OLD", family="Rouge").product("NEW", family="Rouge")
    world.bought("A", "OLD", 3).item("A", "OLD").item("A", "NEW")
    policy = Policy(top_n=1)
    con = connect(world)
    check_addresses(con)
    repair_lists(con, AS_OF, policy)
    find_issues(con, "repaired_list", AS_OF, policy)
    decide(con, "repaired_list", policy)
    ((customer, severity, rule, product, details),) = named(con, "issues")
    assert (customer, severity, rule, product) == ("A", "INFO", "RECENT_DUPLICATE", "OLD")
    assert details.endswith('"rank":1,"repaired_by":"NEW"}')
    assert con.execute("SELECT eligible, audit_score FROM verdicts").fetchall() == [(True, 100)]


def test_the_registry_holds_the_published_rules_in_order():
    assert [rule.code for rule in RULES] == list(RuleCode)
    assert [rule.code for rule in active_rules(AuditPolicy())] == list(RuleCode)[:8]
    assert len({rule.sentence for rule in RULES}) == len({rule.remedy for rule in RULES}) == 14
