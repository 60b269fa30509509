"""Rows that wait for a decision: what they wait for, how much stands behind it, what it may be."""

from dataclasses import dataclass, replace

from core.ingest.alias_suggest import (
    Catalogue,
    CatalogueProduct,
    Suggestion,
    find_sure,
    is_article,
    propose_key,
    suggest_products,
)
from core.services.import_decisions import NewProduct, order_of
from core.store.aliases import DecidedLabel, count_aliases, load_aliases
from core.store.catalogue_reads import load_product_names
from core.store.imports import ImportEntry, load_open_releases
from core.store.tenant import TenantStore, Transaction
from core.store.waiting import (
    WaitingSubject,
    WaitingSum,
    count_waiting,
    load_names_seen,
    load_stamp,
    load_waiting,
    sum_waiting,
)

LABELS, IGNORED, RETURNS = "labels", "ignored", "returns"
PRODUCTS, CUSTOMERS = "products", "customers"
_LABELS_WEIGHED = 2_000


@dataclass(frozen=True, kw_only=True)
class WaitingLabel(WaitingSubject):
    """An unknown label with the products it may mean, the likeliest first."""

    suggestions: tuple[Suggestion, ...]


def count_waiting_rows(store: TenantStore) -> int:
    """Return how many rows of loaded imports wait, for whatever reason."""
    with store.read() as tx:
        return count_waiting(tx)


def sum_of(store: TenantStore, what: str) -> WaitingSum:
    """Return how large a list is: `LABELS`, `IGNORED`, `PRODUCTS`, `CUSTOMERS` or `RETURNS`."""
    with store.read() as tx:
        return sum_waiting(tx, what, pending=pending_keys(tx, what))


def list_labels(store: TenantStore, *, limit: int, offset: int = 0) -> list[WaitingLabel]:
    """Return a page of the unknown labels with suggestions, the largest amount first."""
    with store.read() as tx:
        found = load_waiting(tx, LABELS, limit=limit, offset=offset)
        catalogue = _catalogue(tx) if found else Catalogue([])
    suggested = suggest_products([label.name or "" for label in found], catalogue)
    return [
        WaitingLabel(**vars(label), suggestions=suggestions)
        for label, suggestions in zip(found, suggested, strict=True)
    ]


def list_subjects(
    store: TenantStore, what: str, *, limit: int, offset: int = 0
) -> list[WaitingSubject]:
    """Return a page of `IGNORED`, `PRODUCTS`, `CUSTOMERS` or `RETURNS`, the largest amount first.

    A product key is named by the label its rows carry, where they carry one.
    """
    with store.read() as tx:
        pending = pending_keys(tx, what)
        found = load_waiting(tx, what, limit=limit, offset=offset, pending=pending)
        if what != PRODUCTS:
            return found
        names = load_names_seen(tx, [subject.subject for subject in found])
    return [replace(subject, name=names.get(subject.subject)) for subject in found]


def find_sure_labels(store: TenantStore) -> dict[str, Suggestion]:
    """Return by label the suggestions that may be accepted together.

    Looked at are the 2,000 labels with the largest amounts.
    """
    with store.read() as tx:
        found = load_waiting(tx, LABELS, limit=_LABELS_WEIGHED)
        catalogue = _catalogue(tx) if found else Catalogue([])
    sure = find_sure([label.name or "" for label in found], catalogue)
    return {
        label.name or label.subject: suggestion
        for label, suggestion in zip(found, sure, strict=True)
        if suggestion is not None
    }


def list_decided(store: TenantStore, *, limit: int, offset: int = 0) -> list[DecidedLabel]:
    """Return the decisions that stand, the newest first."""
    with store.read() as tx:
        return load_aliases(tx, limit=limit, offset=offset)


def count_decided(store: TenantStore) -> int:
    """Return how many decisions stand."""
    with store.read() as tx:
        return count_aliases(tx)


def stamp_of(store: TenantStore) -> str:
    """Return a text that changes whenever a list of the desk may, to keep its lists under."""
    with store.read() as tx:
        open_ids = [entry.import_id for entry in load_open_releases(tx)]
        return "/".join((load_stamp(tx), *open_ids))


def list_open_releases(store: TenantStore) -> list[ImportEntry]:
    """Return the releases that are entered and not loaded yet, the oldest first."""
    with store.read() as tx:
        return load_open_releases(tx)


def product_choices(store: TenantStore) -> dict[str, str]:
    """Return the name of every product by its key, in the order of the names."""
    with store.read() as tx:
        products = load_product_names(tx)
    return {p.product_key: p.name for p in sorted(products, key=lambda p: (p.name, p.product_key))}


def propose_product(store: TenantStore, label: str) -> NewProduct:
    """Return the product that a label would become: a free key, its name, what it may be."""
    with store.read() as tx:
        known = (product.product_key for product in load_product_names(tx))
        taken = frozenset((*known, *pending_keys(tx, PRODUCTS)))
    return NewProduct(
        product_key=propose_key(label, taken), name=label, is_recommendable=is_article(label)
    )


def pending_keys(tx: Transaction, what: str) -> list[str]:
    """Return the product keys or customers that releases not loaded yet will create."""
    orders = [order_of(entry) for entry in load_open_releases(tx)]
    if what == PRODUCTS:
        return [product.product_key for order in orders for product in order.products]
    return [key for order in orders for key in order.customers] if what == CUSTOMERS else []


def _catalogue(tx: Transaction) -> Catalogue:
    return Catalogue(
        [
            CatalogueProduct(product_key=p.product_key, name=p.name, vintage=p.vintage)
            for p in load_product_names(tx)
        ]
    )
