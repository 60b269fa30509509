"""Erasure of a company: nothing of it is left in any table or file, and no other is touched."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import NotFound, Refused
from core.jobs import RUN, enqueue, forget_all_jobs, migrate_jobs
from core.outreach.protocol import Mode
from core.services import prepare_campaign
from core.services.accounts import SYSTEM, Role, create_tenant, create_user, tenant_by_key
from core.services.api_tokens import create_token
from core.services.audit_trail import verify_trail
from core.services.import_paths import import_paths
from core.services.prepare_campaign import prepare
from core.services.tenant_erasure import erase_tenant
from core.store.tenant import Store, TenantStore
from core.store.tenant_rows import count_tenant_rows
from tests.contract.backup_world import AS_OF, all_rows, written
from tests.contract.campaign_data import NOW, fill_run, people
from tests.contract.kill_worlds import FIRST
from tests.contract.live_data import Clock, go_live, prepare_live

PASSWORD = "a long enough pass phrase"


@pytest.fixture
def both(store: Store, tmp_path: Path, cheap_hashes: None) -> tuple[TenantStore, TenantStore]:
    """A company to go and one to stay, with the same customers, files and codes, and one user."""
    migrate_jobs(store.settings)
    made = []
    for key in ("leaving", "staying"):
        name = f"{key}-{uuid.uuid4().hex[:6]}"
        company = store.tenant_store(create_tenant(store, name, f"Cave {name}"))
        create_user(store, company.tenant, f"only-{name}", PASSWORD, Role.ADMIN)
        create_token(company, SYSTEM, "cron", Role.VIEWER)
        paths = [written(tmp_path, file, content) for file, content in FIRST.items()]
        import_paths(company, SYSTEM, paths, as_of=AS_OF)
        prepare(company, SYSTEM, fill_run(company, people(300)), "discovery", 250, mode=Mode.DRY)
        enqueue(company, SYSTEM, RUN, "11111111-1111-4111-8111-111111111111")
        made.append(company)
    share_a_user(store, *made)
    return made[0], made[1]


def share_a_user(store: Store, leaving: TenantStore, staying: TenantStore) -> None:
    name = f"both-{uuid.uuid4().hex[:6]}"
    actor = create_user(store, staying.tenant, name, PASSWORD, Role.ANALYST)
    with store.identity(write=True) as tx:
        tx.execute(
            "INSERT INTO identity.membership (user_id, tenant_id, role) VALUES (:u, :t, 'viewer')",
            u=actor.user_id,
            t=leaving.tenant_id,
        )


def rows_without(store: Store, company: TenantStore) -> dict[str, list[str]]:
    """Return every row that does not name the company."""
    name = company.tenant.key
    return {
        table: [row for row in rows if company.tenant_id not in row and name not in row]
        for table, rows in all_rows(store).items()
        if "migrations" not in table
    }


def test_nothing_of_a_company_is_left_and_nothing_of_another_is_missing(
    store: Store, both: tuple[TenantStore, TenantStore]
) -> None:
    leaving, staying = both
    kept, files = rows_without(store, leaving), folder_of(staying)
    assert len(count_tenant_rows(leaving)) >= 10
    done = erase_tenant(store, leaving.tenant.key, leaving.tenant.key, forget_all_jobs)
    assert (done.jobs, done.people) == (1, 1)
    assert done.rows > 300
    assert done.files >= len(FIRST)
    left = all_rows(store)
    assert [table for table, rows in left.items() if leaving.tenant_id in str(rows)] == []
    assert [table for table, rows in left.items() if leaving.tenant.key in str(rows)] == []
    assert rows_without(store, leaving) == kept
    assert folder_of(staying) == files
    assert not leaving.folder.exists()
    assert leaving.tenant.key.encode() not in database_bytes(store)
    verify_trail(staying, SYSTEM)
    with pytest.raises(NotFound):
        tenant_by_key(store, leaving.tenant.key)
    assert triggers_of(store) == (2 if store.data_engine.dialect.name == "sqlite" else 0)


def folder_of(company: TenantStore) -> dict[str, bytes]:
    return {
        path.relative_to(company.folder).as_posix(): path.read_bytes()
        for path in sorted(company.folder.rglob("*"))
        if path.is_file()
    }


def database_bytes(store: Store) -> bytes:
    """Return the bytes of SQLite's files; nothing on Postgres, whose files are the server's."""
    if store.data_engine.dialect.name != "sqlite":
        return b""
    path = Path(str(store.data_engine.url.database))
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.stem}*")))


def triggers_of(store: Store) -> int:
    if store.data_engine.dialect.name != "sqlite":
        return 0
    with store.data_engine.connect() as connection:
        sql = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
        return int(connection.execute(text(sql)).scalar() or 0)


def test_a_key_that_is_not_typed_again_erases_nothing(store: Store) -> None:
    company = store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))
    with pytest.raises(Refused, match=company.tenant.key):
        erase_tenant(store, company.tenant.key, "cave", forget_all_jobs)
    assert tenant_by_key(store, company.tenant.key) == company.tenant


def test_a_live_campaign_that_is_being_sent_keeps_its_company(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_live(store, monkeypatch, Clock(NOW))
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    company = store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))
    prepare_live(company, 3)
    before = count_tenant_rows(company)
    with pytest.raises(Refused, match="live campaign"):
        erase_tenant(store, company.tenant.key, company.tenant.key, forget_all_jobs)
    assert count_tenant_rows(company) == before
