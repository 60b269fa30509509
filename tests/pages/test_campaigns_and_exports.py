"""Campaigns: audience, prepare, check, rehearse. Exports: the files and their addresses."""

from dataclasses import replace

import pytest

from core.jobs import SEND, job_of
from core.outreach.audience import SHARED_ADDRESS, Audience, Loss, Step
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome
from core.services import prepare_campaign
from core.services.accounts import SYSTEM
from core.services.campaign_control import cancel, confirm_live
from core.services.campaign_reports import status_of
from core.services.export_run import CSV_NAMES, EXPORT_NAMES, REPORT_NAME, SUMMARY_NAME, export_card
from core.services.run_audience import audience_of_run
from core.services.send_dry import send_dry
from core.services.send_live import send_live
from core.store.tenant import TenantStore, utc_now
from tests.contract.live_data import Clock, FakeBrevo, go_live, said
from tests.pages.conftest import Look, World, let_prepare, metrics, sentences
from ui.views import campaigns_prepare, export_people


def test_the_button_names_how_many_messages_are_prepared(world: World, look: Look) -> None:
    recipients = audience_of_run(world.small, world.run_id).recipients
    page = look("campaigns", run=world.run_id)
    assert not page.exception
    assert page.button(key="campaign_prepare").label.split()[1] == str(recipients)
    assert page.radio[0].options[0].startswith("Discovery")


def test_the_audience_of_a_large_run_is_not_counted_anew_at_every_change(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = []

    def counted(store: TenantStore, run_id: str, share: float) -> Audience:
        shares.append(share)
        return audience_of_run(store, run_id, share)

    monkeypatch.setattr(campaigns_prepare, "LARGE", 0)
    monkeypatch.setattr(campaigns_prepare, "audience_of_run", counted)
    page = look("campaigns", run=world.run_id)
    page.slider(key="campaign_batch").set_value(260).run()
    page.number_input(key="campaign_holdout").set_value(50).run()
    assert shares == [0.0, 0.5]
    assert not page.exception


def test_a_run_that_leaves_nobody_says_why(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Loss(step=Step.GATE, reason="MISSING_EMAIL", customers=("A", "B"))
    few = Loss(step=Step.SHARED, reason=SHARED_ADDRESS, customers=("C",))
    found = audience_of_run(world.small, world.run_id)
    nobody = replace(found, recipients=0, segments={}, losses=(few, lost))
    monkeypatch.setattr(campaigns_prepare, "audience_of_run", lambda *_: nobody)
    page = look("campaigns", run=world.run_id)
    assert not page.exception
    assert "(2 customers): No usable address" in page.warning[-1].value.replace("\\", "")
    assert len(page.get("plotly_chart")) == 1


def test_prepare_check_and_rehearse(world: World, look: Look) -> None:
    page = look("campaigns", run=world.run_id)
    page = let_prepare(world.small, page.button(key="campaign_prepare").click().run())
    campaign_id = str(page.query_params["campaign"])
    status = status_of(world.small, campaign_id)
    assert metrics(page)["Planned"] == str(status.planned)
    assert metrics(page)["Difference"] == "0"
    assert len(page.selectbox(key="preview_no").options) == min(5, status.pending)
    assert "Subject: " in sentences(page)
    page.button(key="campaign_send").click().run()
    job = job_of(world.small, SEND, campaign_id)
    assert job is not None
    assert job.status == "queued"
    send_dry(world.small, campaign_id)
    page = look("campaigns", campaign=campaign_id)
    assert metrics(page)["To come"] == "0"
    assert "campaign_send" not in {button.key for button in page.button}


def test_the_message_is_shown_without_scripts_and_without_our_origin(
    world: World, look: Look
) -> None:
    page = look("campaigns", run=world.run_id)
    page = let_prepare(world.small, page.button(key="campaign_prepare").click().run())
    frame = page.get("iframe")[0].proto.srcdoc
    assert '<iframe sandbox="" ' in frame
    assert "<html" not in frame.lower()


def test_the_campaign_of_another_company_is_not_shown(world: World, look: Look) -> None:
    page = look("campaigns", run=world.run_id)
    page = let_prepare(world.small, page.button(key="campaign_prepare").click().run())
    other = look("campaigns", "emma", campaign=str(page.query_params["campaign"]))
    assert not other.exception
    assert [error.value for error in other.error] == ["There is no such campaign."]


def test_each_file_has_a_card_with_its_link_and_hash(world: World, look: Look) -> None:
    page = look("exports", run=world.run_id)
    assert not page.exception
    links = {link.url for link in page.get("link_button")}
    base = f"/export/runs/{world.run_id}"
    paths = {f"{base}/{name}" for name in EXPORT_NAMES}
    assert {link.partition("?")[0] for link in links} == paths
    assert f"{base}/{REPORT_NAME}?lang=en" in links
    text = sentences(page)
    for name in (*CSV_NAMES, SUMMARY_NAME):
        assert export_card(world.small, world.run_id, name).sha256[:12] in text
    assert sum("curl " in code.value for code in page.code) == 6


def test_the_call_list_tells_how_many_can_be_called(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "0 customers to call" in sentences(look("exports", run=world.run_id))
    monkeypatch.setattr(export_people, "number_of_calls", lambda *_: 1234)
    assert "1,234 customers to call" in sentences(look("exports", run=world.run_id))


def test_a_foreign_run_in_the_address_gives_nothing(world: World, look: Look) -> None:
    page = look("exports", "emma", run=world.run_id)
    assert not page.get("link_button")
    assert "There is no finished run yet." in sentences(page)


def test_the_page_of_a_live_campaign_does_not_hold_the_key(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "xkeysib-5f3759df-canary"
    go_live(world.store, monkeypatch, brevo_api_key=canary)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    campaign_id = prepare_campaign.prepare(
        world.small, SYSTEM, world.run_id, "discovery", 250, mode=Mode.LIVE
    )
    confirm_live(world.small, SYSTEM, campaign_id, status_of(world.small, campaign_id).pending)
    refusing = FakeBrevo(clock=Clock(utc_now()))
    refusal = said(EmailOutcome.REFUSED, status=401)
    monkeypatch.setattr(refusing, "send_email", lambda body, _: refusal(refusing, body))
    send_live(world.small, campaign_id, refusing)
    assert status_of(world.small, campaign_id).pause_reason == PauseReason.KEY_REFUSED
    page = look("campaigns", campaign=campaign_id)
    assert not page.exception
    drawn = [str(getattr(node, "proto", "")) for node in page.main]
    assert campaign_id[:8] in "".join(drawn) or len(drawn) > 10
    assert [text for text in drawn if canary in text] == []
    cancel(world.small, SYSTEM, campaign_id)
