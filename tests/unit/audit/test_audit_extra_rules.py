"""Boundaries of the rules that a policy switches on, one table of cases per rule.

Each case is a customer or a product of one world, so that a table is one audit.
"""

import json
from datetime import date

import pytest

from core.audit import check_addresses, find_issues
from core.policy import Policy
from tests.unit.audit.world import AS_OF, World, connect, days_ago, named

THREE_YEARS = (AS_OF - date(2023, 3, 14)).days
HERS, OLD = "a@exemple.fr", "ancien@exemple.fr"


def judged(world, rule, as_of=AS_OF, **numbers):
    """Return {customer: {product: evidence}} of the issues of `rule`, the only extra rule on."""
    extra = {"severities": {rule: "WARN"}, **numbers}
    con = connect(world)
    check_addresses(con)
    find_issues(con, "listed", as_of, Policy.model_validate({"audit": {"extra": extra}}))
    found = {}
    for customer, severity, code, product, details in named(con, "issues"):
        if code == rule:
            evidence = json.loads(details)
            assert severity == "WARN"
            assert details == json.dumps(evidence, sort_keys=True, separators=(",", ":"))
            found.setdefault(customer, {})[product] = evidence
    return found


def failing(cases):
    return sorted(name for name, (*_, fails) in cases.items() if fails)


CONSENTS = {  # days before as-of, source, fails
    "nothing": (None, None, True),
    "a blank source": (None, "  ", True),
    "a source": (None, "caveau", False),
    "a date": (400, None, False),
    "the day itself": (0, None, False),
    "the day after": (-1, None, True),
    "the day after, with a source": (-1, "caveau", True),
}


def test_no_consent():
    world = World()
    for name, (days, source, _) in CONSENTS.items():
        day = None if days is None else days_ago(days)
        world.customer(name, consent_date=day, consent_source=source)
    found = judged(world, "NO_CONSENT")
    assert sorted(found) == failing(CONSENTS)
    assert found["nothing"] == {None: {"consent_date": None}}
    assert found["the day after"] == {None: {"consent_date": str(days_ago(-1))}}


def mails(*days, status="sent", **fields):
    """Return one message for each of `days`, each of its own campaign."""
    return [(status, day, {"campaign": f"lettre {n}", **fields}) for n, day in enumerate(days)]


FREQUENCIES = {  # messages, fails at a cap of 3 in 30 days
    "two": (mails(1, 2), False),
    "exactly three": (mails(1, 2, 3), True),
    "four": (mails(1, 2, 3, 4), True),
    "the first and the last day": (mails(29, 10, 0), True),
    "one exactly 30 days ago": (mails(30, 10, 0), False),
    "one tomorrow": (mails(2, 1, -1), False),
    "one in a dry run": (mails(2, 3) + mails(1, status="dry_run"), False),
    "imported as delivered": (mails(1, 2, 3, status="delivered"), True),
    "opened, clicked, bounced": (
        mails(2, 3) + mails(1, status="open") + mails(1, status="click")
        + mails(1, status="soft_bounce"),
        False,
    ),
    "identical rows": (mails(1) * 5, False),
    "sent and delivered on the day": (mails(2, 3) + mails(2, 3, status="delivered"), False),
    "two campaigns on one day": (mails(1, 1, 3), True),
    "one campaign on three days": (mails(1, 2, 3, campaign="lettre"), True),
    "without campaign": (mails(1, 2, 3, campaign=None), True),
    "by SMS": (mails(2, 3) + mails(1, channel="SMS"), False),
    "without channel": (mails(2, 3) + mails(1, channel=" "), True),
}  # fmt: skip


def test_frequency_cap():
    world = World()
    for name, (messages, _) in FREQUENCIES.items():
        world.customer(name)
        for status, days, fields in messages:
            world.contact(name, status, days, **fields)
    found = judged(world, "FREQUENCY_CAP", cap_messages=3, cap_days=30)
    assert sorted(found) == failing(FREQUENCIES)
    assert found["four"] == {
        None: {"cap": 3, "last_message": str(days_ago(1)), "messages": 4, "window_days": 30}
    }


@pytest.mark.parametrize(
    ("events", "fails"),
    [
        ([("A", None, "n"), (None, HERS, "p")], ["A"]),
        ([("A", None, "n"), (None, HERS, "n"), ("A", HERS, "n")], []),
        ([("A", None, "n"), ("A", OLD, "n")], ["A"]),
        ([("B", "duo@exemple.fr", "n"), (None, "duo@exemple.fr", "p")], ["B", "C"]),
        ([("B", None, "n"), ("C", None, "p")], ["B", "C"]),
        ([("B", None, "n"), ("C", None, "n")], []),
        ([("Z", OLD, "n"), ("Z", OLD, "p")], []),
    ],
)
def test_messages_count_by_person_and_by_address(events, fails):
    world = World().customer("A", HERS).customer("B", " Duo@exemple.fr")
    world.customer("C", "duo@exemple.fr")
    for customer, address, campaign in events:
        world.contact(customer, "sent", 1, address, campaign=campaign)
    assert sorted(judged(world, "FREQUENCY_CAP", cap_messages=2)) == fails


