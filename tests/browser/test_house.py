"""From Home to the customers, one of them, and the products, with real mouse clicks."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.services.accounts import SYSTEM
from core.services.customers import find_customers
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.store.tenant import TenantStore
from tests.browser.conftest import Instance, begin_session, click, metric, settled
from tests.golden.small_tenant import AS_OF, FOLDER

_NARROW = {"width": 390, "height": 900}
_FIRST_ROW = {"x": 90, "y": 55}  # below the header of a table


@pytest.fixture(scope="module")
def company(instance: Instance) -> TenantStore:
    """The company with the small tenant's data and a run."""
    tenant = instance.store.tenant_store(instance.tenant)
    import_paths(tenant, SYSTEM, [FOLDER / "input"], as_of=AS_OF)
    execute(tenant, create_run(tenant, SYSTEM, as_of=AS_OF))
    return tenant


def test_from_home_to_a_customer_and_the_products(
    company: TenantStore, page: Page, instance: Instance, tmp_path: Path
) -> None:
    begin_session(page, instance)
    expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Check the lists")).to_be_visible()
    _picture(page, tmp_path, "home")
    page.get_by_role("link", name="Customers").click()
    first = find_customers(company, limit=1).customers[0]
    search = page.get_by_label("Search", exact=True)
    search.fill(first.name or first.customer)
    search.press("Enter")
    expect(page).to_have_url(re.compile(r"/customers\?q=\w"))
    settled(page)
    page.locator(".dvn-scroller").first.click(position=_FIRST_ROW)  # type: ignore[arg-type]
    click(page, "Back to the customers")
    page.goto(f"/customers?customer={first.customer}")
    settled(page)
    expect(page.get_by_text("What was paid, and what is due again when?")).to_be_visible()
    _picture(page, tmp_path, "customer")
    page.get_by_role("link", name="Products").click()
    settled(page)
    page.locator(".dvn-scroller").first.click(position=_FIRST_ROW)  # type: ignore[arg-type]
    expect(metric(page, "Repeat rate")).to_be_visible()
    _picture(page, tmp_path, "product")
    for path in ("/home", "/customers", "/products", f"/customers?customer={first.customer}"):
        _fits(page, path)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_charts_follow_the_system_while_the_page_is_open(
    company: TenantStore, page: Page, instance: Instance
) -> None:
    page.emulate_media(color_scheme="light")
    begin_session(page, instance)
    bar = page.locator(".js-plotly-plot .bars path").first
    for scheme, colour in (("light", "122, 31, 61"), ("dark", "217, 122, 151")):
        page.emulate_media(color_scheme=scheme)
        expect(bar).to_have_css("fill", f"rgb({colour})")


def _picture(page: Page, folder: Path, name: str) -> None:
    """Keep a picture of the page for whoever looks into a failure."""
    settled(page)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def _fits(page: Page, path: str) -> None:
    """Fail where a narrow window has to be scrolled sideways."""
    page.set_viewport_size(_NARROW)  # type: ignore[arg-type]
    page.goto(f"{path}{'&' if '?' in path else '?'}lang=fr")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= _NARROW["width"], path
