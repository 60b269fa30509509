"""Campaigns with a template kept at Brevo: chosen, looked at, and what the page says of it."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.services.campaign_reports import status_of
from tests.contract.brevo_double import BrevoDouble, refusal, serve_brevo
from tests.contract.live_data import go_live
from tests.pages.conftest import Look, World, let_prepare, sentences

HTML = "<script>alert(1)</script><b>{{ params.greeting }}</b>{{ params.unsubscribe_url }}"


@pytest.fixture
def double(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrevoDouble]:
    """The double that an instance which sends asks."""
    with serve_brevo() as running:
        go_live(world.store, monkeypatch, brevo_base_url=running.base_url)
        yield running


def at_brevo(world: World, look: Look) -> AppTest:
    page = look("campaigns", run=world.run_id)
    return page.radio(key="campaign_template").set_value("brevo").run()


def test_a_dry_page_takes_a_number_unchecked_and_shows_what_the_template_is_given(
    world: World, look: Look
) -> None:
    page = at_brevo(world, look)
    assert page.button(key="campaign_prepare").disabled
    assert "is not checked" in sentences(page)
    page.number_input(key="campaign_brevo_number").set_value(41).run()
    page = let_prepare(world.small, page.button(key="campaign_prepare").click().run())
    assert not page.exception
    assert status_of(world.small, str(page.query_params["campaign"])).template == "brevo:41"
    said = sentences(page)
    assert "Brevo template 41" in said
    assert "what its template says was not asked" in said
    assert not page.get("iframe")
    placeholders = [name for table in page.dataframe for name in table.value.get("name", [])]
    assert {"params.greeting", "params.products.0.reason", "params.unsubscribe_url"} <= {
        *placeholders
    }
    assert '"templateId": 41' in "".join(str(code.value) for code in page.code)


def test_a_page_that_may_ask_offers_active_templates_and_shows_one_without_its_scripts(
    world: World, look: Look, double: BrevoDouble
) -> None:
    double.account.add_template("Old", active=False)
    number = double.account.add_template("Spring", HTML)
    page = at_brevo(world, look)
    offered = page.selectbox(key="campaign_brevo_template")
    assert offered.options == ["Spring: Subject of Spring"]
    offered.set_value(f"brevo:{number}").run()
    page = let_prepare(world.small, page.button(key="campaign_prepare").click().run())
    assert not page.exception
    said = sentences(page)
    assert "Subject: Subject of Spring" in said
    assert "Approximate" in said
    assert "leaves out params\\.products" in said
    frame = page.get("iframe")[0].proto.srcdoc
    assert '<iframe sandbox="" ' in frame
    assert "&lt;b&gt;Bonjour" in frame
    assert "<script" not in frame


def test_where_brevo_does_not_answer_nothing_can_be_prepared(
    world: World, look: Look, double: BrevoDouble
) -> None:
    double.behave(refusal(401, "unauthorized"), operation="getSmtpTemplates")
    page = at_brevo(world, look)
    assert "Brevo refuses the key" in sentences(page)
    assert page.button(key="campaign_prepare").disabled
