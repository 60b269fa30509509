"""Sending files from the page: progress, a line that breaks, a reload, and what is refused."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Locator, Page, Request, expect

from tests.browser.conftest import Instance, settled

MB = 1_000_000
LARGE = b"document_id;product_key;client_code;quantity;amount;sale_date\n" + (
    b"F2026-000001;RGE-2019;C000001;6;59,40;14/03/2026\n" * 1_224_000
)
SMALL = b"client_code;email\nC000001;claire@example.com\n"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Sixty megabytes of sales, and one client."""
    paths = [tmp_path / "ventes.csv", tmp_path / "clients.csv"]
    for path, content in zip(paths, (LARGE, SMALL), strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture
def signed_in(signed_in: Page) -> Page:
    """The page of uploads, which is not the first that a user sees."""
    signed_in.goto("/upload")
    return signed_in


@pytest.fixture
def line(signed_in: Page) -> Iterator[CDPSession]:
    """The network of the window, to be slowed down."""
    session = signed_in.context.new_cdp_session(signed_in)
    session.send("Network.enable")
    yield session
    session.detach()


@pytest.fixture(autouse=True)
def _nothing_left(instance: Instance) -> Iterator[None]:
    yield
    for path in kept(instance):
        path.unlink()


def slow_down(line: CDPSession, bytes_per_second: int, *, offline: bool = False) -> None:
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1}
    line.send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": bytes_per_second}
    )


def kept(instance: Instance) -> list[Path]:
    return sorted((instance.store.settings.data_dir / instance.tenant.key / "uploads").glob("*"))


def sums(instance: Instance) -> dict[str, str | None]:
    found = [json.loads(path.read_text()) for path in kept(instance) if path.suffix == ".json"]
    return {described["name"]: described["sha256"] for described in found}


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name)


def choose(page: Page, *paths: Path) -> None:
    settled(page)
    page.locator("input[type=file]").set_input_files(list(paths))


def percent_of(page: Page, name: str) -> int:
    return int(row(page, name).get_by_role("progressbar").get_attribute("aria-valuenow") or 0)


def wait_for_percent(page: Page, name: str, least: int) -> None:
    bar = row(page, name).get_by_role("progressbar")
    for _turn in range(300):
        if int(bar.get_attribute("aria-valuenow") or 0) >= least:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{name} did not reach {least} %")


def peak_memory(pid: int) -> int:
    """Return the most memory a process has held, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def test_several_files_are_sent_with_progress_and_flat_memory(
    signed_in: Page, line: CDPSession, files: list[Path], instance: Instance
) -> None:
    page = signed_in
    choose(page, files[1])  # what a first upload costs is not what a large one costs
    expect(row(page, "clients.csv")).to_contain_text("Complete")
    page.get_by_role("button", name="Remove: clients.csv").click()
    expect(row(page, "clients.csv")).to_have_count(0)
    before = peak_memory(instance.web_pid)
    slow_down(line, 20 * MB)
    choose(page, *files)
    expect(row(page, "ventes.csv")).to_contain_text(
        re.compile(r"\d+%: \d.* of 60 MB, \d.* MB/s, about \d+ sec left")
    )
    expect(row(page, "clients.csv")).to_contain_text("Waits for its turn")
    seen = {percent_of(page, "ventes.csv")}
    for least in (25, 50, 75):
        wait_for_percent(page, "ventes.csv", least)
        seen.add(percent_of(page, "ventes.csv"))
    assert len(seen) >= 3
    for path in files:
        expect(row(page, path.name)).to_contain_text("Complete")
    assert peak_memory(instance.web_pid) - before < 30 * MB
    assert sums(instance) == {
        "ventes.csv": hashlib.sha256(LARGE).hexdigest(),
        "clients.csv": hashlib.sha256(SMALL).hexdigest(),
    }


def test_after_a_reload_the_same_file_goes_on_where_it_stood(
    signed_in: Page, line: CDPSession, files: list[Path], instance: Instance
) -> None:
    page = signed_in
    slow_down(line, 10 * MB)
    choose(page, files[0])
    wait_for_percent(page, "ventes.csv", 30)
    page.reload()
    expect(row(page, "ventes.csv")).to_contain_text("Choose the same file again")
    slow_down(line, -1)
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.url.partition("offset=")[2]))

    page.on("request", note)
    choose(page, files[0])
    expect(row(page, "ventes.csv")).to_contain_text("Complete")
    assert offsets[0] >= 0.3 * len(LARGE) - 2 * MB  # what the browser had sent, the line may hold
    assert sums(instance) == {"ventes.csv": hashlib.sha256(LARGE).hexdigest()}


def test_a_broken_line_is_waited_for_and_gone_on_with(
    signed_in: Page, line: CDPSession, files: list[Path], instance: Instance
) -> None:
    page = signed_in
    slow_down(line, 20 * MB)
    choose(page, files[0])
    wait_for_percent(page, "ventes.csv", 20)
    slow_down(line, -1, offline=True)
    expect(row(page, "ventes.csv")).to_contain_text("It goes on by itself")
    slow_down(line, -1)
    expect(row(page, "ventes.csv")).to_contain_text("Complete")
    assert sums(instance) == {"ventes.csv": hashlib.sha256(LARGE).hexdigest()}


def test_sending_goes_on_while_another_page_is_looked_at_and_can_be_cancelled(
    signed_in: Page, line: CDPSession, files: list[Path], instance: Instance
) -> None:
    page = signed_in
    slow_down(line, 8 * MB)
    choose(page, files[0])
    wait_for_percent(page, "ventes.csv", 10)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs").click()
    settled(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Upload").click()
    wait_for_percent(page, "ventes.csv", 15)
    cancel = page.get_by_role("button", name="Cancel: ventes.csv")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(row(page, "ventes.csv")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    page.wait_for_timeout(500)
    assert kept(instance) == []


def test_what_is_too_large_is_refused_at_once_and_stays_named(
    signed_in: Page, files: list[Path], tmp_path: Path
) -> None:
    page = signed_in
    huge = tmp_path / "tout.csv"
    with huge.open("wb") as stream:
        stream.truncate(2_100 * MB)
    choose(page, huge, files[1])
    expect(row(page, "tout.csv")).to_contain_text("tout.csv is larger than 2048 MB")
    expect(row(page, "clients.csv")).to_contain_text("Complete")
    page.get_by_role("button", name="Look at the files").click()
    expect(page.get_by_text("Not every file is here yet")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Remove: clients.csv").click()
    page.get_by_role("button", name="Remove: tout.csv").click()
    expect(page.get_by_text("No file was chosen")).to_be_visible()
