"""The audit trail: what is done is recorded, bound together, read by administrators alone."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.errors import NotAllowed
from core.services.accounts import SYSTEM, Actor, Role, create_user
from core.services.audit_trail import (
    ACTION_TITLES,
    Action,
    number_of_entries,
    record_alone,
    trail_csv,
    trail_of,
    verify_trail,
)
from core.services.policies import save_policy
from core.services.webhook_secrets import create_webhook, revoke_webhooks
from core.store.engine import make_engine, normalise_url
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant

_ONLY_ADDED = r"permission denied|only added to"


def tampered(tenant: TenantStore, sql: str) -> None:
    """Change the table as somebody with the database in her hands can."""
    url = normalise_url(tenant.store.settings.database_url)
    engine = make_engine(url, as_app_role=False)
    with engine.begin() as connection:
        guards = _guards(connection) if engine.dialect.name == "sqlite" else {}
        for name in guards:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(sql), {"tenant": tenant.tenant_id})
        for guard in guards.values():
            connection.execute(text(guard))
    engine.dispose()


def _guards(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {row.name: row.sql for row in rows}


def test_what_a_user_does_is_recorded_with_her_id_and_shown_with_her_name(
    tenant: TenantStore,
) -> None:
    name = f"anne-{tenant.tenant_id[:8]}"
    anne = create_user(tenant.store, tenant.tenant, name, "un long secret", Role.ADMIN)
    save_policy(tenant, anne, {"top_n": 4}, note="Anne Martin asked for it")
    made = create_webhook(tenant, SYSTEM)
    revoke_webhooks(tenant, anne, made.webhook_id)
    lines = trail_of(tenant, anne)
    assert [(line.actor, line.entry.action, line.entry.subject) for line in lines] == [
        (name, "webhook_revoked", made.webhook_id),
        ("system", "webhook_created", made.webhook_id),
        (name, "policy_saved", "1"),
    ]
    assert {line.entry.actor_id for line in lines} == {anne.user_id, SYSTEM.user_id}
    assert "Martin" not in str(lines)
    assert number_of_entries(tenant, anne, Action.POLICY_SAVED) == 1
    assert trail_of(tenant, anne, Action.POLICY_SAVED) == lines[-1:]
    assert trail_of(tenant, anne, limit=1, offset=1) == lines[1:2]


def test_the_whole_trail_comes_as_csv_and_the_download_stands_in_it(tenant: TenantStore) -> None:
    for number in range(3):
        record_alone(tenant, "=2+2", Action.RUN_EXPORTED, number)
    rows = list(csv.DictReader(io.StringIO(b"".join(trail_csv(tenant, SYSTEM)).decode())))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["actor_id"] for row in rows] == ["'=2+2"] * 3 + ["system"]
    assert rows[-1]["action"] == "trail_exported"
    assert rows[-1]["sha256"] == verify_trail(tenant, SYSTEM).sha256


@pytest.mark.parametrize(
    ("sql", "broken_at"),
    [
        ("UPDATE audit_trail SET action = 'x' WHERE tenant_id = :tenant AND number = 2", 2),
        ("UPDATE audit_trail SET actor_id = 'x' WHERE tenant_id = :tenant AND number = 5", 5),
        ("DELETE FROM audit_trail WHERE tenant_id = :tenant AND number = 3", 3),
        ("DELETE FROM audit_trail WHERE tenant_id = :tenant AND number = 5", 5),
        ("DELETE FROM audit_trail WHERE tenant_id = :tenant", 1),
        ("DELETE FROM audit_trail_head WHERE tenant_id = :tenant", 6),
    ],
)
def test_a_changed_or_removed_entry_is_named(tenant: TenantStore, sql: str, broken_at: int) -> None:
    for number in range(5):
        record_alone(tenant, "someone", Action.RUN_EXPORTED, number)
    assert verify_trail(tenant, SYSTEM).broken_at is None
    tampered(tenant, sql)
    assert verify_trail(tenant, SYSTEM).broken_at == broken_at


def test_a_trail_of_another_company_does_not_fit(tenant: TenantStore) -> None:
    other = new_tenant(tenant.store)
    record_alone(tenant, "someone", Action.RUN_EXPORTED)
    for table in ("audit_trail", "audit_trail_head"):
        tampered(other, f"UPDATE {table} SET tenant_id = :tenant"
                 f" WHERE tenant_id = '{tenant.tenant_id}'")  # fmt: skip
    assert verify_trail(other, SYSTEM).broken_at == 1


@pytest.mark.parametrize("verb", ["UPDATE audit_trail SET action = 'x'", "DELETE FROM audit_trail"])
def test_the_app_itself_can_only_add(tenant: TenantStore, verb: str) -> None:
    record_alone(tenant, "someone", Action.RUN_EXPORTED)
    with pytest.raises(DBAPIError, match=_ONLY_ADDED), tenant.begin() as tx:
        tx.execute(f"{verb} WHERE tenant_id = :tenant")


def test_the_app_itself_cannot_write_an_entry_over(tenant: TenantStore) -> None:
    record_alone(tenant, "someone", Action.RUN_EXPORTED)
    verb, over = "INSERT", "ON CONFLICT (tenant_id, number) DO UPDATE SET action = 'x'"
    if tenant.store.settings.database_url.startswith("sqlite"):
        verb, over = "REPLACE", ""
    rows = "INTO audit_trail SELECT * FROM audit_trail WHERE tenant_id = :tenant"
    with pytest.raises(DBAPIError, match=_ONLY_ADDED), tenant.begin() as tx:
        tx.execute(f"{verb} {rows} {over}")


def test_entries_written_at_once_stand_one_after_another(tenant: TenantStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record_alone(tenant, "x", Action.RUN_EXPORTED, n), range(40)))
    found = verify_trail(tenant, SYSTEM)
    assert (found.entries, found.broken_at) == (40, None)
    assert {line.entry.subject for line in trail_of(tenant, SYSTEM)} == {str(n) for n in range(40)}


@pytest.mark.parametrize("typed", ["anne@example.com", "Anne Martin", "é", "x" * 101])
def test_text_that_may_name_a_person_is_not_taken(tenant: TenantStore, typed: str) -> None:
    with pytest.raises(AssertionError):
        record_alone(tenant, "someone", Action.RUN_EXPORTED, reason=typed)
    with pytest.raises(AssertionError):
        record_alone(tenant, "someone", Action.RUN_EXPORTED, typed)
    assert number_of_entries(tenant, SYSTEM) == 0


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_only_an_administrator_reads_it(tenant: TenantStore, role: Role) -> None:
    actor: Actor = replace(SYSTEM, role=role)
    for asked in (trail_of, number_of_entries, verify_trail, trail_csv):
        with pytest.raises(NotAllowed):
            asked(tenant, actor)
    assert number_of_entries(tenant, SYSTEM) == 0


def test_every_action_has_a_title() -> None:
    assert set(ACTION_TITLES) == set(Action)
