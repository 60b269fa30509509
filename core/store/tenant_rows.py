"""Every row of a company, counted or deleted, with the people who belong to no other.

The owner of the tables deletes: the app role may not touch the audit trail, and SQLite's triggers
keep everybody from it but who takes them away within the same transaction.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from core.errors import Refused
from core.i18n import N_
from core.store.engine import WRITE, is_sqlite, make_engine, normalise_url
from core.store.models import data_metadata
from core.store.tenant import Store, TenantStore, Transaction

_AT_ONCE = 10_000
_IN_FLIGHT = """
SELECT count(*) FROM campaign
WHERE tenant_id = :tenant AND mode = 'live' AND (
    state = 'SENDING' OR campaign_id IN (
        SELECT campaign_id FROM delivery WHERE tenant_id = :tenant AND state = 'CLAIMED'
    )
)
"""
_ONLY_HERE = """
SELECT CAST(user_id AS TEXT) AS user_id, username FROM identity.app_user AS u
WHERE EXISTS (
    SELECT 1 FROM identity.membership AS m WHERE m.user_id = u.user_id AND m.tenant_id = :id
) AND NOT EXISTS (
    SELECT 1 FROM identity.membership AS m WHERE m.user_id = u.user_id AND m.tenant_id <> :id
)
ORDER BY username
"""
_BY_USER = ("recovery_code", "second_factor", "session", "login_ticket", "membership", "app_user")
_BY_NAME = ("known_client", "sign_in_attempt", "sign_in_failure")
_BY_TENANT = ("api_token", "invitation", "login_ticket", "session", "webhook_secret", "membership")
_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
_SET_TENANT = text("SELECT set_config('app.tenant', :tenant, true)")
_NO_OWNER = N_(
    "The role of DATABASE_URL may not delete the audit trail. Set DATABASE_OWNER_URL for this"
    " command, as for `init`."
)


def count_tenant_rows(store: TenantStore) -> dict[str, int]:
    """Return how many rows each table has of the tenant, of those that have any."""
    with store.read() as tx:
        found = {
            table.name: int(
                tx.scalar(f"SELECT count(*) FROM {table.name} WHERE tenant_id = :tenant")
            )
            for table in data_metadata.sorted_tables
        }
    return {name: rows for name, rows in found.items() if rows}


def campaigns_in_flight(store: TenantStore) -> int:
    """Return how many live campaigns are being sent, or wait for what a message became."""
    with store.read() as tx:
        return int(tx.scalar(_IN_FLIGHT))


def load_unfinished(tx: Transaction) -> list[str]:
    """Return the ids of live campaigns that are neither sent nor cancelled."""
    sql = """
    SELECT CAST(campaign_id AS TEXT) AS id FROM campaign
    WHERE tenant_id = :tenant AND mode = 'live' AND state NOT IN ('SENT', 'CANCELLED')
    ORDER BY campaign_id
    """
    return [row["id"] for row in tx.rows(sql)]


def delete_tenant_rows(store: TenantStore) -> int:
    """Delete every row of the tenant's data, in short transactions on SQLite; return how many."""
    settings = store.store.settings
    url = normalise_url(settings.database_owner_url or settings.database_url)
    engine = make_engine(url, as_app_role=False)
    try:
        tables = [table.name for table in reversed(data_metadata.sorted_tables)]
        return sum(_emptied(engine, table, store.tenant_id) for table in tables)
    except ProgrammingError as error:
        raise Refused(_NO_OWNER) from error
    finally:
        engine.dispose()


def _emptied(engine: Engine, table: str, tenant_id: str) -> int:
    if not is_sqlite(engine.url):
        with engine.begin() as connection:
            connection.execute(_SET_TENANT, {"tenant": tenant_id})
            sql = f"DELETE FROM public.{table} WHERE tenant_id = CAST(:tenant AS uuid)"
            return int(connection.execute(text(sql), {"tenant": tenant_id}).rowcount)
    sql = f"""
    DELETE FROM {table}
    WHERE rowid IN (SELECT rowid FROM {table} WHERE tenant_id = :tenant LIMIT :many)
    """
    deleted, last = 0, _AT_ONCE
    while last == _AT_ONCE:
        with engine.connect() as plain:
            connection = plain.execution_options(**{WRITE: True})
            with connection.begin(), _without_triggers(connection, table):
                values = {"tenant": tenant_id, "many": _AT_ONCE}
                last = int(connection.execute(text(sql), values).rowcount)
        deleted += last
    return deleted


@contextmanager
def _without_triggers(connection: Connection, table: str) -> Iterator[None]:
    """Take the triggers of a table away for the block; a rollback brings them back too."""
    found = [row for row in connection.execute(_TRIGGERS) if f" ON {table} " in f"{row.sql} "]
    for row in found:
        connection.exec_driver_sql(f"DROP TRIGGER {row.name}")
    yield
    for row in found:
        connection.exec_driver_sql(row.sql)


def shut_tenant_out(store: Store, tenant_id: str) -> int:
    """Delete who may enter the tenant and how, and people of no other; return how many people."""
    with store.identity(write=True) as tx:
        people = tx.rows(_ONLY_HERE, id=tenant_id)
        for table in _BY_TENANT[:-1]:
            tx.execute(f"DELETE FROM identity.{table} WHERE tenant_id = :id", id=tenant_id)
        for person in people:
            for table in _BY_USER:
                sql = f"DELETE FROM identity.{table} WHERE user_id = :id"
                tx.execute(sql, id=person["user_id"])
            digest = hashlib.sha256(str(person["username"]).encode()).hexdigest()
            for table in _BY_NAME:
                sql = f"DELETE FROM identity.{table} WHERE username_sha256 = :digest"
                tx.execute(sql, digest=digest)
        tx.execute("DELETE FROM identity.membership WHERE tenant_id = :id", id=tenant_id)
        return len(people)


def delete_tenant(store: Store, tenant_id: str) -> None:
    """Delete the tenant itself: from then on nobody knows its key."""
    with store.identity(write=True) as tx:
        tx.execute("DELETE FROM identity.tenant WHERE tenant_id = :id", id=tenant_id)
