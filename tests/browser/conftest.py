"""The real application in a process of its own, and a real Chromium to look at it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from core.jobs import migrate_jobs
from core.services import accounts
from core.services.accounts import Role
from core.services.sign_in import SESSION_COOKIE, redeem_ticket
from core.services.sign_in import sign_in as ask_for_a_ticket
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, utc_now

ROOT = Path(__file__).resolve().parents[2]
USERNAME, PASSWORD = "anne", "a long enough one"
_CHROMIUM_ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SETTLED = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
)
_START_SECONDS = 60
PATIENCE_MS = 180_000  # a busy machine is slow and not wrong
expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A running application with a company of its own; `environment` starts a worker beside it.

    `web_pid` is the process that serves pages and routes.
    """

    base_url: str
    store: Store
    tenant: Tenant
    environment: dict[str, str]
    log: Path
    web_pid: int


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def _cheap_hashes() -> Iterator[None]:
    """Let a password be hashed, and by the server compared, in milliseconds."""
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bcrypt, "gensalt", lambda *_rounds: salt)
        yield


@pytest.fixture(scope="module")
def more_environment() -> dict[str, str]:
    """What a module sets beyond the usual, for the application and its worker."""
    return {}


@pytest.fixture(scope="module")
def instance(
    _cheap_hashes: None,
    tmp_path_factory: pytest.TempPathFactory,
    more_environment: dict[str, str],
) -> Iterator[Instance]:
    """The application on a free port, over its own SQLite and data folder, without a worker."""
    folder = tmp_path_factory.mktemp("instance")
    settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
    migrate(settings)
    store = Store(settings, utc_now)
    tenant = accounts.create_tenant(store, "isavigne", "Domaine Isavigne", "en")
    accounts.create_user(store, tenant, USERNAME, PASSWORD, Role.ADMIN)
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "PUBLIC_BASE_URL": f"http://localhost:{port}",
        "ALLOWED_ORIGINS": f"http://localhost:{port}",
        **more_environment,
    }
    log = folder / "web.log"
    with log.open("w") as stream:
        web = _start_web(port, environment, stream.fileno())
        try:
            _wait_until_up(f"http://localhost:{port}", web, log)
            yield Instance(
                base_url=f"http://localhost:{port}",
                store=store,
                tenant=tenant,
                environment=environment,
                log=log,
                web_pid=web.pid,
            )
        finally:
            web.terminate()
            web.wait(10)
            store.dispose()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _start_web(port: int, environment: dict[str, str], output: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
    )


def _wait_until_up(base_url: str, web: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert web.poll() is None, log.read_text()
        try:
            if requests.get(f"{base_url}/health", timeout=2).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise AssertionError(f"the application did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def worker(instance: Instance) -> Iterator[None]:
    """A worker beside the web process, as `make run` starts one."""
    migrate_jobs(instance.store.settings)
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "worker"], cwd=ROOT, env=instance.environment
    )
    yield
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(_CHROMIUM_ARGS)
        )
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, instance: Instance) -> Iterator[Page]:
    """A fresh window without cookies; paths are relative to the instance."""
    context = browser.new_context(
        base_url=instance.base_url, locale="en-GB", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def signed_in(page: Page, instance: Instance) -> Page:
    """A window on the first page, signed in."""
    begin_session(page, instance)
    return page


def begin_session(page: Page, instance: Instance, username: str = USERNAME) -> None:
    """Open the first page with a session that did not begin with the form."""
    ticket = ask_for_a_ticket(instance.store, username, PASSWORD, "127.0.0.1")
    token = redeem_ticket(instance.store, ticket)
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": instance.base_url}])
    page.goto("/")
    page.get_by_test_id("stSidebarNav").wait_for()
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page is drawn and nothing runs any more."""
    page.wait_for_selector(_SETTLED)


def sign_in(page: Page, username: str = USERNAME, password: str = PASSWORD) -> None:
    """Fill the form that is shown and wait for the page behind it."""
    submit(page, username, password)
    page.get_by_test_id("stSidebarNav").wait_for()
    settled(page)


def submit(page: Page, username: str, password: str) -> None:
    """Fill the form that is shown and send it."""
    settled(page)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()


def click(page: Page, name: str, *, is_exact: bool = True) -> None:
    """Click the first button of this name once nothing runs any more."""
    settled(page)
    page.get_by_role("button", name=name, exact=is_exact).first.click()


def drop(page: Page, *paths: Path) -> None:
    """Choose files, and wait until they are here."""
    settled(page)
    page.locator("input[type=file]").set_input_files(list(paths))
    for path in paths:
        sent = page.get_by_role("listitem").filter(has_text=path.name)
        expect(sent).to_contain_text("Complete")
    settled(page)


def metric(page: Page, label: str) -> Locator:
    """Return the value of the figure with this label."""
    found = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return found.get_by_test_id("stMetricValue").first
