"""The routes and their middleware, served on a free port over a SQLite store of two tenants."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
import pytest
import requests
import uvicorn
from starlette.applications import Starlette

import api.auth
import api.callers
import api.health
import api.session
import api.unsubscribe
import api.uploads
import api.webhook
from api.routes import MIDDLEWARE, ROUTES
from core.services import accounts
from core.services.sign_in import sign_in
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now

PASSWORD = "a long enough one"
_ADDRESSES = (f"198.51.{high}.{low}" for high in range(200) for low in range(1, 255))


def run_alone(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in a loop of its own: a browser that is open has one running in this thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


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
    application = Starlette(routes=ROUTES, middleware=MIDDLEWARE)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    with pytest.MonkeyPatch.context() as patch:
        modules = (api.auth, api.callers, api.health, api.session, api.unsubscribe, api.uploads)
        for module in (*modules, api.webhook):
            patch.setattr(module, "app_store", lambda: store)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    with Client(base_url) as found:
        yield found


@pytest.fixture
def signed_in(client: Client, store: Store) -> Client:
    ticket = sign_in(store, "first-user", PASSWORD, "127.0.0.1")
    client.get("/auth/enter", params={"ticket": ticket})
    return client
