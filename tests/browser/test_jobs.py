"""A run in a real browser: its progress on the Jobs page, stopped there, the sentence after."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs import RUN, enqueue, migrate_jobs
from core.services.accounts import SYSTEM
from tests.browser.conftest import Instance, click, settled

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def slow_worker(instance: Instance) -> Iterator[None]:
    """A real worker for which a run named `slow-600-…` takes a minute."""
    migrate_jobs(instance.store.settings)
    command = [sys.executable, "-m", "tests.contract.driven_worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=instance.environment, start_new_session=True)
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_is_seen_stopped_and_read_of(
    instance: Instance, slow_worker: None, signed_in: Page
) -> None:
    company = instance.store.tenant_store(instance.tenant)
    enqueue(company, SYSTEM, RUN, "slow-600-a")
    page = signed_in
    page.goto("/jobs")
    expect(page.get_by_text("Slowly:").first).to_be_visible()
    expect(page.get_by_text("min left").or_(page.get_by_text("minute left"))).to_be_visible()
    click(page, "Stop")
    page.get_by_role("button", name="Stop this job").click()
    expect(page.get_by_text("Nothing is being worked on")).to_be_visible()
    page.goto("/jobs?state=stopped&lang=fr")
    expect(page.get_by_text("Ce qui est terminé")).to_be_visible()
    settled(page)
    table = page.get_by_role("region", name="Tâches terminées", exact=False).first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 90, box["y"] + 53)  # its cells are drawn on a canvas
    expect(page.get_by_role("paragraph").filter(has_text="Arrêté par anne.")).to_be_visible()
