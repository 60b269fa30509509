"""A small world written by hand: dataset rows, and the fact tables the audit reads from them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

import duckdb

from core.contracts import DATASET_TABLES

AS_OF = date(2026, 3, 14)
PRODUCT_FACTS = {
    "product_key": "VARCHAR",
    "chain": "VARCHAR",
    "family": "VARCHAR",
    "sweetness": "VARCHAR",
    "price75_cents": "BIGINT",
    "pack_ml": "BIGINT",
}
NET_LINES = {
    "customer": "VARCHAR",
    "product_key": "VARCHAR",
    "document_id": "VARCHAR",
    "sale_date": "DATE",
    "quantity_milli": "BIGINT",
    "amount_cents": "BIGINT",
    "is_gift": "BOOLEAN",
}
ITEMS = {
    "customer": "VARCHAR",
    "position": "INTEGER",
    "product_key": "VARCHAR",
    "scenario": "VARCHAR",
}

_NUMBERS_SQL = """
CREATE TABLE customer_numbers AS
SELECT customer, (row_number() OVER (ORDER BY customer) - 1)::INTEGER AS customer_no FROM customers;
CREATE TABLE product_numbers AS
WITH keys AS (
    SELECT product_key, chain FROM named_facts
    UNION
    SELECT product_key, product_key
    FROM (SELECT product_key FROM named_candidates UNION SELECT product_key FROM net_lines)
    ANTI JOIN named_facts USING (product_key)
)
SELECT
    product_key,
    (row_number() OVER (ORDER BY product_key) - 1)::INTEGER AS product_no,
    (dense_rank() OVER (ORDER BY chain) - 1)::INTEGER AS chain_no
FROM keys
"""
_NUMBER_OTHERS_SQL = """
INSERT INTO product_numbers
SELECT product_key, 100000 + n, 100000 + n
FROM (
    SELECT product_key, row_number() OVER ()::INTEGER AS n
    FROM (SELECT DISTINCT product_key FROM named_candidates)
    ANTI JOIN product_numbers USING (product_key)
)
"""
_PRODUCT_FACTS_SQL = """
CREATE TABLE product_facts AS
SELECT
    *,
    CASE WHEN family IS NOT NULL
        THEN (dense_rank() OVER (ORDER BY family) - 1)::INTEGER END AS family_no,
    CASE WHEN sweetness IS NOT NULL
        THEN (dense_rank() OVER (ORDER BY sweetness) - 1)::INTEGER END AS sweetness_no
FROM named_facts JOIN product_numbers USING (product_key)
"""
_LINES = """
net_lines JOIN product_facts USING (product_key) JOIN customer_numbers USING (customer)
"""
_CUSTOMER_PRODUCTS_SQL = """
CREATE TABLE customer_products AS
SELECT customer_no, product_no, max(sale_date) AS last_date
FROM net_lines JOIN product_numbers USING (product_key) JOIN customer_numbers USING (customer)
GROUP BY customer_no, product_no
"""
_CUSTOMER_FAMILIES_SQL = f"""
CREATE TABLE customer_families AS
SELECT customer_no, family_no,
    coalesce(
        sum(quantity_milli * pack_ml) FILTER (sweetness IS NOT NULL), 0
    )::BIGINT AS sweet_volume,
    floor(
        sum(amount_cents) FILTER (NOT is_gift AND amount_cents > 0)::HUGEINT * 1500000
        / (sum(quantity_milli * pack_ml) FILTER (NOT is_gift AND amount_cents > 0)::HUGEINT * 2)
        + 0.5
    )::BIGINT AS paid75_cents
