"""Many rows into SQLite in steps, so that no other writer waits for long.

SQLite has one writer at a time, and who waits only looks again every tenth of a second. So a step
holds the lock for a moment, and then leaves it alone for longer than that: meanwhile the next
rows are made ready and the log of what was written is emptied, which needs no lock. SQLite itself
would empty it within each commit.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Engine, event

from core.store.engine import make_engine
from core.store.tenant import TenantStore
from core.store.transaction import Transaction, open_transaction

Rows = list[tuple[Any, ...]]

_STEP_SECONDS = 0.4
_PAUSE_SECONDS = 0.12
_FIRST_CHUNKS = 5


def insert_in_steps(
    store: TenantStore, chunks: Iterator[Rows], insert: Callable[[Transaction, Sequence[Any]], None]
) -> None:
    """Call `insert` with as many chunks at once as it takes a moment for, each time committed."""
    rows = _joined(chunks, _FIRST_CHUNKS)
    began = monotonic()
    if rows:
        with store.begin() as tx:
            insert(tx, rows)
    many = _next(_FIRST_CHUNKS, monotonic() - began)
    if rows := _joined(chunks, many):
        with _own_connection(store) as engine:
            _insert_rest(store, engine, rows, chunks, many, insert)


def _insert_rest(
    store: TenantStore,
    engine: Engine,
    rows: Rows,
    chunks: Iterator[Rows],
    many: int,
    insert: Callable[[Transaction, Sequence[Any]], None],
) -> None:
    ended = monotonic()
    while rows:
        sleep(max(0.0, ended + _PAUSE_SECONDS - monotonic()))
        began = monotonic()
        with open_transaction(engine, store.tenant_id, write=True) as tx:
            insert(tx, rows)
        ended = monotonic()
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        many = _next(many, ended - began)
        rows = _joined(chunks, many)


def _joined(chunks: Iterator[Rows], many: int) -> Rows:
    return list(chain.from_iterable(islice(chunks, many)))


def _next(many: int, seconds: float) -> int:
    """Return how many chunks the next step takes, after `many` took so long."""
    return max(1, min(2 * many, int(many * _STEP_SECONDS / max(seconds, 0.001))))


@contextmanager
def _own_connection(store: TenantStore) -> Iterator[Engine]:
    """Open connections that do not empty the log when they commit."""
    engine = make_engine(store.store.data_engine.url)
    event.listen(engine, "connect", _leave_the_log)
    try:
        yield engine
    finally:
        engine.dispose()


def _leave_the_log(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
