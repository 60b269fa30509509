"""A change-set by mouse: mapped, asked, reviewed and loaded; decided, corrected; undone."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from core.services import accounts
from core.services.accounts import Role
from core.services.import_ledger import list_imports
from core.services.waiting_rows import count_waiting_rows, list_decided
from core.store.tenant import TenantStore
from tests.browser.conftest import (
    PASSWORD,
    Instance,
    begin_session,
    click,
    drop,
    metric,
    settled,
)
from tests.change_set_files import (
    CATALOGUE,
    COLUMN_OF,
    KNOWN_TILL,
    MISSPELT,
    NEWER_CLIENTS,
    SCAN,
    TILL,
    UNKNOWN_HEADERS,
    load_files,
    write_files,
)
from tests.contract.test_import_files import rows

_NUMBERS = count(1)
_ROW = 35  # pixels of a row of a table, and of its header
_OUR_COLUMN = 450  # pixels from the left of the table of a mapping


@pytest.fixture
def company(instance: Instance, worker: None, tmp_path: Path) -> TenantStore:
    """A company of its own with clients and products; its analyst has the name of its key."""
    key = f"cellar{next(_NUMBERS)}"
    tenant = accounts.create_tenant(instance.store, key, "Cellar", "en")
    accounts.create_user(instance.store, tenant, key, PASSWORD, Role.ANALYST)
    store = instance.store.tenant_store(tenant)
    load_files(store, tmp_path, CATALOGUE)
    return store


@pytest.fixture
def enter(page: Page, instance: Instance, company: TenantStore) -> Callable[[], Page]:
    """Return a function that signs the company's analyst in: she begins on the page Upload."""

    def signed_in() -> Page:
        begin_session(page, instance, company.tenant.key)
        follow(page, "Upload")
        return page

    return signed_in


def test_words_that_nobody_knows_are_mapped_and_dates_asked_before_the_load(
    enter: Callable[[], Page], company: TenantStore, tmp_path: Path
) -> None:
    page = enter()
    bring(page, *write_files(tmp_path, {**TILL, **SCAN}))
    expect(page.get_by_text("it is a PDF document")).to_be_visible()
    _leave_the_scan_out(page)
    _say_the_kind(page)
    _map_the_columns(page)
    _answer_the_order_of_the_dates(page)
    _read_the_review(page)
    click(page, "Load 3 rows")
    expect(page.get_by_text("3 rows are loaded.")).to_be_visible()
    expect(page.get_by_text("1 row waits for a product")).to_be_visible()
    assert [str(day) for (day,) in rows(company, "sale_lines", "sale_date")] == [
        "2026-04-03",
        "2026-04-05",
        "2026-06-09",
    ]
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _leave_the_scan_out(page: Page) -> None:
    settled(page)
    leave = page.get_by_role("button", name="Leave scan.csv out", exact=True)
    for _click in range(5):  # a page that is just being drawn again may close what was opened
        page.get_by_text("Leave a file out, or take one back").click()
        settled(page)
        if leave.is_visible():
            break
    click(page, "Leave scan.csv out")
    expect(page.get_by_text("Left out, neither read nor counted: scan.csv.")).to_be_visible()


def _say_the_kind(page: Page) -> None:
    settled(page)
    expect(page.get_by_text("What does this file hold?")).to_be_visible()
    page.get_by_test_id("stRadio").get_by_text("Sales", exact=True).click()
    click(page, "Answer and look again")


def _map_the_columns(page: Page) -> None:
    missing = page.get_by_text("which are required: Document number; Customer code")
    expect(missing).to_be_visible()
    settled(page)
    mapping = table(page, "How the columns of the file are mapped")
    expect(mapping).to_contain_text("The contrary")
    for number, title in enumerate(UNKNOWN_HEADERS.values(), start=1):
        _choose_in_cell(mapping, row=number, option=title)
    page.wait_for_timeout(300)  # the last edit enters its form a moment later
    click(page, "Apply this mapping")


