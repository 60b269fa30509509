"""Numbers for customers, products and vintage chains, so that millions of lines are compared as
whole numbers; names come back when a list is written.

Numbers follow the bytewise order of the names: ordering by number is ordering by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.reco.tables import create_table, create_table_from_rows

CUSTOMER_NUMBERS = """
SELECT customer, (row_number() OVER (ORDER BY customer) - 1)::INTEGER AS customer_no
FROM customers
ORDER BY customer
"""

# What was sold or sent and is not in the catalogue is a chain of its own.
KNOWN_KEYS = """
SELECT product_key FROM products
UNION
SELECT product_key FROM sale_lines ANTI JOIN products USING (product_key)
UNION
SELECT product_key FROM sent_items
"""

CHAIN_NUMBERS = """
SELECT chain, (row_number() OVER (ORDER BY chain) - 1)::INTEGER AS chain_no
FROM (
    SELECT DISTINCT coalesce(chain, product_key) AS chain
    FROM known_keys
    LEFT JOIN product_chains USING (product_key)
)
ORDER BY chain
"""

PRODUCT_NUMBERS = """
SELECT
    product_key,
    (row_number() OVER (ORDER BY product_key) - 1)::INTEGER AS product_no,
    chain_no
FROM known_keys
LEFT JOIN product_chains USING (product_key)
JOIN chain_numbers ON chain_numbers.chain = coalesce(product_chains.chain, product_key)
ORDER BY product_key
"""


@dataclass(frozen=True, kw_only=True)
class ChainPlace:
    """Where a product stands in its vintage chain: `depth` 0 is the oldest, the `root`."""

    root: str
    depth: int


def build_numbers(con: DuckDBPyConnection) -> None:
    """Create `customer_numbers`, `product_chains`, `chain_numbers` and `product_numbers`."""
    create_table(con, "customer_numbers", CUSTOMER_NUMBERS)
    _build_product_chains(con)
    create_table(con, "known_keys", KNOWN_KEYS)
    create_table(con, "chain_numbers", CHAIN_NUMBERS)
    create_table(con, "product_numbers", PRODUCT_NUMBERS)
    con.execute("DROP TABLE known_keys")


def compute_chains(replaces: Mapping[str, str | None]) -> dict[str, ChainPlace]:
    """Place every product in its vintage chain; `replaces` maps each to the earlier vintage.

    A cycle is broken at its bytewise smallest key, which becomes the root. A predecessor that
    is not in the catalogue still names the chain, so that its successors stay together.

    >>> compute_chains({"R22": "R21", "R21": None})["R22"]
    ChainPlace(root='R21', depth=1)
    """
    earlier = _cut_cycles(replaces)
    places: dict[str, ChainPlace] = {}
    for start in replaces:
        path = []
        key: str | None = start
        while key is not None and key not in places:
            path.append(key)
            key = earlier.get(key)
        for step in reversed(path):
            parent = places.get(earlier.get(step) or "")
            places[step] = (
                ChainPlace(root=parent.root, depth=parent.depth + 1)
                if parent
                else ChainPlace(root=step, depth=0)
            )
    return places


def _cut_cycles(replaces: Mapping[str, str | None]) -> dict[str, str | None]:
    earlier = {key: parent or None for key, parent in replaces.items()}
    settled: set[str] = set()
    for start in replaces:
        path: dict[str, int] = {}
        key: str | None = start
        while key is not None and key not in settled and key not in path:
            path[key] = len(path)
            key = earlier.get(key)
        if key is not None and key in path:
            earlier[min(list(path)[path[key] :])] = None
        settled.update(path)
    return earlier


def _build_product_chains(con: DuckDBPyConnection) -> None:
    replaces = dict(con.execute("SELECT product_key, replaces FROM products").fetchall())
    places = compute_chains(replaces)
    rows = [(key, places[key].root, places[key].depth) for key in replaces]
    schema = pa.schema({"product_key": pa.string(), "chain": pa.string(), "depth": pa.int64()})
    create_table_from_rows(con, "product_chains", schema, rows)
