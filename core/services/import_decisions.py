"""What people decided about waiting rows, put into the state before an import is worked.

A release is an import without files: it carries decided labels (in `product_alias`) and the
products and customers to create (in its report), and loads what need not wait any longer.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.services.import_state import add_layer
from core.store.aliases import fetch_aliases
from core.store.catalogue_reads import load_visible_keys
from core.store.imports import ImportEntry, Origin
from core.store.tenant import Transaction

ALIASES = "product_aliases"

# Without a file of its own a created row is older than any: every file goes before it.
_NO_FILE = FileVersion(exported_at=datetime(1900, 1, 1, tzinfo=UTC), sha256="")
_CREATED = "CREATE OR REPLACE TABLE created_{kind} AS SELECT * FROM created ORDER BY {key}"


@dataclass(frozen=True, kw_only=True)
class NewProduct:
    """A product created for rows that wait: what is known of it."""

    product_key: str
    name: str
    family: str | None = None
    price_cents: int | None = None
    is_active: bool = True
    is_recommendable: bool = True


@dataclass(frozen=True, kw_only=True)
class ReleaseOrder:
    """What a release decides: how many labels, and the products and customers to create."""

    labels: int = 0
    products: tuple[NewProduct, ...] = ()
    customers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the order as it is kept with its import until that is loaded."""
        return asdict(self)

    def counts(self) -> dict[str, int]:
        """Return how many of each are decided."""
        return {
            "labels": self.labels,
            "products": len(self.products),
            "customers": len(self.customers),
        }


def order_of(entry: ImportEntry) -> ReleaseOrder:
    """Return what a release that is not loaded yet decides; nothing for any other import."""
    kept = json.loads(entry.report_json or "{}").get("order")
    if entry.origin != Origin.RELEASE or not kept:
        return ReleaseOrder()
    return ReleaseOrder(
        labels=kept["labels"],
        products=tuple(NewProduct(**product) for product in kept["products"]),
        customers=tuple(kept["customers"]),
    )


def change_of(entry: ImportEntry) -> dict[str, int]:
    """Return how many rows of each kind a change by hand is of, nothing of any other import."""
    return dict(json.loads(entry.report_json or "{}").get("change", {}))


def open_decisions(tx: Transaction, con: DuckDBPyConnection, entry: ImportEntry) -> None:
    """Create the table `ALIASES`, and put what `entry` creates into the state tables."""
    fetch_aliases(tx, con, ALIASES, loading=entry.import_id)
    order = order_of(entry)
    _create(tx, con, FileKind.PRODUCTS, "product_key", [asdict(p) for p in order.products])
    _create(tx, con, FileKind.CLIENTS, "customer", [{"customer": c} for c in order.customers])


def _create(
    tx: Transaction,
    con: DuckDBPyConnection,
    kind: FileKind,
    key: str,
    rows: Sequence[dict[str, Any]],
) -> None:
    there = load_visible_keys(tx, kind, [row[key] for row in rows])
    missing = [row for row in rows if row[key] not in there]
    if not missing:
        return
    con.register("created", pa.Table.from_pylist(missing))
    con.execute(_CREATED.format(kind=kind.value, key=key))
    con.unregister("created")
    add_layer(con, kind, "created", f"created_{kind.value}", _NO_FILE, file_no=0)
