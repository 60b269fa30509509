"""The visible products and customers, as far as a decision about waiting rows needs them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.contracts import FileKind
from core.store.dataset import VISIBLE, head_of
from core.store.run_outputs import bytewise
from core.store.tenant import Transaction
from core.store.versions import STORED


@dataclass(frozen=True, kw_only=True)
class ProductName:
    """A product as it is named and dated."""

    product_key: str
    name: str
    vintage: int | None


def load_product_names(tx: Transaction) -> list[ProductName]:
    """Return every visible product, in bytewise order of the keys."""
    rows = tx.rows(
        f"SELECT product_key, name, vintage FROM product WHERE {VISIBLE}"
        f" ORDER BY {bytewise(tx, 'product_key')}",
        head=head_of(tx),
    )
    return [
        ProductName(
            product_key=row["product_key"],
            name=row["name"] or row["product_key"],
            vintage=row["vintage"],
        )
        for row in rows
    ]


def load_visible_keys(tx: Transaction, kind: FileKind, keys: Sequence[str]) -> frozenset[str]:
    """Return those of `keys` that a visible row of `kind` has."""
    if not keys:
        return frozenset()
    stored = STORED[kind]
    found = tx.rows(
        f'SELECT "{stored.identity}" AS key FROM {stored.table}'
        f' WHERE {VISIBLE} AND "{stored.identity}" {tx.among("keys")}',
        head=head_of(tx),
        keys=tx.list_of(keys),
    )
    return frozenset(row["key"] for row in found)
