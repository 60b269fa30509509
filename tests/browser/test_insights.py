"""A backtest in a real browser: asked for, worked out by a worker, read in both languages."""

import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Page, expect

from core.jobs import RUN, enqueue
from core.services.accounts import SYSTEM
from core.services.backtest_cards import list_backtests
from core.services.execute_run import create_run
from core.services.import_paths import import_paths
from core.services.insights import movement_runs
from core.services.products import ProductFilter, list_products
from core.store.runs import RunStatus
from core.store.tenant import TenantStore
from tests.browser.conftest import Instance, click, metric, settled

END = date(2026, 2, 20)
CUSTOMERS, PRODUCTS = 40, 12
_FIRST_ROW, _FIRST_STOCK = {"x": 90, "y": 55}, {"x": 350, "y": 55}  # below the header of a table


def sales() -> Iterator[tuple[str, str, str, int, str, str]]:
    """Yield a year of monthly documents, each of two favourites and something else."""
    random = Random(1)
    for customer in range(CUSTOMERS):
        favourites = random.sample(range(PRODUCTS), 2)
        for visit, ago in enumerate(range(random.randrange(30), 380, 30)):
            for product in sorted({*favourites, random.randrange(PRODUCTS)}):
                day = (END - timedelta(days=ago)).isoformat()
                yield f"D{customer}-{visit}", f"P{product}", f"C{customer}", 1, "12.00", day


def write(path: Path, header: str, rows: object) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header.split(","), *rows])  # type: ignore[misc]


@pytest.fixture(scope="module")
def company(
    instance: Instance, worker: None, tmp_path_factory: pytest.TempPathFactory
) -> TenantStore:
    """The company with a year of sales, and a run that the worker sets about."""
    folder = tmp_path_factory.mktemp("files")
    clients = ((f"C{n}", f"c{n}@example.fr") for n in range(CUSTOMERS))
    write(folder / "clients.csv", "client_code,email", clients)
    products = ((f"P{n}", f"Riesling {chr(65 + n)}", "12.00") for n in range(PRODUCTS))
    write(folder / "products.csv", "product_key,name,price_ttc", products)
    columns = "document_id,product_key,client_code,quantity,amount,sale_date"
    write(folder / "sales.csv", columns, sales())
    tenant = instance.store.tenant_store(instance.tenant)
    import_paths(tenant, SYSTEM, [folder], as_of=END)
    enqueue(tenant, SYSTEM, RUN, create_run(tenant, SYSTEM, as_of=END))
    return tenant


def test_a_backtest_is_asked_for_worked_out_and_read(company: TenantStore, signed_in: Page) -> None:
    page = signed_in
    page.goto("/insights?view=backtest")
    expect(page.get_by_text("Nothing has been looked back on yet.")).to_be_visible()
    click(page, "Look back")
    page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    expect(metric(page, "Customers compared")).to_have_text(f"{CUSTOMERS}")
    expect(page.get_by_text("the best baseline,").first).to_be_visible()
    charts = page.locator("[class*=st-key-backtest_recall] .barlayer .point")
    expect(charts).to_have_count(6)
    page.goto(f"{page.url}&lang=fr")
    expect(metric(page, "Clients comparés")).to_have_text(f"{CUSTOMERS}")
    expect(charts).to_have_count(6)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    (card,) = list_backtests(company)
    assert (card.status, card.created_by) == (RunStatus.DONE, "anne")


def test_a_segment_opens_its_customers_and_a_stock_is_saved_in_its_table(
    company: TenantStore, signed_in: Page
) -> None:
    page = signed_in
    while not movement_runs(company):
        page.wait_for_timeout(500)
    page.goto("/insights?view=segments")
    settled(page)
    page.locator(".dvn-scroller").last.click(position=_FIRST_ROW)  # type: ignore[arg-type]
    expect(page).to_have_url(re.compile(r"/customers\?segment=champion$"))
    page.go_back()
    expect(page.get_by_text("Which segments are there")).to_be_visible()
    settled(page)
    expect(page).to_have_url(re.compile("/insights"))
    page.goto("/products")
    page.get_by_text("Change stock and offer").click()
    for before, stock in (("–", 7), ("7", 8)):
        expect(page.get_by_role("button", name="Save 0 products")).to_be_visible()
        settled(page)
        page.locator(".dvn-scroller").first.dblclick(position=_FIRST_STOCK)  # type: ignore[arg-type]
        cell = page.locator("#portal input")
        cell.fill(str(stock))
        page.wait_for_timeout(300)  # the grid takes what was typed a moment later
        cell.press("Enter")
        click(page, "Save 1 product")
        expect(page.get_by_text(f"Saved: Stock from {before} to {stock}.")).to_be_visible()
    (first, *_) = list_products(company, ProductFilter(), limit=1).products
    assert first.stock == 8
    expect(page.get_by_test_id("stException")).to_have_count(0)
