"""Users, the own account, first passwords, codes and companies, in a real browser."""

from base64 import b32decode
from time import time

from playwright.sync_api import Browser, Page, expect

from core.services import accounts, own_account, users
from core.services.accounts import SYSTEM, Role
from core.services.api_tokens import list_tokens, revoke_token
from core.services.second_factor import STEP_SECONDS, code_at
from core.services.sign_in import SESSION_COOKIE
from core.store.identity import new_id
from tests.browser.conftest import (
    PASSWORD,
    Instance,
    begin_session,
    click,
    settled,
    submit,
)

OWN = "my own long password"


def test_a_user_is_added_and_signs_in_with_a_password_of_her_own(
    page: Page, instance: Instance, browser: Browser
) -> None:
    begin_session(page, instance)
    page.goto("/users")
    click(page, "Add a user")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("User name", exact=True).fill("Lea")
    dialog.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(dialog.get_by_text("It is shown once.")).to_be_visible()
    password = dialog.get_by_test_id("stCode").nth(1).inner_text().strip()
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text(password)).to_have_count(0)
    with browser.new_context(base_url=instance.base_url, locale="en-GB") as context:
        lea = context.new_page()
        lea.goto("/users")
        submit(lea, "lea@isavigne", password)
        lea.get_by_label("New password", exact=True).fill(OWN)
        lea.get_by_label("New password again").fill(OWN)
        click(lea, "Go on")
        lea.get_by_test_id("stSidebarNav").wait_for()
        settled(lea)
        expect(lea.get_by_text("Your role does not permit this.")).to_be_visible()
        expect(lea.get_by_role("link", name="Users")).to_have_count(0)
        expect(lea.get_by_role("link", name="My account")).to_be_visible()


def test_a_token_made_on_the_page_opens_the_api_until_it_is_revoked(
    page: Page, instance: Instance
) -> None:
    begin_session(page, instance)
    page.goto("/users")
    click(page, "Make a token")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("scheduler")
    dialog.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    secret = dialog.get_by_test_id("stCode").inner_text().strip()
    called = {"Authorization": f"Bearer {secret}"}
    assert page.request.get("/reco/runs", headers=called).ok
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    company = instance.store.tenant_store(instance.tenant)
    (token,) = list_tokens(company, SYSTEM)
    revoke_token(company, SYSTEM, token.token_id)
    assert page.request.get("/reco/runs", headers=called).status == 401
    page.goto("/docs")
    expect(page.get_by_text("/brevo/send_batch")).to_be_visible()


def test_a_second_factor_is_set_up_and_asked_for(
    page: Page, instance: Instance, browser: Browser
) -> None:
    name = f"u{new_id()[:8]}"
    accounts.create_user(instance.store, instance.tenant, name, PASSWORD, Role.VIEWER)
    begin_session(page, instance, name)
    page.goto("/account")
    settled(page)
    page.get_by_label("Present password").nth(1).fill(PASSWORD)
    click(page, "Set it up")
    key = page.get_by_test_id("stCode").first
    secret = b32decode("".join(key.inner_text().split()))
    picture = page.get_by_alt_text("QR code of the key")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    step = int(time()) // STEP_SECONDS
    page.get_by_label("Code", exact=True).fill(code_at(secret, step - 1))
    click(page, "Switch it on")
    expect(page.get_by_text("These recovery codes are shown once.")).to_be_visible()
    recovery = page.get_by_test_id("stCode").first.inner_text().split()[0]
    with browser.new_context(base_url=instance.base_url, locale="en-GB") as context:
        again = context.new_page()
        again.goto("/account")
        submit(again, name, PASSWORD)
        again.get_by_label("Code", exact=True).fill("000000")
        click(again, "Go on")
        expect(again.get_by_text("This code is not right")).to_be_visible()
        again.get_by_label("Code", exact=True).fill(recovery)
        click(again, "Go on")
        expect(again.get_by_text("9 recovery codes are left")).to_be_visible()


def test_a_company_is_chosen_and_changed_with_another_session(
    page: Page, instance: Instance
) -> None:
    name = f"u{new_id()[:8]}"
    actor = accounts.create_user(instance.store, instance.tenant, name, PASSWORD, Role.VIEWER)
    key = f"shop-{new_id()[:8]}"
    shop = instance.store.tenant_store(
        accounts.create_tenant(instance.store, key, "Wine Shop", "en")
    )
    users.invite(shop, SYSTEM, name, Role.ADMIN)
    own_account.accept_invitation(instance.store, actor, shop.tenant_id)
    page.goto("/runs")
    submit(page, name, PASSWORD)
    page.get_by_text("Wine Shop").click()
    click(page, "Go on")
    page.get_by_test_id("stSidebarNav").wait_for()
    settled(page)
    expect(page.get_by_role("link", name="Users")).to_be_visible()
    before = token_of(page)
    other = page.context.new_page()
    other.goto("/users")
    settled(other)
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option", name="Domaine Isavigne").click()
    expect(page.get_by_test_id("stSidebar").get_by_text("Domaine Isavigne ·")).to_be_visible()
    settled(page)
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    assert token_of(page) != before
    other.get_by_role("link", name="Runs").click()
    expect(other.get_by_role("heading")).to_have_text(["Sign in"])


def token_of(page: Page) -> str:
    (found,) = (one["value"] for one in page.context.cookies() if one["name"] == SESSION_COOKIE)
    return str(found)
