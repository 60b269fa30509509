"""Who does not want to be written to, whatever a file says."""

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.dataset import SOURCES
from core.store.tenant import Transaction

_OPTED_OUT = f"""
SELECT customer, email_norm FROM (SELECT * {SOURCES["suppressions"]}) AS valid
WHERE tenant_id = :tenant AND reason IN ('opt_out', 'unsubscribe', 'complaint')
"""


def fetch_opted_out(tx: Transaction, con: DuckDBPyConnection, table: str) -> None:
    """Create DuckDB `table(customer, email_norm)` of those who opted out, by file or by message.

    Bounces are left out: they speak of an address, not of somebody's wish.
    """
    fetch_table(tx, con, table, {"customer": "VARCHAR", "email_norm": "VARCHAR"}, _OPTED_OUT)
