"""The order in which a list is filled: scenario quotas taken in turn, then the best that is left.

Each turn takes the customer's best proposal that is still free, of the scenario whose turn it is;
when the turns are over, the best of any scenario, until the list is full. A taken item is closed
in every scenario, and so are the other formats of its wine; a family is closed when it has its
share of the list. What is left follows, best first and of any family: the *pool* from which a list
is repaired.

Total order: score, then popularity, both descending, then `product_key` bytewise, then scenario.
"""

from collections.abc import Mapping

import numpy as np

from core.compiled import njit
from core.contracts import Scenario
from core.reco.tables import IntArray

SCENARIO_NUMBERS: Mapping[Scenario, int] = {s: n for n, s in enumerate(Scenario)}
ANY_SCENARIO = -1
NO_SCENARIO = -2


def turns_of(quotas: Mapping[Scenario, int]) -> list[Scenario]:
    """Return the scenarios in turn: one of each per round, larger quotas first.

    >>> [str(s) for s in turns_of({Scenario.REBUY: 2, Scenario.UPSELL: 1})]
    ['rebuy', 'upsell', 'rebuy']
    """
    order = sorted(quotas, key=lambda s: (-quotas[s], SCENARIO_NUMBERS[s]))
    rounds = range(max(quotas.values(), default=0))
    return [s for number in rounds for s in order if quotas[s] > number]


def turn_numbers(quotas: Mapping[Scenario, int], top_n: int) -> IntArray:
    """Return the scenario number of each of `top_n` turns, `NO_SCENARIO` behind the last."""
    numbers = np.full(top_n, NO_SCENARIO, dtype=np.int64)
    scenarios = turns_of(quotas)[:top_n]
    numbers[: len(scenarios)] = [SCENARIO_NUMBERS[s] for s in scenarios]
    return numbers


@njit(cache=True, nogil=True)
def fill_pool(  # type: ignore[no-untyped-def]
    n, item, scenario, score, wine, family, place, turns, top_n, pool_size, family_cap,
    is_taken, in_family, chosen,
):  # fmt: skip
    """Fill `chosen` with proposal numbers in the order of the pool; return how many.

    `item`, `scenario` and `score` are by proposal, `wine`, `family` and `place` by item. `is_taken`
    by wine and `in_family` by family are clear before and after.
    """
    taken, turn = 0, 0
    while taken < pool_size:
        wanted = turns[turn] if turn < len(turns) else ANY_SCENARIO
        is_capped = turn < len(turns) + top_n and (turn < len(turns) or taken < top_n)
        turn += 1
        best = -1
        for one in range(n if wanted != NO_SCENARIO else 0):
            name = item[one]
            if is_taken[wine[name]] or (wanted != ANY_SCENARIO and scenario[one] != wanted):
                continue
            if is_capped and family[name] >= 0 and in_family[family[name]] >= family_cap:
                continue
            if best >= 0:
                if score[one] != score[best]:
                    if score[one] < score[best]:
                        continue
                elif place[name] != place[item[best]]:
                    if place[name] > place[item[best]]:
                        continue
                elif scenario[one] > scenario[best]:
                    continue
            best = one
        if best < 0:
            if wanted == ANY_SCENARIO and not is_capped:
                break
            continue
        is_taken[wine[item[best]]] = True
        if family[item[best]] >= 0:
            in_family[family[item[best]]] += 1
        chosen[taken] = best
        taken += 1
    for at in range(taken):
        name = item[chosen[at]]
        is_taken[wine[name]] = False
        if family[name] >= 0:
            in_family[family[name]] = 0
    return taken
