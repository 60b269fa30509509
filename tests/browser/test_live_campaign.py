"""A campaign that is sent to a double of Brevo: prepared live, confirmed, followed, decided.

With IACRM_PICTURES=1 it also draws its pictures of docs/pictures anew.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.services.accounts import SYSTEM
from core.services.campaign_doubts import note_reading
from core.services.prepare_campaign import prepare
from core.services.reconcile_campaign import reconcile
from core.services.send_dry import send_dry
from core.store.doubtful import SeenEvent
from core.store.tenant import TenantStore
from tests.browser.conftest import Instance, click, metric, settled
from tests.browser.pictures import PICTURES, are_wanted, take_picture
from tests.contract.brevo_double import ERROR, BrevoDouble, serve_brevo
from tests.contract.campaign_data import Person, fill_run, people
from tests.contract.live_data import LIVE_SETTINGS

PEOPLE = 60
CROWD = 200
UNLUCKY = "person7@example.com"


@pytest.fixture(scope="module")
def brevo() -> Iterator[BrevoDouble]:
    serving = serve_brevo()
    with ThreadPoolExecutor(1) as aside:  # the browser's own event loop runs in this thread
        double = aside.submit(serving.__enter__).result()
        double.behave(ERROR, email=UNLUCKY, times=3)
        yield double
        aside.submit(serving.__exit__, None, None, None).result()


@pytest.fixture(scope="module")
def more_environment(brevo: BrevoDouble) -> dict[str, str]:
    named = {name.upper(): value for name, value in LIVE_SETTINGS.items()}
    return {
        **named,
        "BREVO_API_KEY": brevo.key,
        "BREVO_BASE_URL": brevo.base_url,
        "BREVO_IN_FLIGHT": "8",
    }


def test_two_tabs_a_double_click_and_a_click_elsewhere_send_to_each_once(
    signed_in: Page, instance: Instance, worker: None, brevo: BrevoDouble
) -> None:
    page, tenant = signed_in, instance.store.tenant_store(instance.tenant)
    crowd = [Person(code=f"D{n:05}", email=f"crowd{n}@example.com") for n in range(CROWD)]
    page.goto(f"/campaigns?campaign={_rehearsed(tenant, crowd)}")
    click(page, "Prepare it live")
    expect(page.get_by_text("LIVE: real people are written to")).to_be_visible()
    address, other = page.url, page.context.new_page()
    other.goto(address)
    with _slow(brevo):
        question, other_question = _ask(page, CROWD), _ask(other, CROWD)
        question.dblclick()
        other_question.click()
        expect(page.get_by_text("You can leave this page")).to_be_visible()
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs").click()
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        other.goto("/qc")
        for tab in (page, other):
            tab.goto(address)
            expect(tab.get_by_text("You can leave this page")).to_be_visible()
            expect(metric(tab, "Sent")).not_to_have_text("0")
    for tab in (page, other):
        expect(tab.get_by_text("Sent: everything that was planned")).to_be_visible()
        expect(metric(tab, "Sent")).to_have_text(str(CROWD))
    assert _taken(brevo, "crowd") == {person.email: 1 for person in crowd}
    assert len({entry.key for entry in brevo.ledger.requests()}) == CROWD
    other.close()


@contextmanager
def _slow(brevo: BrevoDouble) -> Iterator[None]:
    """Let a send to the crowd outlast what is done meanwhile, and no more."""
    brevo.latency_seconds = 3.0
    yield
    brevo.latency_seconds = 0.0


def _taken(brevo: BrevoDouble, begin: str) -> dict[str | None, int]:
    """Return how many messages those were sent whose address begins so."""
    taken = brevo.ledger.acceptances()
    return {email: times for email, times in taken.items() if email.startswith(begin)}


def test_a_rehearsed_campaign_goes_out_once_to_each_and_what_is_unsure_is_decided(
    signed_in: Page, instance: Instance, worker: None, brevo: BrevoDouble
) -> None:
    page, tenant = signed_in, instance.store.tenant_store(instance.tenant)
    page.goto(f"/campaigns?campaign={_rehearsed(tenant, people(PEOPLE))}")
    click(page, "Prepare it live")
    expect(page.get_by_text("LIVE: real people are written to")).to_be_visible()
    brevo.latency_seconds = 0.4
    _ask(page, PEOPLE).click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    expect(metric(page, "Sent")).not_to_have_text("0")
    _picture(page, "campaign-live")
    expect(page.get_by_text("Sent: everything that was planned")).to_be_visible()
    expect(metric(page, "Sent")).to_have_text(str(PEOPLE - 1))
    expect(metric(page, "Difference")).to_have_text("0")
    _hand_over(tenant, parse_qs(urlsplit(page.url).query)["campaign"][0])
    page.reload()
    _send_again(page)
    expect(metric(page, "Sent")).to_have_text(str(PEOPLE))
    assert _taken(brevo, "person") == {person.email: 1 for person in people(PEOPLE)}
    expect(page.get_by_test_id("stException")).to_have_count(0)


def _rehearsed(tenant: TenantStore, persons: Sequence[Person]) -> str:
    campaign_id = prepare(tenant, SYSTEM, fill_run(tenant, persons), "discovery", 200)
    send_dry(tenant, campaign_id)
    return campaign_id


def _ask(page: Page, recipients: int) -> Locator:
    """Open the question for the number, answer it, and return the button that sends."""
    click(page, f"Send to {recipients} people")
    page.get_by_label("Type the number of recipients").fill(str(recipients))
    return page.get_by_test_id("stPopoverBody").get_by_role("button", name="Send to ")


def _hand_over(tenant: TenantStore, campaign_id: str) -> None:
    """Read events twice, 40 minutes apart, that do not name the unsure message."""
    now = tenant.store.now()
    for moment in (now, now + timedelta(minutes=40)):
        tenant.store.now = partial(_same, moment)
        brought = reconcile(tenant, SYSTEM, campaign_id, NoEvents())
        note_reading(tenant, campaign_id, brought)


def _same(moment: datetime) -> datetime:
    return moment


class NoEvents:
    """Events of a Brevo that took nothing."""

    def events_under(self, _tag: str, _limit: int, _offset: int) -> Sequence[SeenEvent]:
        """Return none."""
        return ()


def _send_again(page: Page) -> None:
    expect(page.get_by_text("1 message waits for you to decide")).to_be_visible()
    settled(page)
    page.get_by_text("Of which messages is nobody sure?").evaluate("it => it.scrollIntoView()")
    _picture(page, "campaign-review")
    why = page.get_by_label("Why, in a few words")
    why.fill("Not in the account at Brevo")
    why.press("Tab")
    click(page, "Send it again")
    click(page, "Send it again all the same")
    click(page, "Resume for 1 person")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Resume for ").click()
    expect(page.get_by_text("Sent: everything that was planned")).to_be_visible()


def _picture(page: Page, name: str) -> None:
    if are_wanted():
        take_picture(page, PICTURES / f"{name}.png")