FROM {_LINES}
WHERE family IS NOT NULL
GROUP BY customer_no, family_no
"""
_CUSTOMER_SWEETNESS_SQL = f"""
CREATE TABLE customer_sweetness AS
SELECT customer_no, family_no, sweetness_no, sum(quantity_milli * pack_ml)::BIGINT AS volume
FROM {_LINES}
WHERE family IS NOT NULL AND sweetness IS NOT NULL
GROUP BY customer_no, family_no, sweetness_no
"""
_LISTED_SQL = """
CREATE TABLE candidates AS
SELECT customer_no, position, product_no, scenario, position AS pool_position
FROM named_candidates
JOIN customer_numbers USING (customer)
JOIN product_numbers USING (product_key);
CREATE TABLE listed AS SELECT * RENAME (position AS rank) FROM candidates
"""


def days_ago(days: int) -> date:
    """Return the day `days` before the as-of date of the tests; negative days lie after it."""
    return AS_OF - timedelta(days=days)


@dataclass
class World:
    """Rows by table; methods add one row and return the world."""

    customers: list[dict[str, object]] = field(default_factory=list)
    products: list[dict[str, object]] = field(default_factory=list)
    sale_lines: list[dict[str, object]] = field(default_factory=list)
    contacts: list[dict[str, object]] = field(default_factory=list)
    suppressions: list[dict[str, object]] = field(default_factory=list)
    sent_items: list[dict[str, object]] = field(default_factory=list)
    listed: list[dict[str, object]] = field(default_factory=list)
    as_of: date = AS_OF
    lengths: Counter[str] = field(default_factory=Counter)

    def customer(self, code: str, email: str | None = "", **fields: object) -> "World":
        """Add a customer, with an address of its own unless one (or None) is given."""
        address = f"{code.lower()}@exemple.fr" if email == "" else email
        norm = address.strip().lower() if address else None
        self.customers.append(
            {"customer": code, "email": address, "email_norm": norm or None, **fields}
        )
        return self

    def product(self, key: str, **fields: object) -> "World":
        """Add a product with whatever else is known of it."""
        self.products.append({"product_key": key, "name": key, **fields})
        return self

    def bought(
        self,
        customer: str | None,
        product: str,
        days: int,
        *,
        bottles: int = 1,
        cents: int = 1000,
        document: str = "",
        gift: bool = False,
        status: str = "valid",
    ) -> "World":
        """Add a sale line `days` before as-of; negative bottles and cents are a return."""
        self.sale_lines.append(
            {
                "document_id": document or f"D{len(self.sale_lines):05d}",
                "line_key": f"L{len(self.sale_lines):05d}",
                "product_key": product,
                "customer": customer,
                "quantity_milli": bottles * 1000,
                "amount_cents": cents,
                "sale_date": days_ago(days),
                "is_gift": gift,
                "document_status": status,
            }
        )
        return self

    def contact(
        self,
        customer: str | None,
        status: str,
        days: int,
        email: str | None = None,
        **fields: object,
    ) -> "World":
        """Add a contact event `days` before as-of."""
        self.contacts.append(
            {
                "customer": customer,
                "email_norm": email,
                "contact_date": days_ago(days),
                "status": status,
                **fields,
            }
        )
        return self

    def item(self, customer: str, product: str, scenario: str = "rebuy") -> "World":
        """Append an item to the list (or pool) of a customer."""
        self.lengths[customer] += 1
        self.listed.append(
            {
                "customer": customer,
                "position": self.lengths[customer],
                "product_key": product,
                "scenario": scenario,
            }
        )
        return self


def connect_dataset(world: World) -> duckdb.DuckDBPyConnection:
    """Return a database with the dataset of `world`, without facts and lists."""
    con = duckdb.connect(config={"threads": 1})
    for table, columns in DATASET_TABLES.items():
        _create(con, table, columns, getattr(world, table))
    return con


def connect(world: World) -> duckdb.DuckDBPyConnection:
    """Return a database with the dataset, the facts that the audit reads, and the lists."""
    con = connect_dataset(world)
    _create(con, "named_facts", PRODUCT_FACTS, map(_facts(world), world.products))
    _create(con, "net_lines", NET_LINES, net_lines(world))
    _create(con, "named_candidates", ITEMS, world.listed)
    for sql in (
        _NUMBERS_SQL,
        _PRODUCT_FACTS_SQL,
        _CUSTOMER_PRODUCTS_SQL,
        _CUSTOMER_FAMILIES_SQL,
        _CUSTOMER_SWEETNESS_SQL,
        _LISTED_SQL,
    ):
        con.execute(sql)
    return con


def add_lists(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """Create `listed`, the whole of `world.listed` as finished lists, beside facts of one's own."""
    _create(con, "named_candidates", ITEMS, world.listed)
    con.execute(_NUMBER_OTHERS_SQL)
    con.execute(_LISTED_SQL)


