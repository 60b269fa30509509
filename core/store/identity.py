"""Rows that are read before a tenant is known: tenants, users with their roles, workers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.store.tenant import Store, Tenant, Transaction, as_date

WORKER_SILENT_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class UserRow:
    """A user as stored."""

    user_id: str
    username: str
    password_hash: str
    language: str | None
    is_demo: bool
    must_change: bool = False


def new_id() -> str:
    """Return a fresh opaque id."""
    return str(uuid.uuid4())


def is_id(text: str) -> bool:
    """Tell whether `text` is an id as `new_id` spells them."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


TENANT_COLUMNS = """
    tenant.tenant_id, tenant.key, tenant.name, tenant.language,
    tenant.currency, tenant.time_zone, tenant.demo_as_of
"""


def as_tenant(row: dict[str, object]) -> Tenant:
    """Return the tenant of a row that carries `TENANT_COLUMNS`."""
    return Tenant(
        tenant_id=str(row["tenant_id"]),
        key=str(row["key"]),
        name=str(row["name"]),
        language=str(row["language"]),
        currency=str(row["currency"]),
        time_zone=str(row["time_zone"]),
        demo_as_of=as_date(row["demo_as_of"]),
    )


def store_tenant(tx: Transaction, tenant: Tenant, created_at: datetime) -> bool:
    """Insert `tenant`; return False when its key is taken."""
    return bool(
        tx.execute(
            """
            INSERT INTO identity.tenant (
                tenant_id, key, name, language, currency, time_zone, demo_as_of, created_at
            )
            VALUES (
                :tenant_id, :key, :name, :language, :currency, :time_zone, :demo_as_of, :created_at
            )
            ON CONFLICT (key) DO NOTHING
            """,
            **vars(tenant),
            created_at=created_at,
        )
    )


def find_tenant(tx: Transaction, key: str) -> Tenant | None:
    """Return the tenant of `key`, or None."""
    row = tx.row(
        f"SELECT {TENANT_COLUMNS} FROM identity.tenant AS tenant WHERE key = :key", key=key
    )
    return as_tenant(row) if row else None


def load_tenants(tx: Transaction) -> list[Tenant]:
    """Return every tenant, ordered bytewise by key."""
    rows = tx.rows(f"SELECT {TENANT_COLUMNS} FROM identity.tenant AS tenant")
    return sorted((as_tenant(row) for row in rows), key=lambda tenant: tenant.key)


def store_user(tx: Transaction, user: UserRow, created_at: datetime) -> bool:
    """Insert `user`; return False when the name is taken."""
    return bool(
        tx.execute(
            """
            INSERT INTO identity.app_user (
                user_id, username, password_hash, language, is_demo, must_change, created_at
            )
            VALUES (
                :user_id, :username, :password_hash, :language, :is_demo, :must_change, :created_at
            )
            ON CONFLICT (username) DO NOTHING
            """,
            **vars(user),
            created_at=created_at,
        )
    )


_FIND_USER = """
    SELECT user_id, username, password_hash, language, is_demo, must_change
    FROM identity.app_user
"""

_FIND_EVENLY = """
    SELECT user_id, username, password_hash, language, is_demo, must_change
    FROM (
        SELECT * FROM identity.app_user WHERE username = :username
        UNION ALL
        SELECT * FROM (SELECT * FROM identity.app_user LIMIT 1) AS anybody
    ) AS found
    LIMIT 1
"""


def find_user(tx: Transaction, username: str) -> UserRow | None:
    """Return the user of the folded name `username`, or None."""
    row = tx.row(f"{_FIND_USER} WHERE username = :username", username=username)
    return _as_user(row) if row else None


def find_user_evenly(tx: Transaction, username: str) -> UserRow | None:
    """Return what `find_user` does; for a name that nobody has somebody's row is read, too.

    Else the time that reading takes would tell who has an account.
    """
    row = tx.row(_FIND_EVENLY, username=username)
    user = _as_user(row) if row else None
    return user if user and user.username == username else None


def find_user_by_id(tx: Transaction, user_id: str) -> UserRow | None:
    """Return the user of this id, or None."""
    row = tx.row(f"{_FIND_USER} WHERE user_id = :user_id", user_id=user_id)
    return _as_user(row) if row else None


def _as_user(row: dict[str, object]) -> UserRow:
    return UserRow(
        user_id=str(row["user_id"]),
        username=str(row["username"]),
        password_hash=str(row["password_hash"]),
        language=None if row["language"] is None else str(row["language"]),
        is_demo=bool(row["is_demo"]),
        must_change=bool(row["must_change"]),
    )


def store_password(tx: Transaction, user_id: str, password_hash: str, *, must_change: bool) -> None:
    """Put another password in place; `must_change`: it opens only its own change."""
    tx.execute(
        """
        UPDATE identity.app_user
        SET password_hash = :password_hash, must_change = :must_change
        WHERE user_id = :user_id
        """,
        user_id=user_id,
        password_hash=password_hash,
        must_change=must_change,
    )


def load_usernames(tx: Transaction, user_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of these users by their id; who is not there any more has none."""
    rows = tx.rows(
        f"""
        SELECT user_id, username FROM identity.app_user
        WHERE CAST(user_id AS TEXT) {tx.among("ids")}
        """,
        ids=tx.list_of(list(user_ids)),
    )
    return {str(row["user_id"]): str(row["username"]) for row in rows}


def load_user_ids(tx: Transaction) -> dict[str, str]:
    """Return the id of every user by her name."""
    rows = tx.rows("SELECT user_id, username FROM identity.app_user")
    return {str(row["username"]): str(row["user_id"]) for row in rows}


def store_language(tx: Transaction, user_id: str, language: str) -> None:
    """Keep the language a user chose."""
    tx.execute(
        "UPDATE identity.app_user SET language = :language WHERE user_id = :user_id",
        user_id=user_id,
        language=language,
    )


def beat(store: Store, worker_id: str) -> None:
    """Note that a worker is alive."""
    with store.identity(write=True) as tx:
        tx.execute(
            """
            INSERT INTO identity.worker_heartbeat (worker_id, started_at, seen_at)
            VALUES (:worker_id, :now, :now)
            ON CONFLICT (worker_id) DO UPDATE SET seen_at = excluded.seen_at
            """,
            worker_id=worker_id,
            now=store.now(),
        )


def worker_alive(store: Store) -> bool:
    """Tell whether any worker was seen in the last 15 seconds."""
    with store.identity() as tx:
        found = tx.scalar(
            "SELECT count(*) FROM identity.worker_heartbeat WHERE seen_at > :since",
            since=store.now() - WORKER_SILENT_AFTER,
        )
    return bool(found)


def find_tenant_by_id(tx: Transaction, tenant_id: str) -> Tenant | None:
    """Return the tenant of this id, or None."""
    row = tx.row("SELECT * FROM identity.tenant WHERE tenant_id = :id", id=tenant_id)
    return as_tenant(row) if row else None
