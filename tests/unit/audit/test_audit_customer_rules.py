"""Boundaries of the rules on the customer, one table of cases per rule."""

import pytest

from core.audit import RULES, check_addresses, find_issues
from core.audit.scope import Scope
from core.policy import Policy
from tests.unit.audit.world import AS_OF, World, connect, days_ago, named


def failing(world, rule, policy=None):
    """Return the customers that fail `rule`, in order: nobody where what it needs is missing."""
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", AS_OF, policy or Policy())
    found = [
        who for who, _, code, product, _ in named(con, "issues") if (code, product) == (rule, None)
    ]
    assert may_fail(con, rule, policy or Policy()) or not found
    return found


def may_fail(con, rule, policy):
    """Return whether `rule` finds what it needs to fail anybody."""
    query = next(r for r in RULES if r.code == rule).query(
        Scope(items="", as_of=AS_OF, policy=policy.audit)
    )
    needs = query.needs
    return needs is None or bool(con.execute(needs.sql, dict(needs.values)).fetchall())


def test_readers_and_messages_of_long_ago_need_no_rule():
    world = World().customer("A").contact("A", "click", 1).contact("A", "delivered", 99)
    con = connect(world)
    for rule in ("OPTOUT_OR_BOUNCE", "SILENCE_WINDOW", "FREQUENCY_CAP"):
        assert not may_fail(con, rule, Policy())


@pytest.mark.parametrize(
    ("address", "fails"),
    [
        ("jean@exemple.fr", False),
        ("  Jean@Exemple.FR ", False),
        ("zoé@exemple.fr", False),
        (None, True),
        ("   ", True),
        ("jean", True),
        ("jean@exemple", True),
        ("jean dupont@exemple.fr", True),
        ("jean..dupont@exemple.fr", True),
        ("jean@exemple.fr;marie@exemple.fr", True),
        ("jean@cave.local", True),
    ],
)
def test_missing_email_blocks_that_customer_alone(address, fails):
    world = World().customer("A", address).customer("B")
    assert failing(world, "MISSING_EMAIL") == (["A"] if fails else [])


SUPPRESSED = {
    "opt-out flag": lambda w: w.customers[0].update(email_opt_out=True),
    "suppression of the customer": lambda w: w.suppressions.append({"customer": "A"}),
    "suppression of the address": lambda w: w.suppressions.append({"email_norm": "a@exemple.fr"}),
    "unsubscribe": lambda w: w.contact("A", "unsubscribe", 400),
    "unsubscribe after as-of": lambda w: w.contact("A", "unsubscribe", -5),
    "unsubscribe from an earlier address": lambda w: w.contact("A", "unsubscribe", 9, "x@y.fr"),
    "complaint by address": lambda w: w.contact(None, "complaint", 400, "a@exemple.fr"),
    "hard bounce": lambda w: w.contact("A", "hard_bounce", 400),
    "hard bounce of the address, told of another": lambda w: w.contact(
        "B", "hard_bounce", 3, "a@exemple.fr"
    ),
    "suppression of an earlier address after an opt-out": lambda w: w.suppressions.append(
        {"customer": "A", "email_norm": "x@y.fr", "reason": "opt_out"}
    ),
    "bounce kept without its address": lambda w: w.suppressions.append(
        {"customer": "A", "reason": "hard_bounce"}
    ),
}
FREE = {
    "suppression of an earlier address after a bounce": lambda w: w.suppressions.append(
        {"customer": "A", "email_norm": "x@y.fr", "reason": "hard_bounce"}
    ),
    "opt-out flag off": lambda w: w.customers[0].update(email_opt_out=False),
    "hard bounce of an earlier address": lambda w: w.contact("A", "hard_bounce", 9, "x@y.fr"),
    "suppression of another": lambda w: w.suppressions.append({"email_norm": "x@y.fr"}),
    "dry run": lambda w: w.contact("A", "dry_run", 1),
    "click": lambda w: w.contact("A", "click", 1),
}


@pytest.mark.parametrize("case", SUPPRESSED)
def test_suppressed(case):
    world = World().customer("A").customer("B")
    SUPPRESSED[case](world)
    assert "A" in failing(world, "OPTOUT_OR_BOUNCE")


@pytest.mark.parametrize("case", FREE)
def test_not_suppressed(case):
    world = World().customer("A").customer("B")
    FREE[case](world)
    assert failing(world, "OPTOUT_OR_BOUNCE") == []


def test_an_opt_out_follows_the_person_and_the_address():
    world = World().customer("A", "duo@exemple.fr", email_opt_out=True)
    world.customer("B", " Duo@exemple.fr").customer("C", None)
    assert failing(world, "OPTOUT_OR_BOUNCE") == ["A", "B"]


