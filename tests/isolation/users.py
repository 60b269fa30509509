"""The users of `alpha`, one who belongs to `beta` too, and the canaries among all accounts.

The tables of identity hold no tenant's data, and two companies may share an account: what `beta`
knows of it, and its own users, are beside what `alpha` may see.
"""

import uuid
from base64 import b32decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table

from core.services.accounts import SYSTEM, Actor, Role, create_user
from core.services.second_factor import (
    STEP_SECONDS,
    begin_second_factor,
    code_at,
    confirm_second_factor,
)
from core.services.sign_in import SESSION_ID_CHARS
from core.services.tries import sha256_of
from core.services.users import invite
from core.store import identity, sessions, tickets
from core.store.identity_models import identity_metadata
from core.store.tenant import Tenant, TenantStore, Transaction
from tests.isolation.rows import Row
from tests.isolation.twins import MARK, later

PASSWORD = "long enough pass"
OWN, BOSS, SHARED, GUEST = "user-alpha", "boss-alpha", "consultant", "guest"
TOKEN, TICKET, NEW_PASSWORD = "a token", "a ticket", "another long pass"
HERE = "127.0.0.1"
_NAMESPACE = uuid.UUID("bbbbbbbb-0000-4000-8000-0000000000b2")


def add_users(tenant: TenantStore) -> Mapping[str, Any]:
    """Let a company have users, and return what cases are given of them, by its name.

    An analyst of its own, an administrator with a second factor, and one whom `beta` has too;
    sessions and tickets; an account of no company, which is invited.
    """
    store = tenant.store
    own = create_user(store, tenant.tenant, OWN, PASSWORD, Role.ANALYST)
    boss = create_user(store, tenant.tenant, BOSS, PASSWORD, Role.ADMIN)
    shared = create_user(store, tenant.tenant, SHARED, PASSWORD, Role.ADMIN)
    guest = replace(own, user_id=identity.new_id(), username=GUEST)
    row = identity.UserRow(
        user_id=guest.user_id, username=GUEST, password_hash="x", language=None, is_demo=False
    )
    with store.identity(write=True) as tx:
        identity.store_user(tx, row, store.now())
        for user in (own, boss, shared):
            _open(tx, user, tenant.tenant_id, store.now())
    invite(tenant, SYSTEM, GUEST, Role.VIEWER)
    invite(tenant, SYSTEM, "nobody", Role.VIEWER)
    return {
        **_factor(tenant, boss),
        "own_user": own,
        "boss": boss,
        "shared_user": shared,
        "guest": guest,
        "user_id": own.user_id,
        "ticket": f"{TICKET} of {OWN}",
        "boss_ticket": f"{TICKET} of {BOSS}",
        "token_sha256": sha256_of(f"{TOKEN} of {OWN}"),
        "ticket_sha256": sha256_of(f"{TICKET} of {OWN}"),
        "session_token": f"{TOKEN} of {OWN}",
        "shared_token": f"{TOKEN} of {SHARED}",
        "session_id": sha256_of(f"{TOKEN} of {OWN}")[:SESSION_ID_CHARS],
    }


def _open(tx: Transaction, user: Actor, tenant_id: str, now: datetime) -> None:
    sessions.store_session(
        tx,
        token_sha256=sha256_of(f"{TOKEN} of {user.username}"),
        user_id=user.user_id,
        tenant_id=tenant_id,
        began_at=now,
        now=now,
    )
    tickets.store_ticket(
        tx,
        ticket_sha256=sha256_of(f"{TICKET} of {user.username}"),
        user_id=user.user_id,
        tenant_id=tenant_id,
        code_passed=False,
        expires_at=now + timedelta(hours=1),
    )


def _factor(tenant: TenantStore, user: Actor) -> Mapping[str, str]:
    """Set a second factor; return its next code and a recovery code."""
    store = tenant.store
    secret = b32decode(begin_second_factor(store, user, PASSWORD, HERE).secret)
    step = int(store.now().timestamp()) // STEP_SECONDS
    recovery = confirm_second_factor(store, user, code_at(secret, step), HERE)
    return {"code": code_at(secret, step + 1), "recovery_code": recovery[0]}


def user_canaries(table: Table, rows: Sequence[Row], company: Tenant, shared_id: str) -> list[Row]:
    """Return the rows of `company` that are made from the rows of one table of identity.

    Its users have ids, names and hashes of their own; the shared account is its member too, in
    another role and with a later session, and it invites whom `alpha` invites.
    """
    if table.name == "tenant":
        named: Row = {"tenant_id": company.tenant_id, "key": company.key, "name": company.name}
        named |= {"demands_factor": True}
        return [{**row, **named} for row in rows]
    if table.name == "worker_heartbeat":
        return []
    own = [{name: _apart(name, cell, company) for name, cell in row.items()} for row in rows]
    return own + [
        {name: _beside(name, cell, company) for name, cell in row.items()}
        for row in rows
        if "tenant_id" in row and row.get("user_id", shared_id) == shared_id
    ]


def _apart(name: str, cell: Any, company: Tenant) -> Any:
    if cell is None:
        return None
    if name == "tenant_id":
        return company.tenant_id
    if name.endswith("_id"):
        return str(uuid.uuid5(_NAMESPACE, str(cell)))
    is_said = name.endswith("_sha256") or name in ("username", "secret_sealed", "password_hash")
    return f"{cell} {MARK}" if is_said else cell


def _beside(name: str, cell: Any, company: Tenant) -> Any:
    if name == "tenant_id":
        return company.tenant_id
    if name.endswith("_sha256"):
        return f"{cell} {MARK}b"
    if name == "role":
        return Role.ANALYST.value
    return later(cell) if name in ("seen_at", "invited_at") else cell


def account_rows(connection: Connection, tenant_id: str) -> dict[str, list[str]]:
    """Return the rows of identity of a company and of its users, as texts, by table."""
    is_sqlite = connection.dialect.name == "sqlite"
    of_users = "user_id IN (SELECT user_id FROM {0}membership WHERE tenant_id = '{1}')"
    found = {}
    for table in identity_metadata.sorted_tables:
        place = "" if is_sqlite else "identity."
        chosen = f"tenant_id = '{tenant_id}'" if "tenant_id" in table.c else of_users
        if not {"tenant_id", "user_id"} & set(table.c.keys()):
            continue
        rows = connection.exec_driver_sql(
            f"SELECT * FROM {place}{table.name} WHERE {chosen.format(place, tenant_id)}"
        )
        found[f"identity.{table.name}"] = sorted(str(tuple(row)) for row in rows)
    return found
