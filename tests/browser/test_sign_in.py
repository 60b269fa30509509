"""Signing in and out in a real browser, on a server that has served nothing before."""

from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, Request, expect

from core.services import accounts
from core.services.accounts import Role
from core.services.sign_in import SESSION_COOKIE
from tests.browser.conftest import PASSWORD, Instance, settled, sign_in, submit

RUN_FILE = "/export/runs/5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11/reco_output.csv"


def test_a_deep_link_shows_the_form_and_leads_back_after_it(page: Page, instance: Instance) -> None:
    page.goto("/runs?view=last")
    settled(page)
    expect(page.get_by_role("heading")).to_have_text(["Sign in"])
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(page.get_by_test_id("stFormSubmitButton")).to_have_count(1)
    expect(page.get_by_test_id("stButton")).to_have_count(0)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    sign_in(page)
    assert page.url == f"{instance.base_url}/runs?view=last"
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_a_wrong_password_stays_at_the_form(page: Page) -> None:
    page.goto("/")
    submit(page, "anne", "not the password")
    expect(page.get_by_text("The user name or the password is not right.")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] == SESSION_COOKIE]


def test_the_session_outlives_a_reload_and_ends_with_sign_out(
    page: Page, instance: Instance
) -> None:
    page.goto("/exports")
    sign_in(page)
    page.reload()
    settled(page)
    expect(page.get_by_role("heading", name="Exports", exact=True)).to_be_visible()
    (cookie,) = (found for found in page.context.cookies() if found["name"] == SESSION_COOKIE)
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert export_status(instance, cookie["value"]) == 404
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text(["Sign in"])
    assert export_status(instance, cookie["value"]) == 401
    page.wait_for_url(f"{instance.base_url}/")
    assert SESSION_COOKIE not in {found["name"] for found in page.context.cookies()}


def export_status(instance: Instance, token: str) -> int:
    """The answer for a run that does not exist: 404 to who is signed in, 401 to anybody else."""
    url = f"{instance.base_url}{RUN_FILE}"
    return requests.get(url, cookies={SESSION_COOKIE: token}, timeout=10).status_code


def test_another_window_loses_its_session_with_the_first(signed_in: Page) -> None:
    other = signed_in.context.new_page()
    other.goto("/qc")
    settled(other)
    expect(other.get_by_role("heading", name="Quality control", exact=True)).to_be_visible()
    signed_in.get_by_role("button", name="Sign out").click()
    expect(signed_in.get_by_role("heading")).to_have_text(["Sign in"])
    other.get_by_role("link", name="Runs").click()
    expect(other.get_by_role("heading")).to_have_text(["Sign in"])


@pytest.mark.parametrize(
    ("path", "title"), [("/", "Home"), ("/upload", "Upload"), ("/qc", "Quality control")]
)
def test_a_page_answers_under_its_own_address(signed_in: Page, path: str, title: str) -> None:
    signed_in.goto(path)
    settled(signed_in)
    expect(signed_in.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(signed_in.get_by_role("dialog")).to_have_count(0)


def test_the_browser_asks_nobody_else_for_anything(page: Page, instance: Instance) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto("/")
    sign_in(page)
    ours = urlsplit(instance.base_url).netloc
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {ours}


def test_the_chosen_language_is_there_again_in_the_next_window(
    page: Page, instance: Instance, browser: Browser
) -> None:
    accounts.create_user(instance.store, instance.tenant, "bob", PASSWORD, Role.VIEWER)
    page.goto("/")
    sign_in(page, "bob")
    page.get_by_test_id("stSidebar").get_by_role("combobox").click()
    page.get_by_role("option", name="Français").click()
    language = page.get_by_test_id("stSidebar").get_by_role("combobox")
    expect(language).to_have_value("Français")
    settled(page)
    with browser.new_context(base_url=instance.base_url, locale="en-GB") as context:
        later = context.new_page()
        later.goto("/")
        sign_in(later, "bob")
        expect(later.get_by_test_id("stSidebar").get_by_role("combobox")).to_have_value("Français")
