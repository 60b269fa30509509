"""A small company with an import and a run behind the pages, and whoever looks at them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import ui.session
import ui.sign_in
from core.jobs import PREPARE, job_of, migrate_jobs
from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.services.prepare_campaign import prepare_asked
from core.services.sign_in import redeem_ticket, sign_in
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.golden.small_tenant import AS_OF, FOLDER
from ui.navigation import ROOT

PASSWORD = "a long enough one"
INPUT = FOLDER / "input"
Look = Callable[..., AppTest]


@dataclass(frozen=True, kw_only=True)
class World:
    """A store with the company `small`, which has a run, and `empty`, which has nothing."""

    store: Store
    small: TenantStore
    empty: TenantStore
    run_id: str


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world of most pages: what one test decides stays for the next."""
    with new_world(tmp_path_factory.mktemp("pages")) as made:
        yield made


@contextmanager
def new_world(folder: Path) -> Iterator[World]:
    """Make a world that nobody has touched."""
    settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
    migrate(settings)
    migrate_jobs(settings)
    store = Store(settings, utc_now)
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda: salt)
        small = add_company(
            store, "small", {"anne": Role.ANALYST, "vera": Role.VIEWER, "ada": Role.ADMIN}
        )
        empty = add_company(store, "empty", {"emma": Role.ANALYST, "erin": Role.ANALYST})
    import_paths(small, SYSTEM, [INPUT], as_of=AS_OF)
    run_id = create_run(small, SYSTEM, as_of=AS_OF)
    execute(small, run_id)
    yield World(store=store, small=small, empty=empty, run_id=run_id)
    store.dispose()


def add_company(store: Store, key: str, users: dict[str, Role]) -> TenantStore:
    """Create a company that speaks English, with its users."""
    tenant = accounts.create_tenant(store, key, key.title(), "en")
    for username, role in users.items():
        accounts.create_user(store, tenant, username, PASSWORD, role)
    return store.tenant_store(tenant)


@pytest.fixture
def look(world: World, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a function that draws a page as a user sees it: `look("qc", "anne", run=...)`."""

    def draw(page: str, username: str = "anne", /, **query: str) -> AppTest:
        st.cache_data.clear()
        token = redeem_ticket(world.store, sign_in(world.store, username, PASSWORD, "127.0.0.1"))
        for module in (ui.session, ui.sign_in):
            monkeypatch.setattr(module, "app_store", lambda: world.store)
            monkeypatch.setattr(module, "session_token", lambda: token)
        script = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=30)
        for name, value in query.items():
            script.query_params[name] = value
        return script.run()

    return draw


@pytest.fixture
def sales_file(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a sales file of one line whose date is the given text."""

    def write(day: str) -> Path:
        path = tmp_path / "more_sales.csv"
        header = "document_id,product_key,client_code,quantity,amount,sale_date"
        path.write_text(f"{header}\nN1,P1,C1,1,10.00,{day}\n")
        return path

    return write


def let_prepare(store: TenantStore, page: AppTest) -> AppTest:
    """Do a worker's part for the campaign that a page has just asked for; return the page then."""
    campaign_id = str(page.query_params["campaign"])
    assert job_of(store, PREPARE, campaign_id) is not None
    prepare_asked(store, campaign_id)
    return page.run()


def sentences(page: AppTest) -> str:
    """Return everything a page says in words."""
    parts = (page.title, page.header, page.markdown, page.caption, page.text)
    alerts = (page.error, page.warning, page.info, page.success)
    return "\n".join(str(part.value) for kind in (*parts, *alerts) for part in kind)


def metrics(page: AppTest) -> dict[str, str]:
    """Return the figures of a page by their label."""
    return {metric.label: metric.value for metric in page.metric}
