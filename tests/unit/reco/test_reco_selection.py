import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts import Scenario
from core.reco.selection import SCENARIO_NUMBERS, fill_pool, turn_numbers, turns_of

REBUY, CROSS, UPSELL, WINBACK, NURTURE = Scenario


def pool_of(rows, *, top_n=3, pool_size=30, quotas=None, share=1.0, places=None, wines=None):
    """Proposals of one customer (scenario, item, family or None, score) in the order taken."""
    names = sorted({family for _, _, family, _ in rows if family})
    family = np.full(20, -1, np.int32)
    for _, item, name, _ in rows:
        family[item] = names.index(name) if name else -1
    is_taken, in_family = np.zeros(20, np.bool_), np.zeros(len(names) + 1, np.int64)
    chosen = np.empty(pool_size, np.int64)
    taken = fill_pool(
        len(rows),
        np.array([item for _, item, _, _ in rows], np.int64),
        np.array([SCENARIO_NUMBERS[s] for s, _, _, _ in rows], np.int64),
        np.array([score for _, _, _, score in rows], np.int64),
        np.arange(20, dtype=np.int32) if wines is None else np.array(wines, np.int32),
        family,
        np.arange(20) if places is None else np.array(places),
        turn_numbers(quotas or {REBUY: 1, CROSS: 1}, top_n),
        top_n,
        pool_size,
        max(1, int(share * top_n)),
        is_taken,
        in_family,
        chosen,
    )
    assert not is_taken.any()
    assert not in_family.any()
    return chosen[:taken].tolist()


def best_first(rows):
    return [(*row, 100 - at) for at, row in enumerate(rows)]


def test_quotas_take_turns_then_the_best_is_left():
    rows = [(REBUY, c, f"f{c}") for c in (0, 1, 2)] + [(CROSS, c, f"f{c}") for c in (3, 4)]
    assert pool_of(best_first(rows)) == [0, 3, 1, 2, 4]


def test_an_item_is_taken_once():
    rows = [(REBUY, 0, "a"), (CROSS, 0, "a"), (CROSS, 1, "b"), (REBUY, 1, "b")]
    assert pool_of(best_first(rows)) == [0, 2]


def test_a_wine_is_taken_in_one_format():
    rows = [(REBUY, 0, "a"), (CROSS, 1, "a"), (CROSS, 2, "b")]
    assert pool_of(best_first(rows), wines=[0, 0, *range(2, 20)]) == [0, 2]


def test_a_scenario_without_proposals_gives_its_turn_away():
    rows = [(CROSS, 0, "a"), (CROSS, 1, "b"), (UPSELL, 2, "c")]
    assert pool_of(best_first(rows), quotas={WINBACK: 2, UPSELL: 1}) == [2, 0, 1]


def test_a_family_has_its_share_while_others_are_left():
    rows = [(REBUY, c, "red") for c in range(4)] + [(REBUY, 4, "white"), (REBUY, 5, "rose")]
    assert pool_of(best_first(rows), top_n=4, share=0.5) == [0, 1, 4, 5, 2, 3]


def test_a_family_fills_the_list_when_nothing_else_is_left():
    rows = [(REBUY, c, "red") for c in range(4)]
    assert pool_of(best_first(rows), top_n=4, share=0.5) == [0, 1, 2, 3]


def test_unknown_families_are_each_their_own():
    rows = [(REBUY, c, None) for c in range(4)]
    assert pool_of(best_first(rows), top_n=4, share=0.25) == [0, 1, 2, 3]


def test_pool_ends_at_its_size():
    rows = [(REBUY, c, f"f{c}") for c in range(9)]
    assert pool_of(best_first(rows), pool_size=5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        ([(REBUY, 0, "a", 5), (REBUY, 1, "b", 6)], [1, 0]),  # score
        ([(REBUY, 1, "a", 5), (REBUY, 0, "b", 5)], [1, 0]),  # place: popularity, then key
        ([(CROSS, 0, "a", 5), (REBUY, 0, "a", 5)], [1]),  # one item: the scenario listed first
    ],
)
def test_the_order_of_ties_is_total(rows, order):
    assert pool_of(rows, quotas={NURTURE: 1}) == order


@pytest.mark.parametrize(
    ("quotas", "turns"),
    [
        ({}, []),
        ({UPSELL: 1, CROSS: 2, REBUY: 2}, [REBUY, CROSS, UPSELL, REBUY, CROSS]),
        ({CROSS: 1, WINBACK: 3}, [WINBACK, CROSS, WINBACK, WINBACK]),
        ({NURTURE: 0, CROSS: 1}, [CROSS]),
    ],
)
def test_turns_do_not_depend_on_the_order_of_the_policy(quotas, turns):
    assert turns_of(quotas) == turns
    assert turns_of(dict(reversed(quotas.items()))) == turns


def plain_pool(rows, *, top_n, pool_size, quotas, share, places):
    """The rules of the module's text, one proposal after another."""
    cap, taken = max(1, int(share * top_n)), []

    def take(scenario=None, capped=True):
        families = [rows[one][2] for one in taken]
        free = [
            one
            for one, (name, item, family, _) in enumerate(rows)
            if scenario in (None, name)
            and item not in {rows[other][1] for other in taken}
            and not (capped and family and families.count(family) >= cap)
        ]
        free.sort(key=lambda one: (-rows[one][3], places[rows[one][1]], one))
        taken.extend(free[:1])
        return bool(free)

    for scenario in turns_of(quotas)[:top_n]:
        take(scenario)
    while len(taken) < top_n and take():
        pass
    while take(capped=False):
        pass
    return taken[:pool_size]


@st.composite
def drawn_proposals(draw):
    """Items in one family each and in a scenario once, in the order of the scenarios."""
    families = draw(st.lists(st.sampled_from(["red", "white", None]), min_size=8, max_size=8))
    pairs = draw(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 7))))
    scores = draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)))
    pairs = sorted(pairs)
    return [
        (list(Scenario)[scenario], item, families[item], score)
        for (scenario, item), score in zip(pairs, scores, strict=True)
    ]


@settings(deadline=None)  # the first call may compile
@given(
    drawn_proposals(),
    st.permutations(range(20)),
    st.integers(1, 6),
    st.integers(1, 12),
    st.sampled_from([{}, {NURTURE: 2}, {REBUY: 2, CROSS: 1}, {WINBACK: 1, UPSELL: 3, CROSS: 1}]),
    st.sampled_from([0.1, 0.5, 0.7, 1.0]),
)
def test_pool_is_that_of_a_plain_reading(rows, places, top_n, pool_size, quotas, share):
    given = {"top_n": top_n, "pool_size": pool_size, "share": share, "places": places}
    found = pool_of(rows, quotas=quotas or {NURTURE: 0}, **given)
    assert found == plain_pool(rows, quotas=quotas, **given)
