"""Small datasets for the recommender: rows as mappings, missing columns blank."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from core.contracts import DATASET_TABLES
from core.policy import Policy
from core.reco.features import build_facts
from core.reco.history import BOTTLE, History, Tickets
from core.reco.lines import day_number
from core.reco.ranking import Ranked, explain_ranked, rank_candidates
from core.reco.tables import offsets_of

AS_OF = date(2025, 6, 30)
TODAY = day_number(AS_OF)

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
        if not listed:
            continue
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
) -> Ranked:
    facts = build_facts(con, AS_OF, policy)
    done = rank_candidates(con, facts, AS_OF, policy, threads)
    con.execute("CREATE TABLE pool_list AS SELECT * RENAME (position AS rank) FROM candidates")
    explain_ranked(con, done, "pool_list", AS_OF, policy, language)
    con.execute("CREATE TABLE pooled AS SELECT * RENAME (rank AS position) FROM final_list")
    return done


def fetch(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def random_history(
    seed: int, *, customers: int = 60, items: int = 12, most_baskets: int = 8, span: int = 900
) -> History:
    """Purchases of up to `span` days before AS_OF, popular items first; every 8th buys nothing.

    A customer may have several baskets on one day.
    """
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, items + 1)
    rows = []
    for customer in range(customers):
        day = TODAY - 7
        for basket in range(rng.integers(1, most_baskets + 1) if customer % 8 else 0):
            if rng.random() < 0.8:
                day = TODAY - int(rng.integers(0, span // 7)) * 7
            size = rng.integers(1, min(items, 5))
            for item in rng.choice(items, size, replace=False, p=share / share.sum()):
                bottles = int(rng.choice([1, 1, 2, 3, 6, 12]))
                amount = bottles * int(rng.integers(0, 3000))
                rows.append((customer, day, basket, item, bottles * BOTTLE, amount))
    names = ["customer", "day", "basket", "item", "volume", "amount"]
    frame = pd.DataFrame(rows, columns=names).sort_values(names[:4])
    return History(
        offsets=offsets_of(frame.customer.to_numpy(), customers),
        item=frame.item.to_numpy(np.int32),
        product=frame.item.to_numpy(np.int32),
        basket=frame.groupby(["customer", "day", "basket"]).ngroup().to_numpy(np.int32),
        day=frame.day.to_numpy(np.int32),
        volume=frame.volume.to_numpy(np.int64),
        amount=frame.amount.to_numpy(np.int64),
        items=items,
    )


def random_tickets(seed: int, *, tickets: int = 40, items: int = 12, span: int = 900) -> Tickets:
    rng = np.random.default_rng(seed)
    names = [np.sort(rng.choice(items, rng.integers(1, 4), replace=False)) for _ in range(tickets)]
    ticket = np.repeat(np.arange(tickets), [len(one) for one in names])
    day = TODAY - rng.integers(0, span, tickets)
    return Tickets(
        offsets=offsets_of(ticket, tickets),
        item=np.concatenate(names).astype(np.int32),
        day=day[ticket].astype(np.int32),
    )


def frame_of(history: History) -> pd.DataFrame:
    """Return the rows of `history`, in its order, for plain twins of the kernels."""
    return pd.DataFrame(
        {
            "customer": np.repeat(np.arange(history.customers), np.diff(history.offsets)),
            "item": history.item,
            "basket": history.basket,
            "day": history.day.astype(np.int64),
            "volume": history.volume,
            "amount": history.amount,
        }
    )


def random_world(seed: int) -> dict[str, list[Row]]:
    """Regulars enough to fit a blend, beginners, returns, gifts, trade, vintages, tags, tickets."""
    rng = np.random.default_rng(seed)
    families, kinds = ["Rouge", "Blanc", "Bulles", None], ["sec", "doux", None]
    products = [
        {
            "product_key": f"P{n:02}",
            "name": f"Wine {n}",
            "family": families[n % 4],
            "sweetness": kinds[n % 3],
            "price_cents": 600 + 130 * n,
            "replaces": f"P{n - 10:02}" if n >= 45 else None,
            "stock_quantity": 0 if n % 13 == 5 else None,
            "season_tags": "noël" if n % 9 == 4 else None,
            "margin": 100 + n * 37 % 500,
        }
        for n in range(50)
    ]
    customers = [
        {"customer": f"C{n:03}", "customer_type": "trade" if n % 3 == 1 else "private"}
        for n in range(220)
    ]
    share = 1 / np.arange(1, 51)
    sales = []
    for n in range(2600):
        number = int(rng.integers(0, 120) if n % 12 else rng.integers(120, 200))
        ago = int(rng.integers(0, 30) ** 2)
        sales.append(
            sale(
                f"C{number:03}" if n % 15 else None,
                f"P{rng.choice(50, p=share / share.sum()):02}",
                ago,
                quantity=int(rng.choice([1, 1, 2, 6, 12, -1])),
                price=int(rng.integers(0, 5)) * 450,
                document=f"D{number}-{ago}-{n % 2}",
                is_gift=bool(rng.random() < 0.1),
            )
            | {"line_key": str(n)}
        )
    return {"customers": customers, "products": products, "sales": sales}
