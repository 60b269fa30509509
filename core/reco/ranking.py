"""From facts to every customer's pool of candidates, in the order her list is filled."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from duckdb import DuckDBPyConnection

from core.compiled import njit
from core.contracts import Scenario
from core.policy import CUSTOMER_STATES, Policy
from core.reco.affinity import Knowledge, describe, make_scratch, weigh
from core.reco.beginnings import find_beginnings
from core.reco.candidates import NEAR, POPULAR
from core.reco.evidence import find_evidence
from core.reco.explain import explain_lists
from core.reco.features import Facts
from core.reco.history import History
from core.reco.inputs import build_shelf, catalogue_of, read_people, read_trade
from core.reco.items import populations_of
from core.reco.learning import Model, learn_model
from core.reco.lines import day_number
from core.reco.neighbours import Neighbours
from core.reco.offers import read_offers
from core.reco.scenarios import propose
from core.reco.scoring import COMPONENTS, weights_of
from core.reco.selection import fill_pool, turn_numbers
from core.reco.shapes import (
    BASIS_POINTS,
    MICRO,
    People,
    Rules,
    Shelf,
    make_proposals,
)
from core.reco.shards import Slice, run_slices, slices_of
from core.reco.tables import (
    Columns,
    FloatArray,
    Int32Array,
    create_table_from_parts,
    fetch_columns,
)

ROWS_PER_SLICE = 200_000
POOL = ("customer_no", "position", "item", "scenario", "ground", "evidence", "score")
PER_ROW = ("item", "scenario", "ground", "evidence", "score", *COMPONENTS)

_SCENARIOS = ", ".join(f"'{scenario}'" for scenario in Scenario)
CANDIDATES = f"""
CREATE OR REPLACE VIEW candidates AS
SELECT
    customer_no,
    position,
    product_no,
    [{_SCENARIOS}][scenario + 1] AS scenario,
    position AS pool_position
FROM pool
"""

# Both sides are bounded, so that only these customers are read of either.
LISTED = f"""
SELECT
    listed.customer_no,
    listed.rank::INTEGER AS rank,
    listed.product_no,
    {", ".join(f"pool.{name}" for name in PER_ROW)}
FROM {{listed}} AS listed
JOIN pool ON pool.customer_no = listed.customer_no AND pool.position = listed.pool_position
WHERE listed.customer_no >= $low AND listed.customer_no < $high
    AND pool.customer_no >= $low AND pool.customer_no < $high
ORDER BY listed.customer_no, listed.rank
"""


@dataclass(frozen=True, kw_only=True)
class Footing:
    """By what customers are ranked, and any row of the table `pool` is explained.

    `history` and `people` may be those of some customers (`core.reco.portable`), the rest was
    learned from all: `weights` of the blend, and by item the number of the `product` proposed.
    """

    history: History
    people: People
    known: Knowledge
    neighbours: list[Neighbours]
    weights: FloatArray
    shelf: Shelf
    product: Int32Array


@dataclass(frozen=True, kw_only=True)
class Ranked(Footing):
    """The footing of all customers, with the model as it was learned."""

    model: Model


def rank_candidates(
    con: DuckDBPyConnection,
    facts: Facts,
    as_of: date,
    policy: Policy,
    threads: int | None = None,
    sample: Sequence[Slice] | None = None,
) -> Ranked:
    """Learn from all customers, and rank all of them or those of `sample`."""
    ranked = learn_ranking(con, facts, as_of, policy, threads)
    rank_on(con, ranked, as_of, policy, threads, sample)
    return ranked


def rank_on(
    con: DuckDBPyConnection,
    footing: Footing,
    as_of: date,
    policy: Policy,
    threads: int | None = None,
    sample: Sequence[Slice] | None = None,
) -> None:
    """Create `candidates`, every customer's pool in the order her list is filled.

    Columns: customer_no, position (from 1),
    product_no, scenario, pool_position (the same, which a row keeps when it is ranked anew). No
    product or vintage chain comes twice; at most `policy.pool_size` rows per customer, or twice
    `policy.top_n` where that is more. The table `pool` beneath has also what a row is explained
    by: item, ground, evidence, score and components (in millionths). `sample` bounds the customers
    to ranges of their numbers, in order.
    """
    rules = rules_of(policy, day_number(as_of))
    pools = rank_customers(footing, rules, slices=sample, threads=threads)
    _store_pools(con, pools, footing.product)


def learn_ranking(
    con: DuckDBPyConnection,
    facts: Facts,
    as_of: date,
    policy: Policy,
    threads: int | None = None,
) -> Ranked:
    """Return what the customers of `features.build_facts` are ranked by, learned from them."""
    today, history = day_number(as_of), facts.history
    is_trade = read_trade(con)
    population = populations_of(is_trade, history)
    offers = read_offers(con)
    with ThreadPoolExecutor(1) as beside:
        beginnings = beside.submit(find_beginnings, history, population, is_trade)
        model = learn_model(
            history, facts.tickets, population, catalogue_of(offers), policy, today,
            threads=threads,
        )  # fmt: skip
    rules = rules_of(policy, today)
    shelf = build_shelf(offers, model.learned, beginnings.result(), policy, rules)
    return Ranked(
        history=history,
        people=read_people(con, facts, population, is_trade, offers, policy, today),
        known=model.learned.known,
        neighbours=model.learned.neighbours,
        weights=model.blend.weights,
        shelf=shelf,
        product=offers.product,
        model=model,
    )


def explain_ranked(
    con: DuckDBPyConnection,
    ranked: Footing,
    listed: str,
    as_of: date,
    policy: Policy,
    language: str,
    customers: tuple[int, int] | None = None,
) -> None:
    """Create `final_list` (`explain.explain_lists`) from the table `listed` and the `pool`.

    `listed` has customer_no, rank, product_no and pool_position of `candidates`. Sentences take
    memory: `customers` bounds the numbers (low, behind) that are explained.
    """
    low, high = customers or (0, ranked.history.customers)
    rows = fetch_columns(con, LISTED.format(listed=listed), low=low, high=high)
    evidence = find_evidence(
        rows["customer_no"], rows.pop("item"), rows["ground"], ranked.history, ranked.people,
        ranked.known, ranked.neighbours, ranked.shelf,
    )  # fmt: skip
    explain_lists(con, rows, evidence, as_of, policy, language)


def _store_pools(con: DuckDBPyConnection, pools: Iterable[Columns], product: Int32Array) -> None:
    """Create `pool` and `candidates`; of the parts only few are in memory at once."""
    parts = ({**pool, "product_no": product[pool["item"]]} for pool in pools)
    create_table_from_parts(con, "pool", parts)
    con.execute(CANDIDATES)


def rules_of(policy: Policy, as_of: int) -> Rules:
    """Return the policy's numbers as the kernels use them."""
    weights = np.array([list(weights_of(policy, s).values()) for s in Scenario])
    turns = [turn_numbers(policy.quotas.get(s, {}), policy.top_n) for s in CUSTOMER_STATES]
    return Rules(
        today=as_of,
        weights=weights / weights.sum(axis=1, keepdims=True),
        turns=np.stack(turns),
        top_n=policy.top_n,
        pool_size=max(policy.pool_size, 2 * policy.top_n),  # a list, and as much to repair it from
        min_items=min(policy.min_items, policy.top_n),
        family_cap=max(1, int(policy.max_family_share * policy.top_n)),
        price_reach=round(BASIS_POINTS * policy.price_reach),
        least_step=round(BASIS_POINTS * policy.upsell_min_step),
        greatest_step=round(BASIS_POINTS * policy.upsell_max_step),
        sweetness_share=round(BASIS_POINTS * policy.audit.sugar_min_share),
        least_season=round(MICRO * policy.min_season_fit),
    )


