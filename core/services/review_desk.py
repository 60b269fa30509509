"""What the review desk shows of the decisions on a run: the newest first, products by name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.contracts import RunVersion
from core.services.run_reports import finished_run
from core.store import catalogue_reads
from core.store.reviews import (
    Decision,
    count_decisions,
    is_meant,
    load_decisions_near,
    load_newest_decisions,
)
from core.store.run_reads import load_product_names
from core.store.runs import load_qc_json
from core.store.tenant import TenantStore, Transaction


@dataclass(frozen=True, kw_only=True)
class DecisionCard:
    """A decision with the names of its products; one that is gone has its key for a name.

    `filtered_name` is that of the product which the filter of the decision asks for.
    """

    decision: Decision
    product_name: str | None
    replacement_name: str | None
    filtered_name: str | None


@dataclass(frozen=True, kw_only=True)
class DecisionPage:
    """A page of decisions, how many there are in all, and how many of these wait for a review."""

    cards: tuple[DecisionCard, ...]
    total: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class ListedProduct:
    """A product in lists of a run; `customers` is how many have it, None where it is not kept."""

    product_key: str
    name: str
    customers: int | None


def decision_page(store: TenantStore, run_id: str, *, limit: int, offset: int = 0) -> DecisionPage:
    """Return a page of the decisions on a run, the newest first; raise `NotFound`."""
    with store.read() as tx:
        run = finished_run(tx, run_id)
        total, waiting = count_decisions(tx, run.run_id)
        decisions = load_newest_decisions(tx, run.run_id, limit=limit, offset=offset)
        return DecisionPage(cards=_cards(tx, decisions), total=total, waiting=waiting)


def decisions_about(store: TenantStore, run_id: str, customer: str) -> tuple[DecisionCard, ...]:
    """Return the decisions in force that mean one customer, the newest first; raise `NotFound`.

    One that is taken back counts until a review was made without it.
    """
    with store.read() as tx:
        run = finished_run(tx, run_id).at(RunVersion.REVIEWED)
        decisions = load_decisions_near(tx, run.run_id, customer)[::-1]
        meant = [
            decision
            for decision in decisions
            if (decision.withdrawn_at is None or decision.waits)
            and is_meant(tx, run, decision, customer)
        ]
        return _cards(tx, meant)


def product_titles(store: TenantStore) -> dict[str, str]:
    """Return the names of the catalogue's products by key, in the order of the names."""
    with store.read() as tx:
        found = [(product.name, product.product_key) for product in _catalogue(tx)]
    return {key: name for name, key in sorted(found, key=_alphabetically)}


def listed_products(
    store: TenantStore, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> tuple[ListedProduct, ...]:
    """Return the products that stand in lists of a run, in the order of their names.

    Of a run whose figures know no products, those of the catalogue. Raises `NotFound`.
    """
    with store.read() as tx:
        qc = json.loads(load_qc_json(tx, finished_run(tx, run_id).at(version)))
        catalogue = {product.product_key: product.name for product in _catalogue(tx)}
    counts = {row["product_key"]: row["customers"] for row in qc.get("products", ())}
    found = [(catalogue.get(key, key), key) for key in (counts or catalogue)]
    return tuple(
        ListedProduct(product_key=key, name=name, customers=counts.get(key))
        for name, key in sorted(found, key=_alphabetically)
    )


def _catalogue(tx: Transaction) -> Sequence[catalogue_reads.ProductName]:
    return catalogue_reads.load_product_names(tx)


def _alphabetically(named: tuple[str, str]) -> tuple[str, str]:
    name, key = named
    return name.casefold(), key


def _cards(tx: Transaction, decisions: Sequence[Decision]) -> tuple[DecisionCard, ...]:
    keys = {one: _product_keys(one) for one in decisions}
    names = load_product_names(tx, sorted({key for named in keys.values() for key in named if key}))
    return tuple(
        DecisionCard(
            decision=decision,
            product_name=names.get(product or "", product),
            replacement_name=names.get(replacement or "", replacement),
            filtered_name=names.get(filtered or "", filtered),
        )
        for decision, (product, replacement, filtered) in keys.items()
    )


def _product_keys(decision: Decision) -> tuple[str | None, str | None, str | None]:
    return decision.product_key, decision.replacement, decision.customers_like.product
