"""The page Products: the catalogue with sales, buyers and who is due, as the last run counted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import NotFound
from core.i18n import N_
from core.reco.product_figures import DUE_LISTED, GAP_BOUNDS, HORIZONS
from core.services.customers import last_run
from core.services.run_records import RunCard
from core.services.run_reports import card_of, full_name
from core.store import product_reads
from core.store.product_reads import ProductFilter
from core.store.run_reads import load_product_names
from core.store.tenant import TenantStore, Transaction, as_date

__all__ = [
    "DUE_LISTED",
    "GAP_BOUNDS",
    "HORIZONS",
    "ProductFilter",
    "ProductPage",
    "ProductRow",
    "ProductView",
    "list_products",
    "product_view",
]


@dataclass(frozen=True, kw_only=True)
class ProductRow:
    """A product in the list; the figures are None where the last run has none of it.

    Units and revenue are those of the 12 months before the run.
    """

    product_key: str
    name: str
    family: str | None
    vintage: int | None
    price_cents: int | None
    stock: int | None
    is_offered: bool
    units_milli: int | None
    revenue_cents: int | None
    buyers: int | None
    repeat_buyers: int | None
    last_sale: date | None
    due_customers: int | None

    @property
    def repeat_rate(self) -> float | None:
        """The share of the buyers who bought it on two days or more."""
        return None if not self.buyers else (self.repeat_buyers or 0) / self.buyers


@dataclass(frozen=True, kw_only=True)
class ProductPage:
    """A page of products, how many there are in all, and the run the figures are of.

    `families` has how many products of the catalogue are of each.
    """

    products: tuple[ProductRow, ...]
    total: int
    families: Mapping[str, int]
    run: RunCard | None


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A product that customers of this one bought too, and how many did."""

    product_key: str
    name: str
    buyers: int


@dataclass(frozen=True, kw_only=True)
class DueCustomer:
    """A customer who is due for the product."""

    customer: str
    name: str
    last_on: date
    due_on: date


@dataclass(frozen=True, kw_only=True)
class ProductView:
    """One product: `months` of two years with their units, `gaps` counted by `GAP_BOUNDS`.

    `demand` has the units expected within so many days, of the same days a year before
    (`is_of_last_year`) or at the pace of the last 90 days; all is empty without figures.
    """

    product: ProductRow
    run: RunCard | None
    gap_days: int | None
    months: Sequence[tuple[str, int]]
    gaps: Sequence[int]
    neighbours: Sequence[Neighbour]
    due: Sequence[DueCustomer]
    demand: Mapping[int, int]
    is_of_last_year: bool


def list_products(
    store: TenantStore, wanted: ProductFilter, *, limit: int = 20, offset: int = 0
) -> ProductPage:
    """Return a page of products in the order that is `wanted`."""
    with store.read() as tx:
        run = last_run(tx)
        run_id = None if run is None else run.run_id
        rows = product_reads.load_products(tx, run_id, wanted, limit=limit, offset=offset)
        return ProductPage(
            products=tuple(_row(row) for row in rows),
            total=product_reads.count_products(tx, run_id, wanted),
            families=product_reads.load_families(tx),
            run=None if run is None else card_of(run),
        )


def product_view(store: TenantStore, product_key: str) -> ProductView:
    """Return one product with what the last run counted of it; raise `NotFound`."""
    with store.read() as tx:
        run = last_run(tx)
        found = product_reads.find_product(tx, None if run is None else run.run_id, product_key)
        if found is None:
            raise NotFound(N_("There is no product of this key."))
        due = [] if run is None else product_reads.load_due(tx, run.run_id, product_key)
        neighbours = _neighbours(tx, json.loads(found["neighbours_json"] or "[]"))
    months = json.loads(found["months_json"] or "[]")
    demand = json.loads(found["demand_json"] or "[]")
    return ProductView(
        product=_row(found),
        run=None if run is None else card_of(run),
        gap_days=found["gap_days"],
        months=[(month["month"], month["units_milli"]) for month in months],
        gaps=json.loads(found["gaps_json"] or "[]"),
        neighbours=neighbours,
        due=[_due(row) for row in due],
        demand=dict(zip(HORIZONS, demand, strict=False)),
        is_of_last_year=bool(found["is_of_last_year"]),
    )


def _row(row: Mapping[str, Any]) -> ProductRow:
    shared = ("product_key", "family", "vintage", "price_cents", "units_milli", "revenue_cents")
    counted = ("buyers", "repeat_buyers", "due_customers")
    return ProductRow(
        **{name: row[name] for name in (*shared, *counted)},
        name=row["name"] or row["product_key"],
        stock=row["stock_quantity"],
        is_offered=row["is_active"] not in (0, False) and row["is_recommendable"] not in (0, False),
        last_sale=as_date(row["last_sale"]),
    )


def _neighbours(tx: Transaction, found: Sequence[Mapping[str, Any]]) -> list[Neighbour]:
    names = load_product_names(tx, [one["product_key"] for one in found])
    return [
        Neighbour(
            product_key=one["product_key"],
            name=names.get(one["product_key"], one["product_key"]),
            buyers=one["buyers"],
        )
        for one in found
    ]


def _due(row: Mapping[str, Any]) -> DueCustomer:
    last_on, due_on = as_date(row["last_on"]), as_date(row["due_on"])
    assert last_on is not None
    assert due_on is not None
    return DueCustomer(
        customer=row["customer"],
        name=full_name(row) or row["customer"],
        last_on=last_on,
        due_on=due_on,
    )