def rank_customers(
    footing: Footing,
    rules: Rules,
    *,
    rows_per_slice: int = ROWS_PER_SLICE,
    slices: Sequence[Slice] | None = None,
    threads: int | None = None,
) -> Iterator[Columns]:
    """Yield the pools of all customers, or of `slices`, in the order of their numbers.

    Columns are those of `POOL`, and the components by name; they and the score in millionths.
    """
    history, known = footing.history, footing.known

    def work(low: int, high: int) -> Columns:
        *found, components = _rank_slice(
            low, high, history.offsets, history.item, history.basket, history.day,
            history.volume, history.amount, history.items,
            known, footing.people, footing.shelf, rules, footing.weights, known.place,
        )  # fmt: skip
        by_name = zip(COMPONENTS, components.T, strict=True)
        return {**dict(zip(POOL, found, strict=True)), **dict(by_name)}

    yield from run_slices(work, slices or slices_of(history.offsets, rows_per_slice), threads)


@njit(cache=True, nogil=True)
def _rank_slice(  # type: ignore[no-untyped-def]
    low, high, offsets, item, basket, day, volume, amount, items,
    known, people, shelf, rules, weights, place,
):  # fmt: skip
    """Return the pools of the customers `low` to `high - 1`, one array per column."""
    most = (high - low) * rules.pool_size
    customer_no, position = np.empty(most, np.int32), np.empty(most, np.int32)
    name, score = np.empty(most, np.int32), np.empty(most, np.int32)
    scenario, ground = np.empty(most, np.int8), np.empty(most, np.int8)
    evidence, components = np.empty(most, np.int32), np.empty((most, 7), np.int32)
    scratch = make_scratch(items, items + NEAR + POPULAR)
    proposals = make_proposals(items, shelf.families, shelf.sweetnesses)
    is_taken, in_family = np.zeros(items, np.bool_), np.zeros(shelf.families, np.int64)
    chosen = np.empty(rules.pool_size, np.int64)
    rows = 0
    for customer in range(low, high):
        first, last = offsets[customer], offsets[customer + 1]
        bought = number = 0
        group = people.population[customer]
        if first < last:
            bought, number, _ = describe(
                first, last, rules.today, group, item, basket, day, volume, known, scratch
            )
            weigh(number, weights, scratch)
        n = propose(
            customer, first, last, bought, number, item, day, amount,
            known, people, shelf, rules, scratch, proposals,
        )  # fmt: skip
        taken = fill_pool(
            n, proposals.item, proposals.scenario, proposals.score, shelf.wine, shelf.family,
            place[group],
            rules.turns[people.state[customer]], rules.top_n, rules.pool_size, rules.family_cap,
            is_taken, in_family, chosen,
        )  # fmt: skip
        for at in range(taken):
            one = chosen[at]
            customer_no[rows], position[rows] = customer, at + 1
            name[rows], scenario[rows] = proposals.item[one], proposals.scenario[one]
            ground[rows], evidence[rows] = proposals.ground[one], proposals.evidence[one]
            score[rows] = proposals.score[one]
            for component in range(7):
                components[rows, component] = proposals.components[one, component]
            rows += 1
    return (
        customer_no[:rows].copy(), position[:rows].copy(), name[:rows].copy(),
        scenario[:rows].copy(), ground[:rows].copy(), evidence[:rows].copy(),
        score[:rows].copy(), components[:rows].copy(),
    )  # fmt: skip
