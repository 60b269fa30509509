"""The figures of products that a run keeps: sales, buyers, gaps, who is due, expected demand."""

import json
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from duckdb import DuckDBPyConnection

from core.reco.neighbours import NOBODY, Neighbours
from core.reco.product_figures import compute_product_figures

AS_OF = date(2026, 3, 1)


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


# customer, product, days before, units
_LINES = [
    *(("A", "P", days, 2) for days in (100, 60, 25)),  # own gaps 40 and 35: due 13 days from now
    *(("B", "P", days, 1) for days in (400, 390)),  # long gone
    *(("C", "P", days, 1) for days in (70, 40)),  # two days: the product's gap
    ("D", "P", 5, 1),
    (None, "P", 350, 12),  # a ticket of last year's next fortnight
    *(("A", "S", days, 1) for days in (100, 60, 25)),  # shipping is never due
    ("A", "Q", 30, 9),
    ("A", "Q", 29, -9),
]
# The same: bought to be given away.
_GIFTS = [("A", "P", 10, 1), *(("E", "P", days, 1) for days in (90, 60, 30))]


@pytest.fixture
def con() -> DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE sale_lines (customer VARCHAR, product_key VARCHAR, sale_date DATE,"
        " quantity_milli BIGINT, amount_cents BIGINT, document_status VARCHAR, is_gift BOOLEAN)"
    )
    rows = [
        (customer, product, ago(days), 1000 * units, 500 * units, None, is_gift)
        for lines, is_gift in ((_LINES, None), (_GIFTS, True))
        for customer, product, days, units in lines
    ]
    rows.append(("A", "P", ago(1), 5000, 9000, "cancelled", None))
    rows.append(("A", "P", ago(-1), 5000, 9000, None, None))
    con.executemany("INSERT INTO sale_lines VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    con.execute("CREATE TABLE returned_pairs AS SELECT 0 AS customer_no, 1 AS product_no")
    con.execute("CREATE TABLE product_numbers AS SELECT * FROM (VALUES ('P', 0, 0), ('Q', 1, 1),"
                " ('S', 2, 2)) AS t(product_key, product_no, chain_no)")  # fmt: skip
    con.execute("CREATE TABLE customer_numbers AS SELECT * FROM (VALUES ('A', 0), ('B', 1),"
                " ('C', 2), ('D', 3), ('E', 4)) AS t(customer, customer_no)")  # fmt: skip
    con.execute("CREATE TABLE product_facts AS SELECT *, NULL::INTEGER AS vintage,"
                " product_key <> 'S' AS is_article FROM product_numbers")  # fmt: skip
    none = np.array([[1, NOBODY], [0, NOBODY], [NOBODY, NOBODY]], np.int32)
    neighbours = Neighbours(item=none, strength=none.astype(float), together=np.abs(none) + 3)
    compute_product_figures(con, neighbours, AS_OF)
    return con


def figures(con: DuckDBPyConnection, product: str) -> dict[str, Any]:
    rows = con.execute("SELECT * FROM product_figures WHERE product_key = ?", [product])
    names = [column[0] for column in rows.description or ()]
    return dict(zip(names, rows.fetchone() or (), strict=True))


def test_sales_buyers_and_gaps(con: DuckDBPyConnection) -> None:
    found = figures(con, "P")
    assert (found["buyers"], found["repeat_buyers"]) == (5, 4)
    assert (found["units_milli"], found["revenue_cents"]) == (25_000, 12_500)
    assert found["last_sale"] == ago(5)
    assert found["gap_days"] == 30  # of 10, 30, 35, 40
    assert json.loads(found["gaps_json"]) == [2, 2, 0, 0, 0, 0]
    assert sum(m["units_milli"] for m in json.loads(found["months_json"])) == 27_000
    assert json.loads(found["neighbours_json"]) == [{"product_key": "Q", "buyers": 4}]


def test_who_is_due_waits_no_longer_than_two_gaps(con: DuckDBPyConnection) -> None:
    due = con.execute("SELECT customer, last_on, due_on FROM product_due").fetchall()
    assert due == [("C", ago(40), ago(10)), ("A", ago(25), ago(-13))]
    assert figures(con, "P")["due_customers"] == 2


def test_demand_is_that_of_the_year_before_or_of_the_last_quarter(
    con: DuckDBPyConnection,
) -> None:
    found = figures(con, "P")
    assert (found["is_of_last_year"], json.loads(found["demand_json"])[0]) == (True, 12_000)
    returned = figures(con, "Q")
    assert (returned["is_of_last_year"], json.loads(returned["demand_json"])) == (False, [0, 0, 0])
    assert returned["buyers"] == 0  # bought on one day, brought back on another
