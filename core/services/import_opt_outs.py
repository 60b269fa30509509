"""Opt-outs that a clients file contradicts, wherever they were said, and those that files bring."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.opt_outs import name_kept_opt_outs, says_yes
from core.services.import_state import state_table
from core.store.opt_outs import fetch_opted_out
from core.store.tenant import Transaction
from core.store.visible import fetch_addresses

_LEAVING = """
CREATE OR REPLACE TABLE leaving AS
SELECT DISTINCT customer, email_norm FROM {suppressions}
WHERE reason IN ('opt_out', 'unsubscribe', 'complaint')
  AND customer NOT IN (SELECT customer FROM gone WHERE customer IS NOT NULL) IS NOT FALSE
  AND email_norm NOT IN (SELECT email_norm FROM gone WHERE email_norm IS NOT NULL) IS NOT FALSE
"""
_AT_MOST = "SELECT count(DISTINCT coalesce(customer, email_norm)) FROM leaving"
_ADDRESSES = "SELECT DISTINCT email_norm FROM leaving WHERE customer IS NULL"
_EXACTLY = """
SELECT count(DISTINCT customer) FROM (
    SELECT customer FROM leaving WHERE customer IS NOT NULL
    UNION ALL
    SELECT customer FROM addressed WHERE email_norm IN ({addresses})
    UNION ALL
    SELECT customer FROM {clients} WHERE email_norm IN ({addresses})
)
"""


def keep_opt_outs(tx: Transaction, con: DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Put a remark on every row that would write again to somebody who has opted out."""
    if parsed.kind is FileKind.CLIENTS and says_yes(con, parsed.prefix):
        fetch_opted_out(tx, con, "opted_out")
        name_kept_opt_outs(con, parsed.prefix, "opted_out")


def count_leaving(
    tx: Transaction, con: DuckDBPyConnection, suppressions: str, alarm: float
) -> int | None:
    """Return how many customers the suppressions newly opt out; None when no more than `alarm`.

    `suppressions` has `customer`, `email_norm` and `reason`; bounces are nobody's wish.
    """
    fetch_opted_out(tx, con, "gone")
    con.execute(_LEAVING.format(suppressions=suppressions))
    if _count(con, _AT_MOST) <= alarm:
        return None
    fetch_addresses(tx, con, "addressed")
    clients = state_table(FileKind.CLIENTS)
    leaving = _count(con, _EXACTLY.format(addresses=_ADDRESSES, clients=clients))
    return leaving if leaving > alarm else None


def _count(con: DuckDBPyConnection, query: str) -> int:
    found = con.execute(query).fetchone()
    assert found is not None
    return int(found[0])
