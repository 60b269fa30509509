"""The whole path by mouse: sign in, upload, answer, load, run, check, prepare, rehearse, download.

With IACRM_PICTURES=1 it also draws the pictures of docs/pictures anew.
"""

import csv
import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, click, drop, metric, settled
from tests.browser.pictures import PICTURES, are_wanted, take_picture

MESSY = sorted((ROOT / "samples" / "messy").glob("*.csv"))
COUNTS = json.loads((ROOT / "samples" / "messy" / "expected" / "counts.json").read_text())
AS_OF = {"year": "2026", "month": "10", "day": "31"}


def test_from_messy_files_to_a_rehearsed_campaign_and_the_files(
    signed_in: Page, worker: None, tmp_path: Path
) -> None:
    page = signed_in
    _upload(page)
    _answer_and_review(page)
    _load(page)
    _run(page)
    _check_quality(page)
    _review(page)
    _prepare_and_rehearse(page)
    _download(page, tmp_path)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _upload(page: Page) -> None:
    click(page, "Drop your files")
    expect(page.get_by_role("heading", name="Upload")).to_be_visible()
    drop(page, *MESSY)
    _type_day(page, "Date of the export")
    click(page, "Look at the files")
    expect(page.get_by_text("What the files leave open")).to_be_visible()
    _picture(page, "upload-recognise")


def _answer_and_review(page: Page) -> None:
    page.get_by_test_id("stRadio").get_by_text("20%", exact=True).click()
    click(page, "Answer and look again")
    expect(metric(page, "Rows read")).to_be_visible()
    settled(page)
    rows = sum(counts["rows_in"] for counts in COUNTS.values())
    expect(metric(page, "Rows read")).to_have_text(f"{rows:,}")
    expect(page.get_by_text("every row is accounted for")).to_be_visible()
    expect(page.get_by_text("Rows with a remark, by reason")).to_be_visible()
    _picture(page, "upload-review")


def _load(page: Page) -> None:
    loaded = metric(page, "Loaded").inner_text()
    click(page, f"Load {loaded} rows")
    expect(page.get_by_text(f"{loaded} rows are loaded.")).to_be_visible()
    click(page, "Go to the runs")


def _run(page: Page) -> None:
    expect(page.get_by_text("Your files are loaded.")).to_be_visible()
    click(page, "Launch a run")
    dialog = page.get_by_role("dialog")
    _type_day(page, "As-of date")
    expect(dialog.get_by_text("as if today were 31 October 2026")).to_be_visible()
    dialog.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("Twenty customers as a sample")).to_be_visible()
    expect(metric(page, "Customers")).to_have_text("2,000")
    settled(page)
    _picture(page, "run")
    click(page, "Check its quality")


def _check_quality(page: Page) -> None:
    expect(page.get_by_text("How are the audit scores spread?")).to_be_visible()
    settled(page)
    _picture(page, "quality")
    _click_bar(page.locator("[class*=st-key-qc_issues] .barlayer .point path").first)
    expect(page.get_by_role("button", name="Rule: No usable address")).to_be_visible()
    settled(page)
    _click_cell(page.get_by_test_id("stDataFrame").first, row=1)
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("What is proposed, and why?")).to_be_visible()
    expect(drawer.get_by_text("The e-mail address is blank or malformed.")).to_be_visible()
    settled(page)
    _picture(page, "customer")


def _review(page: Page) -> None:
    """Reject the first item of the opened customer, and see the list as the worker leaves it."""
    drawer = page.get_by_role("dialog")
    items = drawer.get_by_test_id("stDataFrame").first
    product = items.get_by_test_id("glide-cell-2-0")
    expect(product).not_to_be_empty()
    rejected = product.inner_text()
    _click_cell(items, row=1, x=200)
    drawer.get_by_text("Reject", exact=True).click()
    settled(page)
    why = drawer.get_by_label("Why, in a few words").last
    why.fill("Sold to the restaurant")
    why.press("Tab")
    click(page, "Reject this product")
    expect(drawer.get_by_text("Applied in review 1")).to_be_visible()
    settled(page)
    expect(product).not_to_have_text(rejected)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page.get_by_text("These are the lists of review 1")).to_be_visible()
    settled(page)
    _picture_review(page)


def _prepare_and_rehearse(page: Page) -> None:
    click(page, "Prepare a campaign")
    expect(page.get_by_text("Who is left after each step?")).to_be_visible()
    settled(page)
    click(page, "Prepare ", is_exact=False)
    expect(page.get_by_text("How will the first messages look?")).to_be_visible()
    settled(page)
    message = page.frame_locator("iframe[title='The message as it will look']")
    expect(message.frame_locator("iframe").get_by_text("Domaine Isavigne").first).to_be_visible()
    click(page, "Dry run to ", is_exact=False)
    click(page, "Start the dry run")
    expect(page.get_by_text("5. Send")).to_be_visible()
    expect(metric(page, "To come")).to_have_text("0")
    expect(page.get_by_role("button", name="Dry run to ")).to_have_count(0)
    expect(metric(page, "Difference")).to_have_text("0")
    assert metric(page, "Worked through, dry").inner_text() != "0"
    settled(page)
    _picture(page, "campaign")


