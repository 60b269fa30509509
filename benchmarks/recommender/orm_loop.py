"""The recommender against a plain loop: one customer after another over rows of an ORM.

    python -m benchmarks.recommender.orm_loop FOLDER [CUSTOMERS]

`FOLDER` is what `make_tenant` wrote. The loop is what one writes first: for each customer fetch
her lines and the catalogue's products through SQLAlchemy's ORM from an indexed SQLite file, count
what she bought and when, score what is due, what goes with it and what is dearer, and write five
items with their reasons. It is measured on a sample of customers and set against ours, per
customer, in one run.
"""

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date
from itertools import combinations
from pathlib import Path

import duckdb
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from benchmarks.recommender.speed import AS_OF, TOP_N, measured, recommend

SAMPLE = 1_000
NEAR = 50


class Base(DeclarativeBase):
    """The tables of the loop."""


class Product(Base):
    """A product of the catalogue."""

    __tablename__ = "product"
    product_key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    family: Mapped[str]
    price_cents: Mapped[int]
    stock_quantity: Mapped[int]


class Line(Base):
    """A sale line."""

    __tablename__ = "line"
    line_key: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str] = mapped_column(index=True)
    product_key: Mapped[str] = mapped_column(ForeignKey("product.product_key"))
    quantity_milli: Mapped[int]
    amount_cents: Mapped[int]
    sale_date: Mapped[date]
    product: Mapped[Product] = relationship()


def fill(session: Session, folder: Path, customers: int) -> list[str]:
    """Store the products and the lines of some customers; return who they are."""
    with duckdb.connect() as con:
        products = con.execute(
            "SELECT product_key, name, family, price_cents, stock_quantity"
            f" FROM '{folder / 'products.parquet'}'"
        ).fetchall()
        lines = con.execute(
            "SELECT line_key, customer, product_key, quantity_milli, amount_cents, sale_date"
            f" FROM '{folder / 'lines.parquet'}' SEMI JOIN (SELECT customer FROM"
            f" '{folder / 'customers.parquet'}' ORDER BY hash(customer) LIMIT {customers})"
            " USING (customer)"
        ).fetchall()
    columns = ("product_key", "name", "family", "price_cents", "stock_quantity")
    session.add_all(Product(**dict(zip(columns, row, strict=True))) for row in products)
    columns = (
        "line_key", "customer", "product_key", "quantity_milli", "amount_cents", "sale_date",
    )  # fmt: skip
    session.add_all(Line(**dict(zip(columns, row, strict=True))) for row in lines)
    session.commit()
    return sorted({row[1] for row in lines})


def neighbours_of(session: Session) -> dict[str, Counter[str]]:
    """Return how many customers bought both of two products."""
    baskets = defaultdict(set)
    for customer, key in session.execute(select(Line.customer, Line.product_key)):
        baskets[customer].add(key)
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for keys in baskets.values():
        for one, other in combinations(sorted(keys), 2):
            together[one][other] += 1
            together[other][one] += 1
    return together


def propose(session: Session, customer: str, together: dict[str, Counter[str]]) -> list[str]:
    """Return the reasons of the five items proposed to one customer."""
    lines = session.scalars(
        select(Line).where(Line.customer == customer).order_by(Line.sale_date)
    ).all()
    days, paid = defaultdict(list), defaultdict(list)
    for line in lines:
        days[line.product].append(line.sale_date)
        paid[line.product.family].append(1000 * line.amount_cents / line.quantity_milli)
    scored = []
    for product, when in days.items():
        gap = (when[-1] - when[0]).days / max(len(when) - 1, 1) or 180
        waited = (AS_OF - when[-1]).days
        if product.stock_quantity and gap / 2 <= waited <= 3 * gap:
            scored.append((len(when) / (1 + abs(waited / gap - 1)), "rebuy", product))
    near: Counter[str] = Counter()
    for product, when in days.items():
        for key, count in together[product.product_key].most_common(NEAR):
            near[key] += count * len(when)
    known = {product.product_key for product in days}
    for key, count in near.most_common(NEAR):
        product = session.get(Product, key)
        if product is None or key in known or not product.stock_quantity:
            continue
        usual = paid.get(product.family)
        dearer = usual and 1.1 <= product.price_cents / (sum(usual) / len(usual)) <= 1.6
        scored.append((count / 10, "upsell" if dearer else "cross_sell", product))
    scored.sort(key=lambda row: (-row[0], row[2].product_key))
    return [
        json.dumps({"product": product.product_key, "scenario": scenario, "score": score})
        for score, scenario, product in scored[:TOP_N]
    ]


def main(folder: Path, customers: int) -> None:
    """Print customers per second of the loop and of ours, and their ratio."""
    with tempfile.TemporaryDirectory() as place:
        engine = create_engine(f"sqlite:///{place}/loop.db")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            sample = fill(session, folder, customers)
            together = neighbours_of(session)
        start = time.perf_counter()
        for customer in sample:
            with Session(engine) as session:
                propose(session, customer, together)
        loop = len(sample) / (time.perf_counter() - start)
    seconds, _ = measured(recommend, folder)
    with duckdb.connect() as con:
        [(number,)] = con.execute(
            f"SELECT count(*) FROM '{folder / 'customers.parquet'}'"
        ).fetchall()
    ours = number / sum(seconds.values())
    print(
        f"loop: {loop:.0f} customers per second; ours: {ours:.0f}; ours / loop = {ours / loop:.0f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SAMPLE)
