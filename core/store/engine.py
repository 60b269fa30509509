"""Engines for the persistent database: SQLite (two files) or Postgres (two schemas).

On SQLite a transaction that reads and then writes fails at once when another writer came
between, so a writing transaction begins IMMEDIATE. On Postgres every connection works under the
role `iacrm_app`, which row-level security binds, whatever role it signed in with.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from core.store.watchdog import limit_pings

APP_ROLE = "iacrm_app"
WRITE = "iacrm_write"
SYNCHRONOUS = "FULL"  # what was sent is not forgotten when the power goes
_BUSY_TIMEOUT_MS = 15_000
# How long libpq waits: to connect, and for a machine that is gone without a word. An address that
# says otherwise is followed.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# How long the server holds the locks of a machine that is gone without a word: about a minute. It
# ends what it computes for a process that died within seconds; else it would at the next row only.
_SETTLED = f"""
SET ROLE {APP_ROLE}; SET TIME ZONE 'UTC';
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
SET client_connection_check_interval = '5s'
"""
# Each job of a worker that is full, some twenty, holds a connection for its lock and uses another.
_POOLED, _MOST_BESIDE = 5, 40
_CACHE_KB = 64_000  # a load touches pages all over the indexes


def normalise_url(url: str) -> URL:
    """Return `url` with the psycopg2 driver named (SQLAlchemy 2.1 would take psycopg 3)."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg2")
    return parsed


def is_sqlite(url: URL) -> bool:
    """Tell whether `url` names the embedded default."""
    return url.get_backend_name() == "sqlite"


def sibling_file(url: URL, suffix: str) -> URL:
    """Return the URL of the SQLite file beside `url`'s: `demo.db` -> `demo.<suffix>.db`."""
    path = Path(url.database or "")
    return url.set(database=str(path.with_name(f"{path.stem}.{suffix}{path.suffix}")))


def make_engine(url: URL, *, as_app_role: bool = True) -> Engine:
    """Return an engine for `url`; SQLite's folder is made when missing."""
    return _sqlite_engine(url) if is_sqlite(url) else _postgres_engine(url, as_app_role)


def _sqlite_engine(url: URL) -> Engine:
    Path(url.database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url.set(drivername="sqlite"), hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        f"synchronous = {SYNCHRONOUS}",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else REPLACE deletes past the triggers of the audit trail
        "secure_delete = ON",  # deleted rows are overwritten: free pages hold nobody who was erased
        f"cache_size = -{_CACHE_KB}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(url: URL, as_app_role: bool) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=_POOLED,
        max_overflow=_MOST_BESIDE,
        hide_parameters=True,
        connect_args={name: value for name, value in _PATIENCE.items() if name not in url.query},
    )
    limit_pings(engine)
    if as_app_role:
        event.listen(engine, "connect", _settle_session)
    return engine


def _settle_session(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED)
    connection.commit()
