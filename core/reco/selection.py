"""The order in which a list is filled: scenario quotas taken in turn, then the best that is left.

Greedy over all customers at once. Candidates come in the total order (customer, then best first);
each turn gives every customer her best candidate that is still free, of the scenario whose turn
it is. A taken chain is closed in every scenario; a family is closed when it has its share of the
list, as long as other families are left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.contracts import Scenario
from core.policy import Policy
from core.reco.tables import IntArray

SCENARIO_NUMBERS: Mapping[Scenario, int] = {s: n for n, s in enumerate(Scenario)}
ANY_SCENARIO = -1
NO_SCENARIO = -2


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Numbered candidates, rows in the total order; one entry per row in each array.

    `state` is the number of the customer's state; `chain` and `family` are unique over
    customers: the same chain of two customers has two numbers.
    """

    customer: IntArray
    state: IntArray
    scenario: IntArray
    chain: IntArray
    family: IntArray


def turns_of(quotas: Mapping[Scenario, int]) -> list[Scenario]:
    """Return the scenarios in turn: one of each per round, larger quotas first.

    >>> [str(s) for s in turns_of({Scenario.REBUY: 2, Scenario.UPSELL: 1})]
    ['rebuy', 'upsell', 'rebuy']
    """
    order = sorted(quotas, key=lambda s: (-quotas[s], SCENARIO_NUMBERS[s]))
    rounds = range(max(quotas.values(), default=0))
    return [s for number in rounds for s in order if quotas[s] > number]


def order_candidates(
    candidates: Candidates, states: Sequence[str], policy: Policy
) -> tuple[IntArray, IntArray]:
    """Return the rows of every customer's pool and their positions from 1."""
    turns = _turns_by_state(states, policy)
    filling = _Filling(candidates, family_cap=max(1, int(policy.max_family_share * policy.top_n)))
    for turn in range(turns.shape[1]):
        filling.take(turns[candidates.state, turn])
    anything = np.full_like(candidates.state, ANY_SCENARIO)
    for _ in range(policy.top_n):
        filling.take(anything, below=policy.top_n)
    return filling.positions(policy.pool_size)


def _turns_by_state(states: Sequence[str], policy: Policy) -> IntArray:
    turns = np.full((len(states), policy.top_n), NO_SCENARIO, dtype=np.int64)
    for number, state in enumerate(states):
        scenarios = turns_of(policy.quotas.get(state, {}))[: policy.top_n]
        turns[number, : len(scenarios)] = [SCENARIO_NUMBERS[s] for s in scenarios]
    return turns


class _Filling:
    """Which candidates are taken so far, and what that closes."""

    def __init__(self, candidates: Candidates, *, family_cap: int) -> None:
        self._rows = candidates
        self._family_cap = family_cap
        self._taken_chain = np.zeros(_count(candidates.chain), dtype=bool)
        self._in_family = np.zeros(_count(candidates.family), dtype=np.int64)
        self._in_list = np.zeros(_count(candidates.customer), dtype=np.int64)
        self._turn_taken = np.zeros(len(candidates.customer), dtype=np.int64)
        self._turns = 0

    def take(self, wanted: IntArray, below: int | None = None) -> None:
        """Take each customer's best free row of the `wanted` scenario, if list is `below`."""
        rows = self._rows
        free = ~self._taken_chain[rows.chain]
        free &= self._in_family[rows.family] < self._family_cap
        free &= (wanted == ANY_SCENARIO) | (rows.scenario == wanted)
        if below is not None:
            free &= self._in_list[rows.customer] < below
        best = _first_of_each(np.flatnonzero(free), rows.customer)
        self._turns += 1
        self._turn_taken[best] = self._turns
        self._taken_chain[rows.chain[best]] = True
        self._in_family[rows.family[best]] += 1
        self._in_list[rows.customer[best]] += 1

    def positions(self, pool_size: int) -> tuple[IntArray, IntArray]:
        """Return the rows of the pools and their positions: taken in turn, then best first."""
        rows = self._rows
        late = np.flatnonzero(~self._taken_chain[rows.chain])
        late = late[np.sort(np.unique(rows.chain[late], return_index=True)[1])]
        taken = np.flatnonzero(self._turn_taken)
        pool = np.concatenate((taken, late))
        turn = np.concatenate((self._turn_taken[taken], np.full_like(late, self._turns + 1)))
        pool = pool[np.lexsort((pool, turn, rows.customer[pool]))]
        position = _rank_in_groups(rows.customer[pool])
        kept = position <= pool_size
        return pool[kept], position[kept]


def _first_of_each(places: IntArray, group: IntArray) -> IntArray:
    groups = group[places]
    starts: NDArray[np.bool_] = np.diff(groups, prepend=-1) != 0
    return places[starts]


def _rank_in_groups(groups: IntArray) -> IntArray:
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    lengths = np.diff(np.append(starts, len(groups)))
    rank: IntArray = np.arange(1, len(groups) + 1) - np.repeat(starts, lengths)
    return rank


def _count(numbers: IntArray) -> int:
    return int(numbers.max(initial=-1)) + 1
