"""No screen breaks a rule of axe-core seriously, light or dark."""

from collections.abc import Iterator, Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, Instance, begin_session, settled
from tests.browser.screens import Sample, Screen, fill_company
from tests.golden.small_tenant import AS_OF, FOLDER

SAMPLE = Sample(
    files=FOLDER / "input", as_of=AS_OF, customer="A1", product="RIE22", label="Riesling 22"
)
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def screens(instance: Instance) -> Sequence[Screen]:
    company = instance.store.tenant_store(instance.tenant)
    return fill_company(company, SAMPLE, PASSWORD)


# A short run draws one of the two; each walks through all screens.
@pytest.mark.sampled(one_in=2)
@pytest.mark.parametrize("appearance", ["light", "dark"])
def test_no_screen_breaks_a_rule_seriously(
    appearance: str, page: Page, instance: Instance, screens: Sequence[Screen]
) -> None:
    page.emulate_media(color_scheme=appearance)  # type: ignore[arg-type]
    found = [line for screen in screens if screen.is_public for line in broken_on(page, screen)]
    begin_session(page, instance)
    for screen in screens:
        if not screen.is_public:
            found += broken_on(page, screen)
    assert not found, "\n".join(found)


def test_what_is_broken_is_found(page: Page) -> None:
    page.set_content("<html lang='en'><title>a</title><p style='color: #aaa'>pale</p><img src='a'>")
    rules = {line.split(": ")[1] for line in grave_violations(page, "here")}
    assert rules == {"color-contrast", "image-alt"}


def broken_on(page: Page, screen: Screen) -> Iterator[str]:
    """Open a screen; yield what is gravely wrong on it."""
    page.goto(screen.path)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    if not screen.is_plain:
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    assert page.evaluate("document.documentElement.lang") == "en", screen.name
    yield from grave_violations(page, screen.name)


def grave_violations(page: Page, name: str) -> Iterator[str]:
    """Yield a line per page, rule and element, with what axe says about it."""
    for violation in Axe().run(page).response["violations"]:
        if violation["impact"] not in GRAVE:
            continue
        for node in violation["nodes"]:
            said = [check["message"] for check in (*node["any"], *node["all"], *node["none"])]
            yield f"{name}: {violation['id']}: {node['html'][:300]} ({'; '.join(said)})"
