"""Small datasets for the recommender: rows as mappings, missing columns blank."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from core.contracts import DATASET_TABLES
from core.policy import Policy
from core.reco.features import build_facts
from core.reco.ranking import explain_ranked, rank_candidates

AS_OF = date(2025, 6, 30)

Row = Mapping[str, Any]


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def sale(
    customer: str | None,
    product_key: str,
    ago: int,
    *,
    quantity: int = 1,
    price: int = 1000,
    document: str | None = None,
    **more: Any,
) -> Row:
    """A line of `quantity` units at `price` cents, sold `ago` days before AS_OF."""
    document = document or f"{customer}-{ago}"
    return {
        "document_id": document,
        "line_key": f"{document}\x1f{product_key}\x1f{quantity}",
        "product_key": product_key,
        "customer": customer,
        "quantity_milli": quantity * 1000,
        "amount_cents": quantity * price,
        "sale_date": days_ago(ago),
        **more,
    }


def load_dataset(
    *,
    customers: Iterable[Row] = (),
    products: Iterable[Row] = (),
    sales: Iterable[Row] = (),
    sent_items: Iterable[Row] = (),
    threads: int = 2,
) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": threads})
    for table, columns in DATASET_TABLES.items():
        con.execute(f"CREATE TABLE {table} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
    tables = {
        "customers": customers,
        "products": products,
        "sale_lines": sales,
        "sent_items": sent_items,
    }
    for table, rows in tables.items():
        listed = list(rows)
        filled = pa.table({c: [row.get(c) for row in listed] for c in DATASET_TABLES[table]})
        con.register("filled", filled)
        con.execute(f"INSERT INTO {table} SELECT * FROM filled")
        con.unregister("filled")
    return con


def people(*codes: str) -> list[Row]:
    return [{"customer": code} for code in codes]


def goods(*keys: str, **more: Any) -> list[Row]:
    return [{"product_key": key, "name": f"Wine {key}", **more} for key in keys]


def facts_of(policy: Policy | None = None, **tables: Any) -> duckdb.DuckDBPyConnection:
    con = load_dataset(**tables)
    build_facts(con, AS_OF, policy or Policy())
    return con


def ranked(
    policy: Policy | None = None, language: str = "en", threads: int = 2, **tables: Any
) -> duckdb.DuckDBPyConnection:
    """Return the facts with `pooled`: every candidate with its names, sentence and reasons."""
    con = load_dataset(threads=threads, **tables)
    rank_pools(con, policy or Policy(), language, threads)
    return con


def rank_pools(
    con: duckdb.DuckDBPyConnection, policy: Policy, language: str = "en", threads: int = 2
) -> None:
    facts = build_facts(con, AS_OF, policy)
    done = rank_candidates(con, facts, AS_OF, policy, threads)
    con.execute("CREATE TABLE pool_list AS SELECT * RENAME (position AS rank) FROM candidates")
    explain_ranked(con, done, "pool_list", AS_OF, policy, language)
    con.execute("CREATE TABLE pooled AS SELECT * RENAME (rank AS position) FROM final_list")


def fetch(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()