def _download(page: Page, folder: Path) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Exports").click()
    expect(page.get_by_text("run_summary_reviewed.json").first).to_be_visible()
    settled(page)
    _picture(page, "exports")
    cards = page.locator("[class*=st-key-card_]")
    expect(cards).to_have_count(6)
    for place in range(5):
        link = cards.nth(place).get_by_role("link", name="Download").first
        with page.expect_download() as waiting:
            link.click()
        waiting.value.save_as(folder / waiting.value.suggested_filename)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "call_list.csv",
        "reco_output_reviewed.csv",
        "audit_output_reviewed.csv",
        "next_action_output_reviewed.csv",
        "run_summary_reviewed.json",
    }
    with (folder / "next_action_output_reviewed.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 2000
    summary = json.loads((folder / "run_summary_reviewed.json").read_text())
    assert (summary["as_of"], summary["review"]) == ("2026-10-31", 1)
    address = f"/export/runs/{summary['run_id']}/reco_output.csv?version=original"
    original = page.context.request.get(address).text()
    reviewed = (folder / "reco_output_reviewed.csv").read_text()
    changed = set(reviewed.splitlines()) ^ set(original.splitlines())
    assert len({line.split(",")[1] for line in changed}) == 1
    with page.expect_popup() as opening:
        cards.nth(5).get_by_role("link", name="Open the report").click()
    _read_report(opening.value)


def _read_report(report: Page) -> None:
    """The report in its window: nothing is refused by its policy, it fits a phone, it prints."""
    refused: list[str] = []
    report.on("console", lambda message: refused.append(message.text))
    report.wait_for_load_state()  # a window that is still on its way cannot be reloaded
    report.reload()
    expect(report.get_by_role("heading", name="Domaine Isavigne")).to_be_visible()
    expect(report.locator("svg.chart")).to_have_count(5)
    bar = report.locator("svg.chart rect.bad").first
    assert "url(" in bar.evaluate("bar => getComputedStyle(bar).fill")
    report.get_by_text("The figures behind this chart").first.click()
    expect(report.get_by_role("columnheader", name="blocked").first).to_be_visible()
    report.set_viewport_size({"width": 390, "height": 844})
    assert report.evaluate("document.documentElement.scrollWidth") == 390
    assert report.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert refused == []
    report.close()


def _type_day(page: Page, label: str) -> None:
    """Type the as-of day, part by part, into a date field."""
    field = page.get_by_test_id("stDateInput").filter(has_text=label)
    for part, digits in AS_OF.items():  # the month first: a day must exist in it
        segment = field.get_by_role("spinbutton", name=part)
        segment.focus()
        segment.press_sequentially(digits)
    page.keyboard.press("Escape")  # the calendar opens by itself
    expect(page.locator("#stFloatingOverlayPortal").get_by_role("grid")).to_have_count(0)
    settled(page)


def _click_bar(bar: Locator) -> None:
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    bar.page.mouse.click(box["x"] + min(10, box["width"] / 2), box["y"] + box["height"] / 2)


def _click_cell(table: Locator, *, row: int, x: int = 90) -> None:
    """Click a row (from 1) of a table, which is drawn on a canvas, `x` from its left."""
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    table.page.mouse.click(box["x"] + x, box["y"] + 35 * row + 18)


def _picture_review(page: Page) -> None:
    """Draw the desk as it is for a few customers, and an item opened on a phone."""
    if not are_wanted():
        return
    page.goto("/qc?rule=LOW_DIVERSITY")
    expect(page.get_by_text("Sold to the restaurant")).to_have_count(0)
    settled(page)
    page.get_by_text("Which customers have the lowest scores?").evaluate(
        "heading => heading.scrollIntoView()"
    )
    _picture(page, "review")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/qc?customer=C00470")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("What is proposed, and why?")).to_be_visible()
    settled(page)
    _click_cell(drawer.get_by_test_id("stDataFrame").first, row=1, x=150)
    drawer.get_by_text("Replace", exact=True).click()
    expect(drawer.get_by_text("Candidates of the run")).to_be_visible()
    settled(page)
    drawer.get_by_text("Your decision on this product").evaluate("label => label.scrollIntoView()")
    page.mouse.move(0, 0)
    _picture(page, "review-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/qc")
    settled(page)


def _picture(page: Page, name: str) -> None:
    if are_wanted():
        page.wait_for_timeout(1500)
        take_picture(page, PICTURES / f"{name}.png")
