"""Slices of customers, and the same bytes whatever their size and the number of threads."""

import threading
from itertools import pairwise

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contracts import Scenario
from core.policy import Policy
from core.reco import aggregates, blend, evidence, neighbours, ranking, texts
from core.reco.ranking import explain_ranked
from core.reco.shards import joined, run_slices, slices_of
from core.reco.tables import create_table_from_parts
from tests.unit.reco.dataset import AS_OF, fetch, load_dataset, random_world, rank_pools


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 50))
def test_slices_hold_every_customer_once_and_about_the_rows_asked_for(counts, rows):
    offsets = np.concatenate(([0], np.cumsum(np.array(counts, np.int64))))
    slices = slices_of(offsets, rows)
    assert [customer for low, high in slices for customer in range(low, high)] == (
        list(range(len(counts)))
    )
    held = [offsets[high] - offsets[low] for low, high in slices]
    assert all(n <= rows * 3 // 2 + max(counts, default=0) for n in held)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_come_in_the_order_of_slices_and_do_not_pile_up(threads):
    gate, begun = threading.Event(), []

    def work(low, high):
        begun.append(low)
        if low == 0:
            gate.wait(10)
        return low, high

    slices = [(n, n + 1) for n in range(20)]
    results = run_slices(work, slices, threads)
    timer = threading.Timer(0.05, gate.set)
    timer.start()
    assert next(results) == (0, 1)
    assert len(begun) <= 2 * threads + 1  # before the next is asked for, no more are begun
    assert [(0, 1), *results] == slices


def test_the_error_of_a_slice_is_raised():
    def work(low, high):
        if low == 3:
            raise ValueError("slice 3")
        return low

    with pytest.raises(ValueError, match="slice 3"):
        list(run_slices(work, [(n, n + 1) for n in range(9)], 2))


def test_columns_are_joined_part_after_part():
    parts = [[np.array([n]), np.array([10 * n, 10 * n])] for n in range(3)]
    assert [column.tolist() for column in joined(parts)] == [[0, 1, 2], [0, 0, 10, 10, 20, 20]]


def test_a_part_stands_in_the_table_before_the_next_one_is_made():
    con, stood = duckdb.connect(), []

    def parts():
        for n in range(3):
            stood.append(fetch(con, "SELECT x FROM t") if n else [])
            yield {"x": np.array([n, 10 * n])}

    create_table_from_parts(con, "t", parts())
    assert stood == [[], [(0,), (0,)], [(0,), (0,), (1,), (10,)]]
    assert fetch(con, "SELECT x FROM t")[4:] == [(2,), (20,)]


TABLES = (
    "pooled", "customer_facts", "customer_totals", "customer_products", "customer_families",
    "customer_sweetness", "undone_lines", "product_facts",
)  # fmt: skip
POLICY = Policy(pool_size=12)


def tables_of(world, threads):
    con = load_dataset(**world, threads=threads)
    rank_pools(con, POLICY, "fr", threads)
    return {table: fetch(con, f"FROM {table}") for table in TABLES}


@pytest.fixture(scope="module")
def world():
    return random_world(11)


@pytest.fixture(scope="module")
def expected(world):
    """All tables by one thread in slices as large as they come."""
    return tables_of(world, threads=1)


def test_the_world_has_all_scenarios_and_a_fitted_blend(expected, world, monkeypatch):
    assert {row[5] for row in expected["pooled"]} == set(Scenario)
    monkeypatch.setattr(blend, "LEAST_OCCASIONS", 10**9)
    assert tables_of(world, threads=1)["pooled"] != expected["pooled"]


SIZES = [(2, 1_000_000), (3, 1_000_000), (1, 1), (2, 37), (3, 200)]


@pytest.mark.parametrize(("threads", "rows"), SIZES)
def test_slices_and_threads_change_no_byte(world, expected, threads, rows, monkeypatch):
    numbers = []

    def sliced(offsets, _):
        slices = slices_of(offsets, rows)
        numbers.append(len(slices))
        return slices

    for module in (aggregates, neighbours, ranking):
        monkeypatch.setattr(module, "slices_of", sliced)
    for module in (evidence, texts):
        monkeypatch.setattr(module, "ROWS_PER_SLICE", rows)
    monkeypatch.setattr(blend, "OCCASIONS_PER_SLICE", rows)
    monkeypatch.setattr("os.cpu_count", lambda: threads)
    found = tables_of(world, threads)
    for table in TABLES:
        assert found[table] == expected[table], table
    assert len(numbers) >= len({aggregates, neighbours, ranking})
    assert (max(numbers) > 1) == (rows < 1000)


LISTED = """
CREATE TABLE listed AS
SELECT customer_no, 100 - position AS rank, product_no, pool_position
FROM candidates
WHERE position % 2 = 1
"""


def test_a_row_ranked_anew_keeps_its_reasons_in_whatever_parts_lists_are_explained(world, expected):
    con = load_dataset(**world)
    ranked = rank_pools(con, POLICY, "fr")
    con.execute(LISTED)
    found = []
    for part in pairwise((0, 1, 60, 61, 150, 220)):
        explain_ranked(con, ranked, "listed", AS_OF, POLICY, "fr", part)
        found += fetch(con, "FROM final_list")
    anew = [(*row[:2], 100 - row[2], *row[3:]) for row in expected["pooled"] if row[2] % 2]
    assert found == sorted(anew, key=lambda row: (row[0], row[2]))
