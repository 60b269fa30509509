"""Every page at several sizes: what the server needs to draw it, and what a browser waits for.

    python -m benchmarks.pages.latency FOLDER [sqlite] [CUSTOMERS ...]

2,000 and 500,000 customers unless given, 20 sale lines each, in the embedded Postgres, or in SQLite
when `sqlite` is given. Each size has its tenant (`large_tenant`), two runs, a campaign that is
prepared and the newest import behind the pages.

The server's part is the whole script of a page by `AppTest`, as an analyst sees it: first in a
process that has loaded its modules and opened nothing, then the least of three. The browser's is
the time from asking for an address, in a window that has the files of the application, until the
page is drawn and nothing runs any more; `first` is a new window without any file.
"""

import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

import requests
from playwright.sync_api import Browser, Page, sync_playwright
from streamlit.testing.v1 import AppTest

import ui.session
from benchmarks.pages.large_tenant import AS_OF, EMBEDDED, fill, opened, served
from benchmarks.pages.measuring import Spent, apart, first_and_least
from benchmarks.recommender.make_tenant import make_tenant
from core.jobs import migrate_jobs
from core.services.accounts import SYSTEM, Role, create_user
from core.services.campaign_reports import list_campaigns
from core.services.customers import find_customers
from core.services.execute_run import create_run, execute
from core.services.import_ledger import list_imports
from core.services.prepare_campaign import prepare
from core.services.products import ProductFilter, list_products
from core.services.sign_in import SESSION_COOKIE, redeem_ticket, sign_in
from core.store.tenant import Store, TenantStore
from ui.navigation import PAGES, ROOT

SIZES = (2_000, 500_000)
_USER = "anne"
_SETTLED = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
)
_ARGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
Address = tuple[str, Mapping[str, str]]


def addresses_of(store: TenantStore) -> Mapping[str, Address]:
    """Return every page, and what is behind a row of it, by the name in the table."""
    imported = list_imports(store, limit=1)[0].import_id
    customer = find_customers(store, limit=1).customers[0].customer
    product = list_products(store, ProductFilter(), limit=1).products[0].product_key
    campaign = list_campaigns(store, limit=1)[0].status.campaign_id
    plain: dict[str, Address] = {entry.path: (entry.path, {}) for entry in PAGES}
    return plain | {
        "upload, an import": ("upload", {"import": imported}),
        "customers, a search": ("customers", {"q": "client 12"}),
        "customers, one": ("customers", {"customer": customer}),
        "products, one": ("products", {"product": product}),
        "qc, one": ("qc", {"customer": customer}),
        "campaigns, one": ("campaigns", {"campaign": campaign}),
    }


def fill_tenant(url: str, folder: Path, customers: int) -> str:
    """Make the tenant with two runs and a campaign; return the password of its analyst."""
    make_tenant(folder / "source", customers)
    fill(url, folder, folder / "source", lines_kept=1)
    password = secrets.token_urlsafe()
    with opened(url, folder) as store:
        migrate_jobs(store.store.settings)
        create_user(store.store, store.tenant, _USER, password, Role.ADMIN)
        for _ in range(2):
            run_id = create_run(store, SYSTEM, as_of=AS_OF)
            execute(store, run_id)
        prepare(store, SYSTEM, run_id, "discovery")
    return password


def draw(store: Store, token: str, address: Address) -> None:
    """Run the script of a page once, as a new window does."""
    page, query = address
    with mock.patch.multiple(ui.session, app_store=lambda: store, session_token=lambda: token):
        script = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=120)
        for name, value in query.items():
            script.query_params[name] = value
        script.run()
    if script.exception or script.error:
        raise AssertionError(f"{page}: {[*script.exception, *script.error]}")


def drawn(url: str, folder: Path, token: str, address: Address, server: int | None) -> list[Spent]:
    """Return what the first drawing of a page costs the server, and the least of the next."""
    with opened(url, folder) as store:
        return list(first_and_least(partial(draw, store.store, token, address), server))


@contextmanager
def served_pages(url: str, folder: Path) -> Iterator[str]:
    """Serve the application over the database; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    base = f"http://localhost:{port}"
    told = {"DATABASE_URL": url, "DATA_DIR": str(folder / "data"), "PUBLIC_BASE_URL": base}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    web = subprocess.Popen(
        ["env", *(f"{name}={value}" for name, value in told.items()), *command], cwd=ROOT
    )
    try:
        _wait_for(f"{base}/health")
        yield base
    finally:
        web.terminate()
        web.wait(20)


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            requests.get(address, timeout=2)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the application did not start")


def _window(browser: Browser, base: str, token: str) -> Page:
    context = browser.new_context(base_url=base, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
    return context.new_page()


def _opened_in(page: Page, path: str) -> float:
    began = time.perf_counter()
    page.goto(path)
    page.get_by_test_id("stHeading").first.wait_for()
    page.wait_for_selector(_SETTLED)
    return time.perf_counter() - began


def seen(base: str, token: str, addresses: Mapping[str, Address]) -> Mapping[str, float]:
    """Return the seconds a browser waits for each page, and for `first` in a new window."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGS))
        _opened_in(_window(browser, base, token), "/home")  # the server has answered once
        found = {"first": _opened_in(_window(browser, base, token), "/home")}
        page = _window(browser, base, token)
        _opened_in(page, "/home")
        for name, (path, query) in addresses.items():
            asked = "&".join(f"{key}={value}" for key, value in query.items())
            found[name] = min(_opened_in(page, f"/{path}?{asked}") for _ in range(2))
        browser.close()
    return found


def measure(url: str, folder: Path, customers: int) -> Iterator[str]:
    """Yield the lines of one size."""
    folder.mkdir(parents=True, exist_ok=True)
    with served(url, folder) as (database, server):
        password = apart(fill_tenant, database, folder, customers)
        token, addresses = apart(_asked, database, folder, password)
        costs = {
            name: apart(drawn, database, folder, token, address, server)
            for name, address in addresses.items()
        }
        with served_pages(database, folder) as base:
            waited = apart(seen, base, token, addresses)
        yield f"\n{customers:,} customers; first load in a new window {waited['first']:.2f} s\n"
        yield "| page | server, first | server | CPU | browser |\n|---|---|---|---|---|"
        for name, (first, least) in costs.items():
            cells = (first.seconds, least.seconds, least.cpu, waited[name])
            yield f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} |"


def _asked(url: str, folder: Path, password: str) -> tuple[str, Mapping[str, Address]]:
    with opened(url, folder) as store:
        token = redeem_ticket(store.store, sign_in(store.store, _USER, password, "127.0.0.1"))
        return token, addresses_of(store)


def main(folder: Path, on: str, sizes: Sequence[int]) -> None:
    """Print the table of each size."""
    for customers in sizes:
        place = folder / str(customers)
        url = on if on == EMBEDDED else f"sqlite:///{place}/crm.db"
        for line in measure(url, place, customers):
            print(line, flush=True)


if __name__ == "__main__":
    given = sys.argv[2:]
    database = given.pop(0) if given and not given[0].isdigit() else EMBEDDED
    main(Path(sys.argv[1]).absolute(), database, [int(size) for size in given] or SIZES)
