"""Every customer code and address that a tenant's tables know, in parts."""

from collections.abc import Iterator

from core.store.models import data_metadata
from core.store.subjects import CUSTOMER, EMAIL
from core.store.tenant import TenantStore, Transaction

_AT_ONCE = 20_000
_COLUMNS = {"customer": CUSTOMER, "email_norm": EMAIL}
# Of millions of rows, and each of their customers has a verdict, which is looked at.
_TOLD_BY_VERDICTS = ("reco_output", "audit_output", "run_reserve", "product_due")


def stream_known(store: TenantStore) -> Iterator[tuple[str, list[str]]]:
    """Yield kind and values, each value once per table."""
    with store.read() as tx:
        for kind, table, column in (*_named(), *_held(tx)):
            sql = f"""
            SELECT DISTINCT {column} FROM {table}
            WHERE tenant_id = :tenant AND {column} IS NOT NULL
            """
            for rows in tx.stream(sql, _AT_ONCE):
                yield kind, [row[0] for row in rows]


def _named() -> Iterator[tuple[str, str, str]]:
    """Yield kind, table and column of whatever names a person by a column of its own."""
    for name, table in data_metadata.tables.items():
        for column in sorted(_COLUMNS.keys() & table.columns.keys()):
            if name not in _TOLD_BY_VERDICTS:
                yield _COLUMNS[column], name, column


def _held(tx: Transaction) -> Iterator[tuple[str, str, str]]:
    """Yield the same of rows that wait: they are kept as JSON."""
    row = "row_json" if tx.is_sqlite else "CAST(row_json AS JSON)"
    yield CUSTOMER, "held_row", f"({row} ->> 'customer')"
    yield EMAIL, "held_row", f"lower({row} ->> 'email')"
