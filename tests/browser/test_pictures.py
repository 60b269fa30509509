"""Every screen in both languages, light and dark, at two widths: as pictures, and as it reads.

`make pictures` writes them into docs/pictures/pages; otherwise they stay in the test's folder.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.jobs import RUN, enqueue
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run
from core.services.run_reports import list_runs
from core.store.runs import RunStatus
from etl.demo import DEMO_AS_OF, SAMPLES
from scripts.update_catalogue import read_catalogue
from tests.browser.conftest import PASSWORD, PATIENCE_MS, Instance, begin_session, settled
from tests.browser.pictures import PICTURES, are_wanted, take_picture
from tests.browser.screens import Sample, Screen, fill_company

pytestmark = pytest.mark.full
SAMPLE = Sample(
    files=SAMPLES,
    as_of=DEMO_AS_OF,
    customer="C00470",
    product="SYL-2024",
    label="Sylvaner Vieille Vigne 24",
)
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
APPEARANCES = ("light", "dark")
WIDTHS = (1280, 390)
_LEAST, _MOST = 640, 1400  # pixels of height
_DRAWN_MS = 700  # charts and tables follow a new height late
_HEIGHT = """() => Math.max(...[...document.querySelectorAll(
    "body, [data-testid=stMain], [data-testid=stSidebarContent], [role=dialog] *"
)].map(part => part.scrollHeight))"""
_WIDTH = """() => Math.max(...[...document.querySelectorAll(
    "html, [data-testid=stMain]"
)].map(part => part.scrollWidth))"""


@pytest.fixture(scope="module")
def screens(instance: Instance, worker: None) -> Sequence[Screen]:
    """The screens of the sample winery, with a run that a worker has made."""
    company = instance.store.tenant_store(instance.tenant)
    filled = fill_company(company, SAMPLE, PASSWORD)
    enqueue(company, SYSTEM, RUN, create_run(company, SYSTEM, as_of=DEMO_AS_OF))
    while list_runs(company)[0].status is not RunStatus.DONE:
        time.sleep(0.2)
    return filled


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LOCALES)
def test_every_screen_fits_speaks_its_language_and_has_a_picture(
    language: str,
    width: int,
    browser: Browser,
    instance: Instance,
    screens: Sequence[Screen],
    tmp_path: Path,
) -> None:
    folder = (PICTURES / "pages" if are_wanted() else tmp_path) / language
    wrong: list[str] = []
    with browser.new_context(base_url=instance.base_url, locale=LOCALES[language]) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        for screen in screens:
            if screen.is_public:
                wrong += look(page, screen, folder, width, language)
        page.set_viewport_size({"width": max(WIDTHS), "height": _LEAST})  # the list of pages shows
        begin_session(page, instance)
        for screen in screens:
            if not screen.is_public:
                wrong += look(page, screen, folder, width, language)
    assert not wrong, "\n".join(wrong)


def look(page: Page, screen: Screen, folder: Path, width: int, language: str) -> list[str]:
    """Draw a screen light and dark; return what does not fit or is not translated."""
    for appearance in APPEARANCES:
        page.emulate_media(color_scheme=appearance)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": _LEAST})
        page.goto(screen.path)
        wait(page, screen)
        height = max(_LEAST, min(_MOST, page.evaluate(_HEIGHT)))
        page.set_viewport_size({"width": width, "height": height})
        wait(page, screen)
        take_picture(page, folder / f"{screen.name}-{width}-{appearance}.png")
    drawn = page.evaluate(_WIDTH)
    too_wide = [f"{screen.name}: {drawn} pixels at {width}"] if drawn > width else []
    return too_wide + (english_on(page, screen) if language == "fr" else [])


def wait(page: Page, screen: Screen) -> None:
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    if not screen.is_plain:
        settled(page)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_timeout(_DRAWN_MS)


def english_on(page: Page, screen: Screen) -> list[str]:
    """Return the lines that are English sentences of ours and no French ones."""
    catalogue = {m.id: m.string for m in read_catalogue() if isinstance(m.id, str)}
    english = set(catalogue) - set(catalogue.values())
    lines = {line.strip() for line in page.inner_text("body").splitlines()}
    return [f"{screen.name}: {line}" for line in sorted(lines & english - {""})]
