"""The labels that mean a product: who decided it and when, and what was taken back since."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.services.accounts import Actor
from core.services.audit_actions import Action
from core.services.audit_trail import record_each, with_names
from core.store import audit_trail
from core.store.aliases import DecidedLabel, count_aliases_for, load_aliases_for
from core.store.tenant import TenantStore, Transaction

_ACTIONS = (Action.LABEL_DECIDED.value, Action.LABEL_TAKEN_BACK.value)


@dataclass(frozen=True, kw_only=True)
class LabelEvent:
    """Labels of a product that somebody decided or took back, as the audit trail keeps it."""

    action: str
    at: datetime
    by: str
    labels: int


@dataclass(frozen=True, kw_only=True)
class ProductLabels:
    """A page of the labels that mean a product, how many there are, and its newest decisions."""

    labels: tuple[DecidedLabel, ...]
    total: int
    events: tuple[LabelEvent, ...]


def labels_of(
    store: TenantStore, product_key: str, *, limit: int = 10, offset: int = 0
) -> ProductLabels:
    """Return the labels of a product, the newest decision first."""
    with store.read() as tx:
        labels = load_aliases_for(tx, product_key, limit=limit, offset=offset)
        total = count_aliases_for(tx, product_key)
        entries = audit_trail.load_about(tx, subject_of(product_key), _ACTIONS, limit=limit)
    events = (
        LabelEvent(
            action=line.entry.action,
            at=line.entry.at,
            by=line.actor,
            labels=int(line.entry.details.get("labels", 0)),
        )
        for line in with_names(store, entries)
    )
    return ProductLabels(labels=tuple(labels), total=total, events=tuple(events))


def record_labels(
    store: TenantStore,
    tx: Transaction,
    who: Actor,
    action: Action,
    product_keys: Sequence[str | None],
) -> None:
    """Tell the trail that labels were decided or taken back: one entry for each product.

    A label is a text of somebody's file and a key may be one: the trail has their number, and the
    key's digest. None stands for labels that are ignored.
    """
    counted = Counter(None if key is None else subject_of(key) for key in product_keys)
    told = sorted(counted.items(), key=lambda one: one[0] or "")
    if told:
        details = [(subject, {"labels": labels}) for subject, labels in told]
        record_each(store, tx, who.user_id, action, details)


def subject_of(product_key: str) -> str:
    """Return what the trail names a product by: a digest, as its key may be a text of a file."""
    return f"product:{hashlib.sha256(product_key.encode()).hexdigest()[:16]}"
