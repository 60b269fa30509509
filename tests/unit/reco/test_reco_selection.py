import numpy as np
import pytest

from core.contracts import Scenario
from core.policy import CustomerState, Policy
from core.reco.selection import SCENARIO_NUMBERS, Candidates, order_candidates, turns_of

REBUY, CROSS, UPSELL, WINBACK, NURTURE = Scenario


def pool_of(rows, *, top_n=3, pool_size=30, quotas=None, share=1.0):
    """Positions of one customer's rows (scenario, chain, family), given best first."""
    policy = Policy(
        top_n=top_n,
        pool_size=pool_size,
        max_family_share=share,
        quotas={CustomerState.ACTIVE: quotas or {REBUY: 1, CROSS: 1}},
    )
    numbered = {name: n for n, name in enumerate(sorted({f for _, _, f in rows}))}
    candidates = Candidates(
        customer=np.zeros(len(rows), dtype=np.int64),
        state=np.zeros(len(rows), dtype=np.int64),
        scenario=np.array([SCENARIO_NUMBERS[s] for s, _, _ in rows]),
        chain=np.array([c for _, c, _ in rows]),
        family=np.array([numbered[f] for _, _, f in rows]),
    )
    places, position = order_candidates(candidates, [CustomerState.ACTIVE], policy)
    assert list(position) == list(range(1, len(position) + 1))
    return [int(place) for place in places]


def test_quotas_take_turns_then_the_best_is_left():
    rows = [(REBUY, c, f"f{c}") for c in (0, 1, 2)] + [(CROSS, c, f"f{c}") for c in (3, 4)]
    assert pool_of(rows) == [0, 3, 1, 2, 4]


def test_a_chain_is_taken_once():
    rows = [(REBUY, 0, "a"), (CROSS, 0, "a"), (CROSS, 1, "b"), (REBUY, 1, "b"), (REBUY, 0, "a")]
    assert pool_of(rows) == [0, 2]


def test_a_scenario_without_candidates_gives_its_turn_away():
    rows = [(CROSS, 0, "a"), (CROSS, 1, "b"), (UPSELL, 2, "c")]
    assert pool_of(rows, quotas={WINBACK: 2, UPSELL: 1}) == [2, 0, 1]


def test_a_family_has_its_share_while_others_are_left():
    rows = [(REBUY, c, "red") for c in range(4)] + [(REBUY, 4, "white"), (REBUY, 5, "rose")]
    assert pool_of(rows, top_n=4, share=0.5) == [0, 1, 4, 5, 2, 3]


def test_a_family_fills_the_list_when_nothing_else_is_left():
    rows = [(REBUY, c, "red") for c in range(4)]
    assert pool_of(rows, top_n=4, share=0.5) == [0, 1, 2, 3]


def test_pool_ends_at_its_size():
    rows = [(REBUY, c, f"f{c}") for c in range(9)]
    assert pool_of(rows, pool_size=5) == [0, 1, 2, 3, 4]


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