@pytest.mark.parametrize(
    ("events", "fails"),
    [
        ([("soft_bounce", 9), ("soft_bounce", 8)], False),
        ([("soft_bounce", 9), ("soft_bounce", 8), ("soft_bounce", 7)], True),
        ([("soft_bounce", 9), ("soft_bounce", 8), ("soft_bounce", 8)], False),
        ([("soft_bounce", 9), ("sent", 8), ("soft_bounce", 8), ("soft_bounce", 7)], True),
        ([("soft_bounce", 9), ("soft_bounce", 7), ("delivered", 6), ("soft_bounce", 5)], False),
        ([("soft_bounce", 9), ("open", 8), ("soft_bounce", 7), ("soft_bounce", 5)], False),
        ([("soft_bounce", 9), ("soft_bounce", 7), ("click", 7), ("soft_bounce", 5)], False),
        ([("click", 10), *[("soft_bounce", day) for day in (9, 8, 7)], ("open", 6)], True),
        ([("soft_bounce", -1), ("soft_bounce", -2), ("soft_bounce", -3)], True),
        ([("delivered", 9), *[("soft_bounce", day) for day in (9, 8, 7)], ("open", 7)], True),
        ([("soft_bounce", 9), ("dry_run", 8), ("soft_bounce", 7), ("soft_bounce", 5)], True),
    ],
)
def test_three_soft_bounces_in_a_row(events, fails):
    world = World().customer("A").customer("B")
    for status, days in events:
        world.contact("A", status, days)
    assert failing(world, "OPTOUT_OR_BOUNCE") == (["A"] if fails else [])


@pytest.mark.parametrize(("in_a_row", "fails"), [(1, True), (2, True), (3, False)])
def test_how_many_soft_bounces_is_policy(in_a_row, fails):
    world = World().customer("A").contact("A", "soft_bounce", 9).contact("A", "soft_bounce", 8)
    policy = Policy.model_validate({"audit": {"soft_bounces_in_a_row": in_a_row}})
    assert failing(world, "OPTOUT_OR_BOUNCE", policy) == (["A"] if fails else [])


def test_a_bounce_keeps_its_person_where_no_address_is_known():
    world = World().customer("A", None).customer("B", None).contact("A", "hard_bounce", 9)
    assert failing(world, "OPTOUT_OR_BOUNCE") == ["A"]


def test_soft_bounces_of_one_day_count_when_their_campaigns_differ():
    world = World().customer("A")
    for campaign in ("noël", "pâques", "été"):
        world.contact("A", "soft_bounce", 3, campaign=campaign)
    assert failing(world, "OPTOUT_OR_BOUNCE") == ["A"]


def test_soft_bounces_follow_the_address_not_the_person():
    world = World().customer("A", "duo@exemple.fr").customer("B", "duo@exemple.fr").customer("C")
    for days, customer in ((9, "A"), (8, "B"), (7, None)):
        world.contact(customer, "soft_bounce", days, None if customer else "duo@exemple.fr")
        world.contact("C", "soft_bounce", days, "ancien@exemple.fr")
    assert failing(world, "OPTOUT_OR_BOUNCE") == ["A", "B"]


@pytest.mark.parametrize(
    ("status", "days", "channel", "fails"),
    [
        ("sent", 0, None, True),
        ("sent", 13, None, True),
        ("sent", 14, None, False),
        ("sent", -1, None, False),
        ("delivered", 1, "E-Mail", True),
        ("delivered", 1, "mail", True),
        ("delivered", 1, " email ", True),
        ("sent", 1, "  ", True),
        ("sent", 1, "SMS", False),
        ("sent", 1, "courrier", False),
        ("open", 1, None, False),
        ("soft_bounce", 1, None, False),
        ("dry_run", 1, None, False),
    ],
)
def test_silence_window(status, days, channel, fails):
    world = World().customer("A").customer("B").contact("A", status, days, channel=channel)
    assert failing(world, "SILENCE_WINDOW") == (["A"] if fails else [])


@pytest.mark.parametrize(("customer", "email"), [("B", None), ("Z", "duo@exemple.fr")])
def test_silence_holds_for_the_address_of_another_customer(customer, email):
    world = World().customer("A", " Duo@exemple.fr").customer("B", "duo@exemple.fr").customer("C")
    world.contact(customer, "sent", 2, email)
    assert failing(world, "SILENCE_WINDOW") == ["A", "B"]


def test_silence_holds_for_the_person_written_to_at_an_earlier_address():
    world = World().customer("A").customer("B", "b@exemple.fr").contact("A", "sent", 2, "x@y.fr")
    assert failing(world, "SILENCE_WINDOW") == ["A"]


@pytest.mark.parametrize(("window", "fails"), [(0, False), (1, True), (60, True)])
def test_silence_window_is_policy(window, fails):
    world = World().customer("A").contact("A", "sent", 0)
    policy = Policy().with_run_options(silence_window_days=window)
    assert failing(world, "SILENCE_WINDOW", policy) == (["A"] if fails else [])


def test_evidence_names_dates_and_causes_but_no_address():
    world = World().customer("A", "duo@exemple.fr", name="Jean Dupont")
    world.customer("B", "duo@exemple.fr").contact("B", "sent", 2).contact("A", "complaint", 40)
    world.suppressions.append({"customer": "A", "reason": "Jean Dupont ne veut plus"})
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", AS_OF, Policy())
    rows = [(code, details) for who, _, code, _, details in named(con, "issues") if who == "A"]
    assert rows == [
        (
            "OPTOUT_OR_BOUNCE",
            '{"causes":["complaint","suppressed"],'
            f'"since":"{days_ago(40)}","through":"customer"}}',
        ),
        (
            "SILENCE_WINDOW",
            f'{{"last_message":"{days_ago(2)}","through":"address","window_days":14}}',
        ),
    ]
