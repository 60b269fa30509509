"""The routes and their middleware, served on a free port over a SQLite store of two tenants."""

from collections.abc import Iterator

import bcrypt
import pytest
import requests

from core.services import accounts
from core.services.sign_in import sign_in
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now
from tests.contract.api_world import application, listening

PASSWORD = "a long enough one"
_ADDRESSES = (f"198.51.{high}.{low}" for high in range(200) for low in range(1, 255))


class Client(requests.Session):
    """A browser that follows no redirect."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        # Each calls from an address of its own: refusals of one are not counted against another.
        self.headers["X-Forwarded-For"] = next(_ADDRESSES)

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        options["allow_redirects"] = False
        return super().request(method, self.base + url, timeout=10, **options)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("instance")
    settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder)
    migrate(settings)
    opened = Store(settings, utc_now)
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda: salt)
        for key in ("first", "second"):
            company = accounts.create_tenant(opened, key, key)
            accounts.create_user(opened, company, f"{key}-user", PASSWORD, accounts.Role.VIEWER)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def base_url(store: Store) -> Iterator[str]:
    with application(store) as app, listening(app) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    with Client(base_url) as found:
        yield found


@pytest.fixture
def signed_in(client: Client, store: Store) -> Client:
    ticket = sign_in(store, "first-user", PASSWORD, "127.0.0.1")
    client.get("/auth/enter", params={"ticket": ticket})
    return client
