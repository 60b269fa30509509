"""A database of the first schema with rows in it, brought to the second one."""

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url, text

from core.settings import Settings
from core.store import migrations
from core.store.engine import APP_ROLE, make_engine, normalise_url
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, TenantStore
from core.store.unpublished import clear_unpublished
from core.store.waiting import load_waiting
from tests.contract.conftest import NOW

pytestmark = pytest.mark.both_stores

OWNER = "iacrm_old_owner"
TENANT, NO_HEAD = (f"6a0c6a52-0000-4000-8000-00000000000{n}" for n in (1, 2))
LOADED, PLANNED, GONE, DISCARDED, UNDONE = (
    f"6a0c6a52-0000-4000-8000-0000000000{n}" for n in range(11, 16)
)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database; on Postgres its owner is no superuser."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('old')}/old.db"
        return
    server = request.getfixturevalue("postgres_url")
    name = f"old_{uuid.uuid4().hex[:12]}"
    engine = create_engine(normalise_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (
            f"DO $$ BEGIN CREATE ROLE {APP_ROLE} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE",
            f"GRANT {APP_ROLE} TO {OWNER} WITH ADMIN OPTION",
            f"CREATE DATABASE {name} OWNER {OWNER}",
        ):
            connection.execute(text(statement))
    yield make_url(server).set(database=name, username=OWNER).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} (FORCE)"))
        connection.execute(text(f"DROP OWNED BY {OWNER}"))
        connection.execute(text(f"DROP ROLE {OWNER}"))
    engine.dispose()


