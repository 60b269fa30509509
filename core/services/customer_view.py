"""One customer from all sides: what she bought, at which price, what is due, what was proposed."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import floor
from statistics import median
from typing import Any

from core.contracts import RunVersion
from core.errors import NotFound
from core.i18n import N_, SOURCE_LANGUAGE
from core.reco.profiles import TraitValue
from core.services.as_of import as_of_day
from core.services.customer_parts import contacts_of, items_of, tastes_of
from core.services.customers import last_run
from core.services.run_records import Contact, CustomerDetail, Item, Purchases, RunCard
from core.services.run_reports import card_of, customer_of_run, full_name
from core.store import customer_reads, run_reads
from core.store.person_rows import ConsentVersion, load_consent
from core.store.runs import load_runs
from core.store.subjects import Subject
from core.store.tenant import TenantStore, Transaction, as_date

DAYS_FOR_A_GAP = 3
"""So many days of purchase of a product make a usual gap: the median of the days between them."""
_RUNS_BEFORE = 3
_BOTTLE_ML = 750


@dataclass(frozen=True, kw_only=True)
class BoughtProduct:
    """A product she bought: on how many days, how much, at which price, when it is due again.

    `paid75_cents` is the net amount per 75 cl of what she paid for; `gap_days` and `due_on` are
    None below `DAYS_FOR_A_GAP` days.
    """

    product_key: str
    product_name: str
    family: str | None
    days: int
    quantity_milli: int
    paid75_cents: int | None
    last_on: date
    gap_days: int | None
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class EarlierList:
    """What an earlier run proposed to her."""

    run: RunCard
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class CustomerView:
    """Everything that the page shows of one customer, up to `as_of`.

    `run` is the last finished run, and `detail` what it says of her, None where she is not in it.
    """

    customer: str
    name: str
    person: Mapping[str, Any]
    as_of: date
    silence_days: int | None
    run: RunCard | None
    detail: CustomerDetail | None
    purchases: tuple[Purchases, ...]
    contacts: tuple[Contact, ...]
    taste: tuple[TraitValue, ...]
    last_sale: date | None
    bought: tuple[BoughtProduct, ...]
    earlier: tuple[EarlierList, ...]
    consent: tuple[ConsentVersion, ...]


def customer_view(
    store: TenantStore, customer: str, *, language: str = SOURCE_LANGUAGE
) -> CustomerView:
    """Return one customer as of the last run, else of today; raise `NotFound`."""
    with store.read() as tx:
        person = customer_reads.load_people(tx, [customer]).get(customer)
        if person is None:
            raise NotFound(N_("There is no customer of this code."))
        run = last_run(tx)
        as_of = as_of_day(store, None) if run is None else run.as_of
        in_run = run is not None and run_reads.find_verdict(
            tx, run.at(RunVersion.REVIEWED), customer
        )
        email = person["email_norm"]
        purchases = run_reads.load_purchases(tx, customer, as_of)
        contacts = contacts_of(tx, customer, email, as_of)
        taste = tastes_of(tx, customer, as_of)
        last_sale = customer_reads.load_last_sales(tx, [customer], as_of).get(customer)
        bought = bought_products(customer_reads.load_bought_days(tx, customer, as_of))
        earlier = _earlier(tx, customer)
        consent = tuple(load_consent(tx, Subject(frozenset({customer}), frozenset())))
    return CustomerView(
        customer=customer,
        name=full_name(person),
        person=person,
        as_of=as_of,
        silence_days=None
        if run is None
        else json.loads(run.policy_json)["audit"]["silence_window_days"],
        run=None if run is None else card_of(run),
        detail=customer_of_run(store, run.run_id, customer, language=language)
        if run is not None and in_run
        else None,
        purchases=tuple(Purchases(**row) for row in purchases),
        contacts=contacts,
        taste=taste,
        last_sale=as_date(last_sale),
        bought=bought,
        earlier=earlier,
        consent=consent,
    )


def bought_products(rows: Sequence[Mapping[str, Any]]) -> tuple[BoughtProduct, ...]:
    """Return the products of rows by product and day, what is due first, then the last bought."""
    by_product = defaultdict(list)
    for row in rows:
        by_product[row["product_key"]].append(row)
    found = (_bought(of_product) for of_product in by_product.values())
    kept = [product for product in found if product is not None]
    return tuple(sorted(kept, key=_due_first))


def _due_first(product: BoughtProduct) -> tuple[date, int, str]:
    return product.due_on or date.max, -product.last_on.toordinal(), product.product_key


def _bought(rows: Sequence[Mapping[str, Any]]) -> BoughtProduct | None:
    dated = (as_date(row["sale_date"]) for row in rows if row["quantity_milli"] > 0)
    days = sorted(day for day in dated if day is not None)
    quantity = sum(row["quantity_milli"] for row in rows)
    if not days or quantity <= 0:
        return None
    gaps = [(later - day).days for day, later in pairwise(days)]
    gap = floor(median(gaps) + 0.5) if len(days) >= DAYS_FOR_A_GAP else None
    first = rows[0]
    return BoughtProduct(
        product_key=first["product_key"],
        product_name=first["product_name"] or first["product_key"],
        family=first["family"],
        days=len(days),
        quantity_milli=quantity,
        paid75_cents=_paid75(rows),
        last_on=days[-1],
        gap_days=gap,
        due_on=None if gap is None else days[-1] + timedelta(days=gap),
    )


def _paid75(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Return what was paid per 75 cl; a blank volume is 75 cl, a blank pack one unit."""
    paid = [row for row in rows if row["amount_cents"]]
    cents = sum(row["amount_cents"] for row in paid)
    volume = sum(
        row["quantity_milli"] * (row["volume_ml"] or _BOTTLE_ML) * (row["units_per_pack"] or 1)
        for row in paid
    )
    return round(1000 * _BOTTLE_ML * cents / volume) if volume > 0 and cents > 0 else None


def _earlier(tx: Transaction, customer: str) -> tuple[EarlierList, ...]:
    """Return her lists in the runs before the last one, the newest first, empty ones left out."""
    runs = load_runs(tx, limit=_RUNS_BEFORE, offset=1, done_only=True)
    lists = ((run, items_of(tx, run.at(RunVersion.REVIEWED), customer)) for run in runs)
    return tuple(EarlierList(run=card_of(run), items=items) for run, items in lists if items)
