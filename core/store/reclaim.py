"""What deleted rows leave behind in the database's files, and how it goes."""

import time

from sqlalchemy import Engine, text
from sqlalchemy.engine import URL

from core.store.engine import is_sqlite, make_engine, normalise_url, sibling_file
from core.store.tenant import Store

_TRIES = 20
_WAIT_SECONDS = 0.25


def empty_log(store: Store) -> bool:
    """Empty SQLite's write-ahead logs into their files; tell whether no reader kept one.

    Deleted rows are overwritten in the database itself (`secure_delete`), but the log still has
    the pages as they were. On Postgres there is nothing of the kind that SQL could reach.
    """
    if store.data_engine.dialect.name != "sqlite":
        return True
    emptied = [_is_emptied(engine) for engine in (store.data_engine, store.identity_engine)]
    return all(emptied)  # each is tried, whatever became of the other


def _is_emptied(engine: Engine) -> bool:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_WAIT_SECONDS)
        with engine.connect() as connection:
            # Outside a transaction: within one SQLite refuses.
            driver = connection.connection.driver_connection
            assert driver is not None
            busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return True
    return False


def rewrite_file(url: str) -> None:
    """Write a SQLite file anew, without what its deleted rows left; nothing elsewhere."""
    parsed = normalise_url(url)
    if is_sqlite(parsed):
        _vacuum(parsed, "VACUUM")


def compact(store: Store, *, full: bool = False) -> None:
    """Rewrite what deleted rows left: once after an upgrade, and on Postgres after erasures.

    SQLite's files are written anew (`VACUUM`), which takes as long as copying them and lets
    nobody else write. On Postgres dead rows are removed and the statistics, which hold samples of
    values, made anew; with `full` every table is written anew, under a lock. It takes the owner.
    """
    url = normalise_url(store.settings.database_owner_url or store.settings.database_url)
    urls = [url, sibling_file(url, "control")] if is_sqlite(url) else [url]
    statement = "VACUUM" if is_sqlite(url) else f"VACUUM ({'FULL, ' if full else ''}ANALYZE)"
    for one in urls:
        _vacuum(one, statement)
    empty_log(store)


def _vacuum(url: URL, statement: str) -> None:
    engine = make_engine(url, as_app_role=False)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not is_sqlite(url):
                connection.execute(text(statement))
                return
            # Straight to the driver: a statement of SQLAlchemy's would begin a transaction.
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(statement)
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        engine.dispose()
