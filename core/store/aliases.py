"""Decided product labels: which product a label means, or that it is to be ignored.

A decision that releases rows counts while the import that does so is loaded: undoing the import
takes the decision back. A decision without import counts at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.run_outputs import bytewise
from core.store.tenant import Transaction, as_moment

# Of `alias` and `imports`: decisions whose import was neither undone nor given up.
STANDING = """
FROM product_alias AS alias
LEFT JOIN imports
    ON imports.tenant_id = alias.tenant_id AND imports.import_id = alias.import_id
WHERE alias.tenant_id = :tenant
    AND (alias.import_id IS NULL OR imports.status NOT IN ('undone', 'discarded'))
"""
_COUNTING = f"{STANDING} AND (alias.import_id IS NULL OR imports.status = 'loaded')"
_COLUMNS = """
    alias.label_norm, alias.label, alias.product_key, alias.decided_at, alias.decided_by,
    alias.import_id IS NULL OR imports.status = 'loaded' AS is_counting
"""
_STORE = """
INSERT INTO product_alias
    (tenant_id, label_norm, label, product_key, decided_at, decided_by, import_id)
VALUES (:tenant, :label_norm, :label, :product_key, :now, :user, :import_id)
ON CONFLICT (tenant_id, label_norm) DO UPDATE SET
    label = excluded.label, product_key = excluded.product_key,
    decided_at = excluded.decided_at, decided_by = excluded.decided_by,
    import_id = excluded.import_id
"""


@dataclass(frozen=True, kw_only=True)
class LabelDecision:
    """What is decided of one label: its product, or None to ignore it."""

    label_norm: str
    label: str
    product_key: str | None


@dataclass(frozen=True, kw_only=True)
class DecidedLabel(LabelDecision):
    """A decision that stands; it is not counting before its import is loaded."""

    decided_at: datetime
    decided_by: str
    is_counting: bool


def load_aliases(tx: Transaction, *, limit: int, offset: int = 0) -> list[DecidedLabel]:
    """Return the decisions that stand, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} {STANDING}"
        f" ORDER BY alias.decided_at DESC, {bytewise(tx, 'alias.label_norm')}"
        " LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
    )
    return [_decided(row) for row in rows]


def load_aliases_for(
    tx: Transaction, product_key: str, *, limit: int, offset: int = 0
) -> list[DecidedLabel]:
    """Return the decisions that stand for a product, the newest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} {STANDING} AND alias.product_key = :product_key"
        f" ORDER BY alias.decided_at DESC, {bytewise(tx, 'alias.label_norm')}"
        " LIMIT :limit OFFSET :offset",
        product_key=product_key,
        limit=limit,
        offset=offset,
    )
    return [_decided(row) for row in rows]


def count_aliases_for(tx: Transaction, product_key: str) -> int:
    """Return how many decisions stand for a product."""
    sql = f"SELECT count(*) {STANDING} AND alias.product_key = :product_key"
    return int(tx.scalar(sql, product_key=product_key) or 0)


def load_aliases_of(tx: Transaction, norms: Sequence[str]) -> list[DecidedLabel]:
    """Return the decisions that stand on these labels."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} {STANDING} AND alias.label_norm {tx.among('norms')}",
        norms=tx.list_of(norms),
    )
    return [_decided(row) for row in rows]


def _decided(row: dict[str, object]) -> DecidedLabel:
    decided_at = as_moment(row["decided_at"])
    assert decided_at is not None
    return DecidedLabel(
        label_norm=str(row["label_norm"]),
        label=str(row["label"]),
        product_key=None if row["product_key"] is None else str(row["product_key"]),
        decided_at=decided_at,
        decided_by=str(row["decided_by"]),
        is_counting=bool(row["is_counting"]),
    )


def count_aliases(tx: Transaction) -> int:
    """Return how many decisions stand."""
    return int(tx.scalar(f"SELECT count(*) {STANDING}"))


def store_aliases(
    tx: Transaction,
    decisions: Sequence[LabelDecision],
    now: datetime,
    user: str,
    *,
    import_id: str | None,
) -> None:
    """Keep decisions, to count once `import_id` is loaded (None: at once)."""
    tx.execute_many(
        _STORE,
        [
            {
                "label_norm": decision.label_norm,
                "label": decision.label,
                "product_key": decision.product_key,
                "now": now,
                "user": user,
                "import_id": import_id,
            }
            for decision in decisions
        ],
    )


def remove_alias(tx: Transaction, label_norm: str) -> bool:
    """Forget the decision on a label; tell whether there was one that counted."""
    removed = tx.execute(
        f"""
        DELETE FROM product_alias WHERE tenant_id = :tenant AND label_norm IN (
            SELECT alias.label_norm {_COUNTING} AND alias.label_norm = :label_norm
        )
        """,
        label_norm=label_norm,
    )
    return removed > 0


def fetch_aliases(
    tx: Transaction, con: DuckDBPyConnection, table: str, *, loading: str | None = None
) -> None:
    """Create DuckDB `table(label_norm, product_key)` of the decisions that count.

    Those of the import `loading` count as well.
    """
    fetch_table(
        tx,
        con,
        table,
        {"label_norm": "VARCHAR", "product_key": "VARCHAR"},
        f"""
        SELECT alias.label_norm, alias.product_key {STANDING}
            AND (
                alias.import_id IS NULL
                OR imports.status = 'loaded'
                OR CAST(alias.import_id AS TEXT) = :loading
            )
        """,
        loading=loading or "",
    )
