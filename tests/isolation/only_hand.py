"""What only one function takes that has to do with changes by hand, or with labels.

A change says of its row which import wrote it: with another one it would be refused at once.
"""

from collections.abc import Mapping
from typing import Any

from core.contracts import FileKind
from core.services.audit_actions import Action
from core.services.hand_rows import RowChange
from core.services.product_labels import subject_of
from tests.isolation.given import NEW
from tests.isolation.only_people import Given

_PRODUCT = {"kind": FileKind.PRODUCTS}


def _of_product(values: Mapping[str, Any]) -> RowChange:
    cells = {"stock_quantity": 7, "replaces": "P2"}
    return RowChange(key="P1", cells=cells, seen=str(values["product_writer"]))


def _of_customer(values: Mapping[str, Any]) -> RowChange:
    cells = {"customer_type": "trade"}
    return RowChange(key="C1", cells=cells, seen=str(values["customer_writer"]))


OF_CHANGES: Mapping[str, Given] = {
    "services.hand_changes.as_seen": {**_PRODUCT, "keys": ["P1", "P2"]},
    "services.hand_changes.change_customer": lambda v: {
        "change": _of_customer(v),
        "change_id": NEW,
    },
    "services.hand_changes.change_products": lambda v: {
        "changes": [_of_product(v)],
        "change_id": NEW,
    },
    "services.hand_changes.create_product": {
        "key": "PX",
        "cells": {"name": "New wine", "replaces": "P2"},
        "change_id": NEW,
    },
    "services.hand_check.check_chain": lambda v: {"changes": [_of_product(v)]},
    "services.hand_check.check_seen": lambda v: {**_PRODUCT, "changes": [_of_product(v)]},
    "services.hand_check.refuse_unreadable": {"works": []},
    "services.product_labels.record_labels": lambda v: {
        "who": v["actor"],
        "action": Action.LABEL_DECIDED,
        "product_keys": ["P1", "P1", None],
    },
    "services.row_history.history_of": {**_PRODUCT, "key": "P1"},
    "store.audit_trail.load_about": {  # both companies decided on a label of this product
        "subject": subject_of("P1"),
        "actions": [Action.LABEL_DECIDED.value],
    },
    "store.row_versions.count_versions": {**_PRODUCT, "key": "P1"},
    "store.row_versions.load_seen": _PRODUCT,
    "store.row_versions.load_versions": {**_PRODUCT, "key": "P1"},
}
