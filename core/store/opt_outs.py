"""Who does not want to be written to, whatever a file says."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.dataset import IN_FORCE, SOURCES
from core.store.tenant import Transaction

_OPTED_OUT = f"""
SELECT customer, email_norm FROM (SELECT * {SOURCES["suppressions"]}) AS valid
WHERE tenant_id = :tenant AND reason IN ('opt_out', 'unsubscribe', 'complaint')
"""
# Who unsubscribes under an address says so of that address; an opt-out is of the person always.
_WISHES = """
SELECT customer, reason, min(CASE WHEN email_norm IS NULL THEN since END), count(email_norm)
FROM (SELECT * {suppressions}) AS valid
WHERE tenant_id = :tenant AND customer IS NOT NULL
    AND reason IN ('opt_out', 'unsubscribe', 'complaint')
GROUP BY customer, reason
HAVING reason = 'opt_out' OR count(*) > count(email_norm)
"""
_WISH_TYPES = {
    "customer": "VARCHAR",
    "reason": "VARCHAR",
    "since": "DATE",
    "addresses": "BIGINT",
}


def fetch_opted_out(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(customer, email_norm)` of those who opted out, by file or by message.

    Bounces are left out: they speak of an address, not of somebody's wish.
    """
    fetch_table(tx, con, table, {"customer": "VARCHAR", "email_norm": "VARCHAR"}, _OPTED_OUT)


def fetch_wishes(
    tx: Transaction, con: DuckDBPyConnection, table: str, among: Sequence[str] | None = None
) -> None:
    """Create DuckDB `table` of the persons who opted out as such, not under one address alone.

    Columns: `customer, reason, since`, and `addresses`, how many are suppressed with them. Given
    the few customers that matter, only theirs are looked for: of 500,000 it takes ten seconds.
    """
    source, values = SOURCES["suppressions"], {}
    if among is not None:
        source = source.replace(IN_FORCE, f"{IN_FORCE} AND suppression.customer {tx.among('few')}")
        values = {"few": tx.list_of(among)}
    fetch_table(tx, con, table, _WISH_TYPES, _WISHES.format(suppressions=source), **values)
