"""What a load has staged and not published: announced before the first row, removed afterwards.

Whatever a killed or undone load left carries a sequence number above the head: nobody sees it,
and the next load must not take it for its own.
"""

import time
from collections.abc import Iterator

from core.store.dataset import head_of
from core.store.held import clear_unreleased
from core.store.month_totals import clear_month_totals
from core.store.tenant import TenantStore, Transaction
from core.store.versions import STORED

_ROWS_AT_ONCE = 10_000
_PAUSE_SECONDS = 0.12  # a writer that waits looks again every tenth of a second at the latest
_ANNOUNCE = """
INSERT INTO tenant_head (tenant_id, seq, staged_seq) VALUES (:tenant, 0, :seq)
ON CONFLICT (tenant_id) DO UPDATE SET staged_seq = excluded.staged_seq
"""
_DELETE = "DELETE FROM {table} WHERE tenant_id = :tenant AND {which}"
_REVIVE = "UPDATE {table} SET to_seq = NULL WHERE tenant_id = :tenant AND {which}"
_OF_NO_IMPORT = """
DELETE FROM {table}
WHERE tenant_id = :tenant AND import_id IS NOT NULL AND import_id NOT IN (
    SELECT import_id FROM imports
    WHERE tenant_id = :tenant AND status IN ('loaded', 'undone')
)
"""


def announce_staging(store: TenantStore, seq: int) -> None:
    """Say that rows under `seq` follow, so that they are found should the load be killed."""
    with store.begin() as tx:
        tx.execute(_ANNOUNCE, seq=seq)


def clear_unpublished(store: TenantStore) -> None:
    """Remove what unfinished loads left: rows above the head, and their marks on older rows."""
    with store.read() as tx:
        if not tx.scalar("SELECT staged_seq FROM tenant_head WHERE tenant_id = :tenant"):
            return
        head = head_of(tx)
    for stored in STORED.values():
        _in_steps(store, stored.table, _DELETE, "from_seq > :head", head)
        _in_steps(store, stored.table, _REVIVE, "to_seq > :head", head)
    with store.begin() as tx:
        clear_unreleased(tx)
        clear_month_totals(tx, head)
        for table in ("suppression", "held_row"):
            tx.execute(_OF_NO_IMPORT.format(table=table))
        tx.execute("UPDATE tenant_head SET staged_seq = NULL WHERE tenant_id = :tenant")


def _in_steps(store: TenantStore, table: str, change: str, which: str, head: int) -> None:
    """Apply `change` to the rows `which`; on SQLite by parts, so that no writer waits for long."""
    if store.store.data_engine.dialect.name == "postgresql":
        with store.begin() as tx:
            tx.execute(change.format(table=table, which=which), head=head)
        return
    with store.read() as reading:
        for places in _places(reading, table, which, head):
            with store.begin() as tx:
                tx.execute(
                    change.format(table=table, which=f"rowid {tx.among('places')}"),
                    places=tx.list_of(places),
                )
            if len(places) == _ROWS_AT_ONCE:
                time.sleep(_PAUSE_SECONDS)


def _places(tx: Transaction, table: str, which: str, head: int) -> Iterator[list[int]]:
    sql = f"SELECT rowid FROM {table} WHERE tenant_id = :tenant AND {which}"
    for rows in tx.stream(sql, _ROWS_AT_ONCE, head=head):
        yield [row[0] for row in rows]
