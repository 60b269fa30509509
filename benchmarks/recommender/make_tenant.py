"""Write a synthetic tenant as Parquet: sale lines, customers, products.

    python -m benchmarks.recommender.make_tenant FOLDER [CUSTOMERS]

Twenty lines per customer over three years and 5,000 products, popularity by Zipf's law, half of
the lines from six favourites of each customer; activity is gamma distributed. Seeded.
"""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from core.contracts import DATASET_TABLES

PRODUCTS = 5_000
LINES_PER_CUSTOMER = 20
DAYS = 1_095
FAVOURITES = 6
SEED = 7

_LINES = """
COPY (
    SELECT
        'D' || document AS document_id,
        'L' || row_number() OVER () AS line_key,
        'P' || lpad(item::VARCHAR, 5, '0') AS product_key,
        'C' || lpad(customer::VARCHAR, 7, '0') AS customer,
        quantity * 1000 AS quantity_milli,
        quantity * price AS amount_cents,
        DATE '2023-03-14' + day AS sale_date,
        'valid' AS document_status,
        document % 40 = 0 AS is_gift
    FROM lines
) TO '{path}'
"""
_CUSTOMERS = """
COPY (
    SELECT
        'C' || lpad(range::VARCHAR, 7, '0') AS customer,
        'c' || range || '@example.org' AS email_norm,
        hash(range) % 20 = 0 AS email_opt_out,
        'fr' AS language,
        CASE WHEN hash(range + 7) % 25 = 0 THEN 'trade' ELSE 'private' END AS customer_type
    FROM range({customers})
) TO '{path}'
"""
_GRAPES = ["Syrah", "Grenache", "Merlot", "Pinot", "Chardonnay", "Sauvignon", "Riesling", "Chenin"]
_PRODUCTS = f"""
COPY (
    SELECT
        'P' || lpad(i::VARCHAR, 5, '0') AS product_key,
        'Cuvée ' || i AS name,
        (['Rouge', 'Rouge', 'Rouge', 'Blanc', 'Blanc', 'Rosé', 'Bulles', 'Spiritueux'])
            [1 + (hash(i) % 8)::INTEGER] AS family,
        ({_GRAPES})[1 + (hash(i + 3) % 8)::INTEGER] AS grape,
        (['sec', 'sec', 'sec', 'demi-sec', 'doux'])[1 + (hash(i + 5) % 5)::INTEGER] AS sweetness,
        (500 + hash(i + 1) % 5500)::BIGINT AS price_cents,
        (hash(i + 2) % 100) / 100.0 AS margin,
        (2015 + hash(i) % 10)::BIGINT AS vintage,
        750::BIGINT AS volume_ml,
        1::BIGINT AS units_per_pack,
        (hash(i + 4) % 50)::BIGINT AS stock_quantity,
        TRUE AS is_active,
        TRUE AS is_recommendable,
        CASE WHEN hash(i + 6) % 10 = 0 THEN 'été' END AS season_tags,
        (hash(i + 8) % 6)::DOUBLE AS aroma_body
    FROM range({PRODUCTS}) AS t(i)
) TO '{{path}}'
"""


def make_tenant(folder: Path, customers: int) -> None:
    """Write `lines.parquet`, `customers.parquet` and `products.parquet` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.register("lines", pa.table(_lines(customers)))
        con.execute(_LINES.format(path=folder / "lines.parquet"))
        con.execute(_CUSTOMERS.format(path=folder / "customers.parquet", customers=customers))
        con.execute(_PRODUCTS.format(path=folder / "products.parquet"))


def open_tenant(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a database whose dataset tables are the files of `folder`, what they lack empty."""
    con = duckdb.connect(config={"threads": 2})
    files = {"sale_lines": "lines", "customers": "customers", "products": "products"}
    for table, columns in DATASET_TABLES.items():
        typed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
        con.execute(f"CREATE TABLE {table} ({typed})")
        if table not in files:
            continue
        source = f"'{folder / files[table]}.parquet'"
        con.execute(f"ALTER TABLE {table} RENAME TO empty_{table}")
        con.execute(f"CREATE VIEW {table} AS FROM {source} UNION ALL BY NAME FROM empty_{table}")
    return con


def _lines(customers: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(SEED)
    popularity = 1 / np.arange(1, PRODUCTS + 1)
    random.shuffle(popularity)
    cumulated = np.cumsum(popularity / popularity.sum())
    activity = random.gamma(1.0, 1.0, customers) + 0.05
    wanted = activity / activity.sum() * customers * LINES_PER_CUSTOMER
    customer = np.repeat(np.arange(customers), np.maximum(1, np.round(wanted)).astype(int))
    rows = len(customer)
    favourites = np.searchsorted(cumulated, random.random((customers, FAVOURITES)))
    item = np.where(
        random.random(rows) < 0.5,
        favourites[customer, random.integers(0, FAVOURITES, rows)],
        np.searchsorted(cumulated, random.random(rows)),
    )
    shuffled = random.permutation(rows)
    customer, item = customer[shuffled], item[shuffled]
    day = np.sort(random.integers(0, DAYS, rows))  # as sold: in the order of time
    return {
        "customer": customer,
        "item": item,
        "day": day.astype(np.int32),
        "document": customer.astype(np.int64) * 2_000 + day,
        "quantity": random.choice([1, 1, 2, 3, 6, 12], rows),
        "price": random.integers(500, 6_000, PRODUCTS)[item],
    }


if __name__ == "__main__":
    make_tenant(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500_000)
