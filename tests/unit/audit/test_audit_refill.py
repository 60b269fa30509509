"""What fills the places that a person left vacant, and what is never touched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audit.refill import refill_lists
from core.policy import Policy
from tests.unit.audit.world import AS_OF, World, connect

FAMILIES = {"R": "Rouge", "B": "Blanc", "?": None}


def refill(world, kept, wanted, policy=None):
    """Return the list of A, and which of its products are refills; `kept` are positions."""
    con = connect(world)
    con.execute(
        "CREATE TABLE kept_items AS SELECT customer_no, position AS rank, product_no, scenario"
        " FROM candidates WHERE list_contains($kept::INTEGER[], position)",
        {"kept": list(kept)},
    )
    con.execute(
        "CREATE TABLE wanted_items AS SELECT customer_no, $items AS items FROM customer_numbers",
        {"items": wanted},
    )
    refill_lists(con, AS_OF, policy or Policy())
    rows = con.execute(
        "SELECT rank, product_key, is_refill FROM refilled_list JOIN product_numbers"
        " USING (product_no) ORDER BY rank"
    ).fetchall()
    assert [rank for rank, *_ in rows] == list(range(1, len(rows) + 1))
    return [int(key[1:]) for _, key, _ in rows], {int(key[1:]) for _, key, new in rows if new}


def pool(letters, bought=()):
    """Return customer A with candidates P0, P1, … of the families in `letters`."""
    world = World().customer("A")
    for number, letter in enumerate(letters):
        world.product(f"P{number}", family=FAMILIES[letter]).item("A", f"P{number}")
    for number in bought:
        world.bought("A", f"P{number}", 3)
    return world


@pytest.mark.parametrize(
    ("letters", "bought", "kept", "wanted", "found"),
    [
        ("RBRB", (), (0, 1), 3, [0, 1, 2]),
        ("RBRB", (2,), (0, 1), 3, [0, 1, 3]),
        ("RBRB", (2, 3), (0, 1), 3, [0, 1]),
        ("RBRB", (), (), 0, []),
        ("RBRB", (), (), 2, [0, 1]),
        # What is kept stays, even where the audit will find it bought lately.
        ("RBRB", (0,), (0, 1), 3, [0, 1, 2]),
        # Of four places no family takes more than two: the next red waits.
        ("RRRRB", (), (0, 1, 2), 4, [0, 1, 2, 4]),
        ("RRRR", (), (0, 1, 2), 4, [0, 1, 2, 3]),
        ("????", (), (0, 1, 2), 4, [0, 1, 2, 3]),
        # Of three places a family takes two.
        ("RRRB", (), (0, 1), 3, [0, 1, 3]),
    ],
)
def test_vacant_places_go_to_the_next_that_pass(letters, bought, kept, wanted, found):
    listed, refills = refill(pool(letters, bought), [place + 1 for place in kept], wanted)
    assert listed == found
    assert refills == set(found) - set(kept)


def test_another_vintage_of_what_is_kept_is_passed_over():
    world = World().customer("A")
    for number in range(4):
        replaces = "P0" if number == 2 else None
        world.product(f"P{number}", replaces=replaces).item("A", f"P{number}")
    assert refill(world, [1, 2], 3) == ([0, 1, 3], {3})


@settings(max_examples=15, deadline=None)
@given(
    letters=st.text("RB?", min_size=1, max_size=8),
    data=st.data(),
)
def test_nothing_kept_is_exchanged_and_nothing_taken_fails(letters, data):
    numbers = st.sets(st.integers(0, len(letters) - 1))
    bought, kept = data.draw(numbers), data.draw(numbers)
    wanted = len(kept) + data.draw(st.integers(0, 4))
    listed, refills = refill(pool(letters, bought), [place + 1 for place in kept], wanted)
    assert listed[: len(kept)] == sorted(kept)
    assert refills == set(listed) - kept
    assert not refills & bought
    assert len(listed) == min(wanted, len(kept) + len(set(range(len(letters))) - kept - bought))