def _choose_in_cell(editor: Locator, *, row: int, option: str) -> None:
    """Choose our column in a row (from 1) of the mapping."""
    found = editor.page.get_by_role("option", name=option, exact=True)
    for _click in range(12):  # one selects the cell, the next opens its list
        if COLUMN_OF[option] in (editor.text_content() or ""):
            break
        if found.is_visible():
            found.click()
        else:
            click_row(editor, row, at=_OUR_COLUMN)
        editor.page.wait_for_timeout(400)
    expect(editor).to_contain_text(COLUMN_OF[option])
    expect(editor.page.get_by_role("option")).to_have_count(0)


def _answer_the_order_of_the_dates(page: Page) -> None:
    question = page.get_by_text("In which order are its dates written?")
    expect(question).to_be_visible()
    examples = table(page, "Rows of the file, read in every way")
    for said in ("3 April 2026", "4 March 2026", "5 April 2026", "4 May 2026"):
        expect(examples).to_contain_text(said)
    answers = page.get_by_test_id("stRadio")
    expect(answers.get_by_text("Month first: 03/04/2026 is 4 March 2026")).to_be_visible()
    answers.get_by_text("Day first: 03/04/2026 is 3 April 2026").click()
    click(page, "Answer and look again")


def _read_the_review(page: Page) -> None:
    expect(page.get_by_text("Rows read", exact=True).first).to_be_visible()
    settled(page)
    for label, figure in {"Rows read": "5", "Loaded": "3", "Held": "1", "Rejected": "1"}.items():
        expect(metric(page, label)).to_have_text(figure)
    counted = page.get_by_text("5 = 3 + 0 + 0 + 0 + 1 + 1: every row is accounted for.")
    expect(counted).to_be_visible()
    expect(page.get_by_text("Rejected rows: 1 of 5.").first).to_be_visible()
    expect(page.get_by_text("How many sale lines does each month have?")).to_be_visible()
    expect(page.locator("[class*=st-key-review_months_sales] .barlayer").first).to_be_attached()
    expect(page.get_by_text("Months without any sale: May 2026.").last).to_be_visible()
    expect(table(page, "Product label")).to_contain_text(MISSPELT)


@pytest.mark.full  # in short test runs tests/pages/test_change_set.py alone
def test_a_label_is_decided_and_a_corrected_row_goes_back_to_its_import(
    enter: Callable[[], Page], company: TenantStore, tmp_path: Path
) -> None:
    load_files(company, tmp_path, KNOWN_TILL)
    page = enter()
    _open_the_newest_import(page)
    _decide_the_label(page)
    assert [(d.label, d.product_key) for d in list_decided(company, limit=9)] == [
        (MISSPELT, "PIN-2020")
    ]
    assert count_waiting_rows(company) == 0
    open_row(table(page, "Imports, the newest first"), 2, "3 rows are loaded.")
    _correct_the_row(page, tmp_path)
    click(page, "Load 1 row")
    expect(page.get_by_text("1 row is loaded.")).to_be_visible()
    click(page, "Open that import")
    expect(page.get_by_text("Its rejected rows were corrected once since")).to_be_visible()
    settled(page)
    expect(metric(page, "Loaded")).to_have_text("4")
    expect(metric(page, "Rejected")).to_have_text("0")
    units = [quantity for (quantity,) in rows(company, "sale_lines", "quantity_milli")]
    assert sorted(units) == [1_000, 1_000, 2_000, 3_000, 6_000]
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _open_the_newest_import(page: Page) -> None:
    settled(page)
    history = table(page, "Imports, the newest first")
    expect(history).to_contain_text("till.csv")
    open_row(history, 1, "3 rows are loaded.")