@pytest.mark.parametrize(
    ("products", "fails"),
    [("", False), ("P", True), ("PQ", True), ("PQR", False), ("PPQ", False), ("PQRS", False)],
)
def test_too_few_items(products, fails):
    world = World().customer("A").customer("B")
    for product in products:
        world.item("A", product)
    expected = {"A": {None: {"items": len(products), "min_items": 3}}}
    assert judged(world, "TOO_FEW_ITEMS") == (expected if fails else {})


ACTS = {  # what is known, fails
    "nothing": ({}, True),
    "created just within": ({"created_at": THREE_YEARS - 1}, False),
    "created exactly three years ago": ({"created_at": THREE_YEARS}, True),
    "created tomorrow": ({"created_at": -1}, True),
    "consented just within": ({"consent_date": THREE_YEARS - 1}, False),
    "consented exactly three years ago": ({"consent_date": THREE_YEARS}, True),
    "bought just within": ({"bought": THREE_YEARS - 1}, False),
    "bought exactly three years ago": ({"bought": THREE_YEARS}, True),
    "bought on the day itself": ({"bought": 0}, False),
    "bought tomorrow": ({"bought": -1}, True),
    "brought back": ({"bought": 2000, "returned": 10}, False),
    "bought, then cancelled": ({"cancelled": 10}, True),
    "clicked just within": ({"click": THREE_YEARS - 1}, False),
    "clicked exactly three years ago": ({"click": THREE_YEARS}, True),
    "opened": ({"created_at": 2000, "open": 1}, True),
    "written to": ({"created_at": 2000, "sent": 1, "delivered": 1}, True),
    "created long ago, bought lately": ({"created_at": 2000, "bought": 5}, False),
}


def test_stale_prospect():
    world = World().product("P")
    for name, (known, _) in ACTS.items():
        fields = {f: days_ago(known[f]) for f in ("created_at", "consent_date") if f in known}
        world.customer(name, **fields)
        for event in {"click", "open", "sent", "delivered"} & set(known):
            world.contact(name, event, known[event])
        for sale, bottles in (("bought", 1), ("returned", -1), ("cancelled", 1)):
            if sale in known:
                status = "cancelled" if sale == "cancelled" else "valid"
                world.bought(name, "P", known[sale], bottles=bottles, status=status)
    found = judged(world, "STALE_PROSPECT")
    assert sorted(found) == failing(ACTS)
    assert found["nothing"] == {None: {"last_act": None, "months": 36}}
    assert found["opened"][None]["last_act"] == str(days_ago(2000))


def test_a_click_is_that_of_the_person_named_or_of_everybody_at_the_address():
    world = World().customer("A", HERS).customer("B", "duo@exemple.fr")
    world.customer("C", "duo@exemple.fr").customer("D", "trio@exemple.fr")
    world.customer("E", "trio@exemple.fr")
    world.contact("A", "click", 1, OLD).contact("B", "click", 1, "duo@exemple.fr")
    world.contact(None, "click", 1, "trio@exemple.fr")
    assert sorted(judged(world, "STALE_PROSPECT")) == ["C"]


@pytest.mark.parametrize(
    ("as_of", "months", "created", "fails"),
    [
        (date(2028, 2, 29), 12, date(2027, 2, 28), True),
        (date(2028, 2, 29), 12, date(2027, 3, 1), False),
        (date(2026, 3, 31), 1, date(2026, 2, 28), True),
        (date(2026, 3, 31), 1, date(2026, 3, 1), False),
    ],
)
def test_months_are_those_of_the_calendar(as_of, months, created, fails):
    world = World().customer("A", created_at=created)
    found = judged(world, "STALE_PROSPECT", as_of=as_of, silent_months=months)
    assert bool(found) is fails


STOCKS = {  # stock, active, fails
    "unknown": (None, None, False),
    "one left": (1, True, False),
    "exactly none": (0, True, True),
    "more sold than there were": (-3, None, True),
    "not active": (12, False, True),
    "not active, stock unknown": (None, False, True),
}


def test_out_of_stock():
    world = World().customer("A")
    for name, (stock, is_active, _) in STOCKS.items():
        world.product(name, stock_quantity=stock, is_active=is_active).item("A", name)
    found = judged(world.item("A", "no product"), "OUT_OF_STOCK")["A"]
    assert sorted(found) == failing(STOCKS)
    assert found["exactly none"] == {"is_active": True, "stock_quantity": 0}


def test_not_in_catalogue():
    world = World().customer("A").product("unknown").product("yes", is_recommendable=True)
    world.product("no", is_recommendable=False).product("sold out", stock_quantity=0)
    for product in ("unknown", "yes", "no", "sold out", "nowhere", "nowhere"):
        world.item("A", product)
    assert judged(world, "NOT_IN_CATALOGUE")["A"] == {
        "no": {"in_catalogue": True},
        "nowhere": {"in_catalogue": False},
    }


def test_the_days_of_the_cap_are_policy():
    world = World().customer("A").contact("A", "sent", 10)
    assert list(judged(world, "FREQUENCY_CAP", cap_messages=1, cap_days=11)) == ["A"]
    assert judged(world, "FREQUENCY_CAP", cap_messages=1, cap_days=10) == {}
