"""Decisions about rows that wait: unknown labels, product keys and customers.

A decision that releases rows is entered as an import without files (`Origin.RELEASE`): it is
loaded and undone like any other, all of it or nothing. Its labels count from the load on.
"""

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.contracts import FileKind
from core.errors import NotFound, Refused
from core.i18n import N_
from core.ingest.alias_suggest import is_article
from core.ingest.labels import normalise_label
from core.services.accounts import Actor, Role, require
from core.services.audit_actions import Action
from core.services.import_decisions import NewProduct, ReleaseOrder
from core.services.import_files import today_of
from core.services.import_report import BUCKETS
from core.services.product_labels import record_labels
from core.services.waiting_rows import CUSTOMERS, PRODUCTS, pending_keys
from core.store.aliases import LabelDecision, load_aliases_of, remove_alias, store_aliases
from core.store.catalogue_reads import load_visible_keys
from core.store.import_states import RECEIVED, store_import_state
from core.store.imports import Origin, store_import
from core.store.tenant import TenantStore, Transaction
from core.store.waiting import load_names_seen, load_waiting, load_waiting_norms

_ALL = 1_000_000
_DECIDED_ALREADY = N_("This label is decided already. Take that decision back first.")
_NO_PRODUCT = N_("There is no product with this key in the catalogue.")


def decide(store: TenantStore, actor: Actor, products: Mapping[str, str]) -> str | None:
    """Say which product each label means; return the release to load, None when no row waits.

    `products` gives the product key by label, in whatever form. A label decided in the same way
    before is left out. Raises `Refused` for one decided otherwise, `NotFound` for an unknown
    product.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        _check_products(tx, sorted(set(products.values())))
        wanted = _undecided(tx, products)
        held = load_waiting_norms(tx, [decision.label_norm for decision in wanted])
        waiting = [decision for decision in wanted if decision.label_norm in held]
        at_once = [decision for decision in wanted if decision.label_norm not in held]
        store_aliases(tx, at_once, store.store.now(), actor.username, import_id=None)
        release = _release(store, tx, actor, ReleaseOrder(labels=len(waiting)), waiting)
        _record_decided(store, tx, actor, wanted)
        return release


def create_for_label(
    store: TenantStore, actor: Actor, label: str, product: NewProduct
) -> str | None:
    """Create a product and say that `label` means it; return the release to load.

    Raises `Refused` when the key is taken or a cell is blank, or the label is decided.
    """
    require(actor, Role.ANALYST)
    product = replace(product, product_key=product.product_key.strip(), name=product.name.strip())
    if not product.product_key or not product.name:
        raise Refused(N_("A product needs a key and a name."))
    with store.begin() as tx:
        known = load_visible_keys(tx, FileKind.PRODUCTS, [product.product_key])
        if product.product_key in (*known, *pending_keys(tx, PRODUCTS)):
            raise Refused(N_("The catalogue has a product with this key. Choose it, or change it."))
        decisions = _undecided(tx, {label: product.product_key})
        order = ReleaseOrder(labels=len(decisions), products=(product,))
        release = _release(store, tx, actor, order, decisions)
        _record_decided(store, tx, actor, decisions)
        return release


def create_products(
    store: TenantStore, actor: Actor, keys: Sequence[str] | None = None
) -> str | None:
    """Create the unknown products that rows wait for (None: all of them); return the release.

    A product is named by the label its rows carry most often, else by its key; it may be
    recommended when it has a name of its own that does not read like carriage or a discount.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        wanted = _wanted(tx, PRODUCTS, keys)
        names = load_names_seen(tx, None)
        times = Counter(names.values())
        products = tuple(
            NewProduct(
                product_key=key,
                name=names.get(key, key),
                is_recommendable=times[names.get(key, "")] == 1 and is_article(names[key]),
            )
            for key in wanted
        )
        return _release(store, tx, actor, ReleaseOrder(products=products), [])


def create_customers(
    store: TenantStore, actor: Actor, keys: Sequence[str] | None = None
) -> str | None:
    """Create the unknown customers that rows wait for (None: all of them); return the release.

    A customer created so has no address and is written to by nobody.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        wanted = tuple(_wanted(tx, CUSTOMERS, keys))
        return _release(store, tx, actor, ReleaseOrder(customers=wanted), [])


def ignore(store: TenantStore, actor: Actor, labels: Sequence[str]) -> None:
    """Take labels off the desk: their rows wait on, and so do those of later files."""
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        decisions = _undecided(tx, dict.fromkeys(labels))
        store_aliases(tx, decisions, store.store.now(), actor.username, import_id=None)
        _record_decided(store, tx, actor, decisions)


def take_back(store: TenantStore, actor: Actor, label: str) -> None:
    """Forget the decision on a label: it counts for no later file.

    What was loaded by it stays; undoing its release makes those rows wait again.
    """
    require(actor, Role.ANALYST)
    with store.begin() as tx:
        norm = normalise_label(label)
        meant = [standing.product_key for standing in load_aliases_of(tx, [norm])]
        if not remove_alias(tx, norm):
            raise NotFound(N_("Nothing is decided about this label, or it is being applied."))
        record_labels(store, tx, actor, Action.LABEL_TAKEN_BACK, meant)


def _record_decided(
    store: TenantStore, tx: Transaction, actor: Actor, decisions: Sequence[LabelDecision]
) -> None:
    keys = [decision.product_key for decision in decisions]
    record_labels(store, tx, actor, Action.LABEL_DECIDED, keys)


def _check_products(tx: Transaction, keys: Sequence[str]) -> None:
    if set(keys) - load_visible_keys(tx, FileKind.PRODUCTS, keys):
        raise NotFound(_NO_PRODUCT)


def _undecided(tx: Transaction, products: Mapping[str, str | None]) -> list[LabelDecision]:
    """Return the decisions that are new; raise `Refused` for a label decided otherwise."""
    wanted = {
        normalise_label(label): LabelDecision(
            label_norm=normalise_label(label), label=label, product_key=key
        )
        for label, key in products.items()
    }
    for standing in load_aliases_of(tx, list(wanted)):
        if wanted.pop(standing.label_norm).product_key != standing.product_key:
            raise Refused(_DECIDED_ALREADY)
    return list(wanted.values())


def _release(
    store: TenantStore,
    tx: Transaction,
    actor: Actor,
    order: ReleaseOrder,
    decisions: Sequence[LabelDecision],
) -> str | None:
    """Enter the import that loads what need not wait any longer; None when nothing is decided."""
    if not any(order.counts().values()):
        return None
    import_id, now = str(uuid.uuid4()), store.store.now()
    store_import(tx, import_id, today_of(store), now, actor.username, [], origin=Origin.RELEASE)
    store_aliases(tx, decisions, now, actor.username, import_id=import_id)
    report = {
        "status": RECEIVED,
        "files": [],
        "totals": dict.fromkeys(("rows_in", *BUCKETS), 0),
        "released": 0,
        "release": order.counts(),
        "order": order.to_json(),
    }
    kept = json.dumps(report, sort_keys=True)
    store_import_state(tx, import_id, RECEIVED, among=(RECEIVED,), report_json=kept)
    return import_id


def _wanted(tx: Transaction, what: str, keys: Sequence[str] | None) -> list[str]:
    """Return which of `keys` rows wait for and nobody is creating yet (None: all), bytewise."""
    found = load_waiting(tx, what, limit=_ALL, pending=pending_keys(tx, what))
    waiting = {subject.subject for subject in found}
    return sorted(waiting if keys is None else waiting & set(keys))