def named(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a result with names in the place of numbers, in their order."""
    described = con.execute(f"DESCRIBE {table}").fetchall()
    names = {
        "customer_no": "customer",
        "product_no": "p.product_key",
        "replaced_by": "r.product_key",
    }
    columns = [name for name, *_ in described if name != "pool_position"]
    product = "t.product_no" if "product_no" in columns else "NULL"
    replaced = "t.replaced_by" if "replaced_by" in columns else "NULL"
    return con.execute(
        f"""
        SELECT {", ".join(names.get(name, f"t.{name}") for name in columns)}
        FROM (SELECT *, row_number() OVER () AS n FROM {table}) t
        JOIN customer_numbers USING (customer_no)
        LEFT JOIN product_numbers p ON p.product_no = {product}
        LEFT JOIN product_numbers r ON r.product_no = {replaced}
        ORDER BY n
        """
    ).fetchall()


def net_lines(world: World) -> list[dict[str, object]]:
    """Return the known customers' valid lines up to as-of with returns undone.

    A return undoes its own document first, then the newest sale before it; what is left of a line
    keeps its price per unit, in whole cents.
    """
    pairs: dict[tuple[object, object], list[dict[str, object]]] = defaultdict(list)
    for line in sorted(world.sale_lines, key=lambda row: (row["sale_date"], row["document_id"])):
        is_valid = line["sale_date"] <= world.as_of and line["document_status"] != "cancelled"
        if is_valid and line["customer"] is not None:
            stands = max(0, line["quantity_milli"])
            owed = max(0, -line["quantity_milli"])
            pairs[line["customer"], line["product_key"]].append(
                {**line, "stands": stands, "owed": owed}
            )
    return [_what_stands(line) for lines in pairs.values() for line in _netted(lines)]


def _netted(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    for is_own_document in (True, False):
        for back in (line for line in lines if line["owed"]):
            for sale in reversed(lines):
                is_same = sale["document_id"] == back["document_id"]
                if is_same if is_own_document else sale["sale_date"] <= back["sale_date"]:
                    undone = min(sale["stands"], back["owed"])
                    sale["stands"] -= undone
                    back["owed"] -= undone
    return [line for line in lines if line["stands"]]


def _what_stands(line: dict[str, object]) -> dict[str, object]:
    amount = Fraction(line["amount_cents"] * line["stands"], line["quantity_milli"])
    cents = floor(amount + Fraction(1, 2))
    return {**line, "quantity_milli": line["stands"], "amount_cents": cents}


def _facts(world: World):
    replaced = {row["product_key"]: row.get("replaces") for row in world.products}

    def facts(row: Mapping[str, object]) -> dict[str, object]:
        chain = row["product_key"]
        while replaced.get(chain):
            chain = replaced[chain]
        pack_ml = (row.get("volume_ml") or 750) * (row.get("units_per_pack") or 1)
        price = row.get("price_cents")
        price75 = None if price is None else (price * 1500 + pack_ml) // (2 * pack_ml)
        return {**row, "chain": chain, "pack_ml": pack_ml, "price75_cents": price75}

    return facts


def _create(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Mapping[str, object]],
) -> None:
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    con.execute(f"CREATE TABLE {table} ({listed})")
    values = [[row.get(name) for name in columns] for row in rows]
    if not values:
        return
    arrays = ", ".join(f"unnest(${i + 1}::{kind}[])" for i, kind in enumerate(columns.values()))
    con.execute(
        f"INSERT INTO {table} SELECT {arrays}",
        [[row[i] for row in values] for i in range(len(columns))],
    )
