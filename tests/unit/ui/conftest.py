"""A store of one tenant behind the pages, and the cookie of a signed-in user."""

from collections.abc import Callable, Iterator

import bcrypt
import pytest

import ui.session
import ui.sign_in
from core.services import accounts
from core.services.sign_in import redeem_ticket, sign_in
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now

PASSWORD = "a long enough one"


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("instance")
    settings = Settings(
        database_url=f"sqlite:///{folder}/crm.db", data_dir=folder, enable_demo_data=True
    )
    migrate(settings)
    opened = Store(settings, utc_now)
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda: salt)
        company = accounts.create_tenant(opened, "isavigne", "Domaine Isavigne")
        accounts.create_user(opened, company, "anne", PASSWORD, accounts.Role.ANALYST)
        accounts.create_user(opened, company, "demo", "demo", accounts.Role.ADMIN, is_demo=True)
    yield opened
    opened.dispose()


@pytest.fixture
def store(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of every page of this test; nobody is signed in."""
    for module in (ui.session, ui.sign_in):
        monkeypatch.setattr(module, "app_store", lambda: module_store)
    return module_store


@pytest.fixture
def as_anne(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Sign Anne in for the pages of this test and return her token."""
    token = redeem_ticket(store, sign_in(store, "anne", PASSWORD, "127.0.0.1"))
    for module in (ui.session, ui.sign_in):
        monkeypatch.setattr(module, "session_token", lambda: token)
    return lambda: token
