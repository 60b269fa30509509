"""The policy in a real browser: change, preview by a worker, save, run again, compare."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.services.policies import current_version
from core.store.tenant import TenantStore
from tests.browser.conftest import Instance, click, settled
from tests.golden.small_tenant import AS_OF, FOLDER


@pytest.fixture(scope="module")
def company(instance: Instance) -> TenantStore:
    """The company with files and a run."""
    tenant = instance.store.tenant_store(instance.tenant)
    import_paths(tenant, SYSTEM, [FOLDER / "input"], as_of=AS_OF)
    execute(tenant, create_run(tenant, SYSTEM, as_of=AS_OF))
    return tenant


@pytest.mark.usefixtures("worker")
def test_a_policy_is_changed_previewed_saved_and_its_run_compared(
    company: TenantStore, signed_in: Page
) -> None:
    page = signed_in
    page.goto("/settings")
    settled(page)
    page.get_by_role("tab", name="Choice of products").click()
    own = page.get_by_label("Neighbours of a product", exact=False).first
    own.fill("40")
    own.press("Enter")
    settled(page)
    expect(page.get_by_text("1 value changed")).to_be_visible()
    tab = page.get_by_role("tab", name="Choice of products")
    expect(tab).to_have_attribute("aria-selected", "true")
    click(page, "Take the changes back")
    expect(page.get_by_text("1 value changed")).to_have_count(0)
    settled(page)
    expect(tab).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Lists").first.click()
    field = page.get_by_label("Length of a list (products)", exact=True)
    field.fill("2")
    field.press("Enter")
    settled(page)
    expect(page.get_by_text("Changed, 5 before")).to_be_visible()
    click(page, "Preview the effect on the last run")
    expect(page.get_by_text("Lists that change")).to_be_visible()
    settled(page)
    click(page, "Save")
    page.get_by_label("Why, in a few words").fill("A trial")
    click(page, "Save this version")
    expect(page.get_by_text("Version 1 is in force", exact=False)).to_be_visible()
    assert current_version(company).policy.top_n == 2
    run_id = create_run(company, SYSTEM, as_of=AS_OF - timedelta(days=1))
    execute(company, run_id)
    page.goto(f"/runs?run={run_id}")
    expect(page.get_by_role("heading", name="Runs so far")).to_be_visible()  # the last one drawn
    settled(page)
    choice = page.get_by_role("combobox", name="Compare with")
    choice.scroll_into_view_if_needed()
    _take_the_first(page, choice)
    settled(page)
    expect(page.get_by_text("Policy: Length of a list: 5 → 2")).to_be_visible()
    expect(page.get_by_text("Why did a customer change?")).to_be_visible()


def _take_the_first(page: Page, choice: Locator) -> None:
    """Take the first option of a choice, which closes when the page is drawn at that moment."""
    for _ in range(20):
        choice.press("ArrowDown")
        try:
            page.get_by_role("option").first.click(timeout=5_000)
        except TimeoutError:
            continue
        return
    raise AssertionError("the choice never stayed open")