@pytest.fixture(scope="module")
def upgraded(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The first schema, filled, then brought up to date."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(migrations.__file__)).parent))
    config.attributes["database_url"] = url
    command.upgrade(config, "0001")
    engine = make_engine(normalise_url(url), as_app_role=False)
    fill(engine)
    engine.dispose()
    settings = Settings(database_url=url, data_dir=tmp_path_factory.mktemp("data"))
    migrate(settings)
    store = Store(settings, now=lambda: NOW)
    yield store
    store.dispose()


def fill(engine: Engine) -> None:
    by_tenant: dict[str, list[tuple[str, Mapping[str, object]]]] = {TENANT: [], NO_HEAD: []}

    def add(table: str, tenant: str = TENANT, **values: object) -> None:
        by_tenant[tenant].append((table, {"tenant_id": tenant, **values}))

    add("tenant_head", seq=3)
    entries = {LOADED: "loaded", PLANNED: "planned", DISCARDED: "discarded", UNDONE: "undone"}
    for import_id, status in entries.items():
        loaded = {"seq": 3} if status == "loaded" else {}
        add(
            "imports",
            import_id=import_id,
            status=status,
            as_of=date(2026, 1, 1),
            created_at=MOMENT,
            created_by="emma",
            **loaded,
        )
    for line, (kind, code, subject) in enumerate(
        (
            ("sales", "UNKNOWN_LABEL", "Côtes-du-Rhône, 2021"),
            ("sales", "UNKNOWN_LABEL", "COTES DU RHONE 2021"),
            ("sales", "UNKNOWN_PRODUCT", "P-9"),
            ("contacts", "UNKNOWN_CUSTOMER", "C-9"),
        )
    ):
        cells = {"amount_cents": 1250, "product_label": subject} if kind == "sales" else {}
        add(
            "held_row",
            import_id=LOADED,
            file_no=1,
            line=line,
            kind=kind,
            code=code,
            subject=subject,
            row_json=json.dumps({"customer": "C-9", **cells}),
        )
    said = {"C-same": True, "C-other": False}
    for customer, out in said.items():
        add("customer", customer=customer, from_seq=3, file_id=3001, email_opt_out=out)
    add(
        "contact_history",
        event_key="e",
        from_seq=3,
        file_id=3001,
        email_norm="b@example.com",
        contact_date=date(2026, 1, 1),
        status="hard_bounce",
    )
    add("customer", NO_HEAD, customer="C-left", from_seq=1, file_id=1001)
    for customer, import_id, more in SUPPRESSIONS:
        add(
            "suppression",
            suppression_id=str(uuid.uuid4()),
            customer=customer,
            source="import",
            since=date(2026, 1, 1),
            import_id=import_id,
            **{"reason": "opt_out", **more},
        )
    with engine.begin() as connection:
        for tenant, rows in by_tenant.items():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT set_config('app.tenant', :t, true)"), {"t": tenant})
            for table, values in rows:
                names = ", ".join(values)
                bound = ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({bound})"), values)


LIFTED = {"lifted_at": MOMENT, "lifted_by": "admin", "lifted_reason": "by mistake"}
BOUNCE = {"reason": "hard_bounce", "email_norm": "b@example.com"}
SUPPRESSIONS: tuple[tuple[str | None, str | None, Mapping[str, object]], ...] = (
    ("C-in-force", LOADED, {}),
    ("C-undone", UNDONE, {}),
    ("C-by-hand", None, {}),
    ("C-open", PLANNED, {}),
    ("C-gone", GONE, {}),
    ("C-discarded", DISCARDED, {}),
    ("C-lifted", GONE, LIFTED),
    ("C-same", GONE, {}),
    ("C-other", GONE, {}),
    (None, GONE, BOUNCE),
)


def tenant_of(store: Store, tenant_id: str = TENANT) -> TenantStore:
    return store.tenant_store(Tenant(tenant_id=tenant_id, key=tenant_id[-4:], name="Domaine"))


def test_rows_held_before_are_on_the_desk(upgraded: Store) -> None:
    with tenant_of(upgraded).read() as tx:
        (label,) = load_waiting(tx, "labels", limit=9)
        (product,) = load_waiting(tx, "products", limit=9)
        (customer,) = load_waiting(tx, "customers", limit=9)
    assert (label.subject, label.rows, label.amount_cents) == ("cotes du rhone 2021", 2, 2500)
    assert (product.subject, product.amount_cents) == ("P-9", 1250)
    assert (customer.subject, customer.amount_cents) == ("C-9", None)


def test_only_opt_outs_that_no_import_stands_for_are_removed(upgraded: Store) -> None:
    with tenant_of(upgraded).read() as tx:
        rows = tx.rows("SELECT customer, import_id FROM suppression WHERE tenant_id = :tenant")
    found = {row["customer"]: str(row["import_id"]) for row in rows}
    assert found == {
        "C-in-force": LOADED,
        "C-undone": UNDONE,
        "C-by-hand": "None",
        "C-open": PLANNED,
        "C-lifted": GONE,
        "C-same": LOADED,
        None: LOADED,
    }


@pytest.mark.parametrize("tenant_id", [TENANT, NO_HEAD])
def test_the_next_load_clears_what_killed_ones_left(upgraded: Store, tenant_id: str) -> None:
    tenant = tenant_of(upgraded, tenant_id)
    with tenant.read() as tx:
        head = tx.row("SELECT seq, staged_seq FROM tenant_head WHERE tenant_id = :tenant")
    assert head is not None
    assert head["staged_seq"] == head["seq"] + 1
    clear_unpublished(tenant)
    with tenant.read() as tx:
        left = tx.rows("SELECT customer FROM customer WHERE tenant_id = :tenant")
    assert len(left) == (2 if tenant_id == TENANT else 0)


def test_row_security_is_forced_again(upgraded: Store) -> None:
    if upgraded.data_engine.dialect.name == "sqlite":
        return
    with upgraded.data_engine.connect() as connection:
        unforced = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind = 'r' AND relrowsecurity AND NOT relforcerowsecurity"
            )
        ).all()
        assert connection.execute(text("SELECT count(*) FROM held_row")).scalar() == 0
    assert unforced == []
