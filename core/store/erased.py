"""Who was erased (`erased_identity`): keyed hashes, which outlive the person's data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.tenant import Transaction


@dataclass(frozen=True, kw_only=True)
class Erased:
    """The hash of a customer code or an address, and under which key it was made."""

    kind: str
    digest: str
    key_id: str


def store_erased(tx: Transaction, erased: Sequence[Erased], now: datetime) -> None:
    """Enter hashes; those that are known stay as they are."""
    tx.execute_many(
        """
        INSERT INTO erased_identity (tenant_id, kind, digest, key_id, erased_at)
        VALUES (:tenant, :kind, :digest, :key_id, :now)
        ON CONFLICT DO NOTHING
        """,
        [{**asdict(one), "now": now} for one in erased],
    )


def load_erased(tx: Transaction) -> list[Erased]:
    """Return every hash of the tenant."""
    rows = tx.rows(
        "SELECT kind, digest, key_id FROM erased_identity WHERE tenant_id = :tenant"
        " ORDER BY kind, digest"
    )
    return [Erased(**row) for row in rows]


def has_erased(tx: Transaction) -> bool:
    """Tell whether anybody was ever erased."""
    sql = "SELECT 1 FROM erased_identity WHERE tenant_id = :tenant LIMIT 1"
    return tx.scalar(sql) is not None


def count_foreign(tx: Transaction, key_ids: Sequence[str]) -> int:
    """Return how many hashes another secret made: they recognise nobody any more."""
    sql = f"""
    SELECT count(*) FROM erased_identity
    WHERE tenant_id = :tenant AND NOT (key_id {tx.among("key_ids")})
    """
    return int(tx.scalar(sql, key_ids=tx.list_of(key_ids)))


def is_erased(tx: Transaction, digests: Sequence[str]) -> bool:
    """Tell whether one of these hashes is known."""
    sql = f"""
    SELECT 1 FROM erased_identity WHERE tenant_id = :tenant AND digest {tx.among("digests")} LIMIT 1
    """
    return tx.scalar(sql, digests=tx.list_of(digests)) is not None


def fetch_erased(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(digest)` of the tenant's hashes."""
    sql = "SELECT digest FROM erased_identity WHERE tenant_id = :tenant"
    fetch_table(tx, con, table, {"digest": "VARCHAR"}, sql)
