"""The results of a live campaign on its page: every verdict in a sentence."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.services.accounts import Role
from core.store.tenant import TenantStore
from tests.contract.campaign_data import NOW, Person, deliveries_of
from tests.contract.live_data import Clock
from tests.contract.results_data import (
    export_sales,
    prepare_held_out,
    sell,
    send_all,
    send_at_once,
)
from tests.pages.conftest import Look, World, add_company, metrics, sentences

PEOPLE = [Person(code=f"C{n:03}", email=f"person{n}@example.com") for n in range(120)]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def sent(world: World, clock: Clock) -> Iterator[tuple[TenantStore, str]]:
    """A company whose only campaign is sent, a third held out."""
    with pytest.MonkeyPatch.context() as patch:
        company = add_company(world.store, "sender", {"sonia": Role.ANALYST})
        send_at_once(world.store, clock, patch)
        campaign_id = prepare_held_out(company, PEOPLE, 0.3)
        send_all(company, campaign_id, clock)
        yield company, campaign_id


def test_the_page_says_what_can_be_said(
    world: World, look: Look, clock: Clock, sent: tuple[TenantStore, str]
) -> None:
    company, campaign_id = sent
    page = look("campaigns", "sonia", campaign=campaign_id)
    assert not page.exception
    assert metrics(page)["Sent"] == "84"
    assert "purchases count until 16 March 2026" in sentences(page)
    for customer in sorted(deliveries_of(company, campaign_id))[:30]:
        sell(company, customer, 5000)
    clock.moment = NOW + timedelta(days=20)
    export_sales(company, clock.moment, clock.moment.date())
    page = look("campaigns", "sonia", campaign=campaign_id)
    text = sentences(page)
    assert "Of 84 customers of the campaign 30 bought within 14 days, of 36 held out 0." in text
    assert "More customers bought than without: 35.7 points" in text
    page.toggle(key="results_pooled").set_value(True).run()
    assert not page.exception
    assert "Each campaign weighs by how exactly" in sentences(page)
    assert len(page.get("plotly_chart")) == 4
    page = look("insights", "sonia", view="campaigns")
    assert not page.exception
    assert "More customers bought than without: 35.7 points" in sentences(page)
    (row,) = page.dataframe[-1].value.to_dict("records")
    assert (row["sent"], row["difference"], row["left"]) == (84, "35.7 points", 0)


def test_without_held_out_customers_nothing_is_claimed(
    look: Look, clock: Clock, sent: tuple[TenantStore, str]
) -> None:
    company, _campaign = sent
    persons = [Person(code=f"D{n}", email=f"person{n}@example.org") for n in range(3)]
    campaign_id = prepare_held_out(company, persons, 0)
    assert "What did it do?" not in sentences(look("campaigns", "sonia", campaign=campaign_id))
    send_all(company, campaign_id, clock)
    text = sentences(look("campaigns", "sonia", campaign=campaign_id))
    assert "Not enough data: nobody was held out" in text
    assert "Of 3 customers of the campaign 0 bought" in text