def _decide_the_label(page: Page) -> None:
    click(page, "Look at the waiting rows")
    labels = table(page, "Unknown labels, the largest revenue first")
    expect(labels).to_contain_text("Pinot Noir Réserve 2020")
    settled(page)
    open_row(labels, 1, "1 row waits, revenue €18.00.")
    suggestion = page.get_by_text("Pinot Noir Réserve 2020 (PIN-2020), likeness 95")
    expect(suggestion).to_be_visible()
    click(page, "Accept for 1 row")
    released = page.get_by_text("1 row released by 1 decided label.")
    expect(released).to_be_visible()
    expect(metric(page, "Unknown labels")).to_have_text("0")
    decided = table(page, "Decided labels, the newest first")
    expect(decided).to_contain_text(MISSPELT)
    follow(page, "Upload")
    history = table(page, "Imports, the newest first")
    expect(history).to_contain_text("1 row released by 1 decided label")


def _correct_the_row(page: Page, folder: Path) -> None:
    """Download the rejected row, correct it as a spreadsheet would, and drop that file alone."""
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the 1 rejected row of till.csv").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    sent = path.read_bytes()
    assert sent.count(b"three") == 1
    path.write_bytes(sent.replace(b"three", b"3"))
    click(page, "New import")
    bring(page, path)
    expect(page.get_by_text("they go back to that import")).to_be_visible()


@pytest.mark.full
def test_what_a_newer_file_changes_is_read_loaded_and_undone(
    enter: Callable[[], Page], company: TenantStore, tmp_path: Path
) -> None:
    page = enter()
    bring(page, *write_files(tmp_path, NEWER_CLIENTS))
    _read_what_changes(page)
    click(page, "Load 1 row")
    expect(page.get_by_text("1 row is loaded.")).to_be_visible()
    assert _telephones(company)["C3"] == "+33699999999"
    click(page, "New import")
    expect(page.get_by_text("Date of the export")).to_be_visible()
    settled(page)
    open_row(table(page, "Imports, the newest first"), 1, "1 row is loaded.")
    click(page, "Undo this import", is_exact=False)  # its name ends in an arrow
    expect(page.get_by_text("every row is as before it")).to_be_visible()
    click(page, "Undo 1 row")
    undone = page.get_by_text("This import was undone: every row is as it was before.")
    expect(undone).to_be_visible()
    assert list_imports(company)[0].status == "undone"
    assert _telephones(company)["C3"] == "+33600000003"
    assert ("C2", True) in rows(company, "customers", "customer, email_opt_out")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _read_what_changes(page: Page) -> None:
    expect(page.get_by_text("What changes, field by field")).to_be_visible()
    expect(page.get_by_text("Opt-outs kept: 1. The files would write")).to_be_visible()
    expect(page.get_by_text("1 opt-out kept: C2.")).to_be_visible()
    settled(page)
    changes = table(page, "Changed fields with an example")
    expect(changes).to_contain_text("C3: +33600000003 → +33699999999")
    click_row(changes, 1)
    examples = table(page, "Telephone")
    expect(examples).to_contain_text("+33600000003")
    expect(examples).to_contain_text("clients_new.csv")


def _telephones(company: TenantStore) -> dict[object, object]:
    return dict(rows(company, "customers", "customer, phone"))


def bring(page: Page, *paths: Path) -> None:
    """Choose files, wait until they are here, and have them looked at."""
    drop(page, *paths)
    click(page, "Look at the files")


def follow(page: Page, title: str) -> None:
    """Go to another page by the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
    settled(page)


def table(page: Page, alt: str) -> Locator:
    """Return the table that is described by `alt`; its cells are text behind a canvas."""
    return page.get_by_role("region", name=alt, exact=True)


def open_row(found: Locator, row: int, shown: str) -> None:
    """Click a row (from 1) until what it opens shows the text `shown`."""
    opened = found.page.get_by_text(shown)
    for _click in range(5):  # a table that has just been drawn again may miss the first
        click_row(found, row)
        try:
            opened.wait_for(timeout=10_000)
        except PlaywrightTimeout:
            continue
        break
    expect(opened).to_be_visible()


def click_row(found: Locator, row: int, at: int = 60) -> None:
    """Click a row (from 1), its first column or so many pixels from the left."""
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box is not None
    found.page.mouse.click(box["x"] + at, box["y"] + _ROW * row + _ROW / 2)
