"""Campaigns that are sent: what the page says and offers in each state, and to whom."""

import string
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import bcrypt
import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import RECONCILE, SEND, job_of
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome
from core.services.accounts import SYSTEM, Role
from core.services.campaign_control import confirm_live, note_restore, pause
from core.services.campaign_reports import status_of
from core.services.prepare_campaign import prepare
from core.services.send_dry import send_dry
from core.services.send_live import send_live
from core.services.suppressions import suppressions_of
from core.store.tenant import TenantStore
from tests.contract.brevo_double import serve_brevo
from tests.contract.campaign_data import Person, add_contact, fill_run, suppress
from tests.contract.live_data import Clock, FakeBrevo, go_live, said
from tests.pages.conftest import Look, World, add_company, let_prepare, metrics, sentences

PEOPLE = 3
ACTIONS = {"campaign_pause", "campaign_cancel", "campaign_resume", "campaign_go_on"}
_NAMES = (first + last for first in string.ascii_lowercase for last in string.ascii_lowercase)
_TURN = count()
Write = Callable[..., str]


@pytest.fixture(scope="module")
def letters(world: World) -> Iterator[TenantStore]:
    """A company of its own: who was written to here is in nobody else's silence window."""
    salt = bcrypt.gensalt(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "gensalt", lambda: salt)
        yield add_company(world.store, "letters", {"lucile": Role.ANALYST, "valerie": Role.VIEWER})


@pytest.fixture
def live(letters: TenantStore, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """The company on an instance that sends."""
    go_live(letters.store, monkeypatch)
    return letters


def prepared(store: TenantStore, mode: str = Mode.LIVE) -> str:
    """Prepare a campaign to three people whom no other campaign has written to."""
    name = next(_NAMES)
    group = [
        Person(code=f"{name.upper()}{n}", email=f"{name}{n}@example.com")
        for n in range(1, PEOPLE + 1)
    ]
    return prepare(store, SYSTEM, fill_run(store, group), "discovery", 200, mode=mode)


def confirmed(store: TenantStore) -> str:
    campaign_id = prepared(store)
    confirm_live(store, SYSTEM, campaign_id, PEOPLE)
    return campaign_id


def sent(store: TenantStore, **plan: Any) -> str:
    """Send a campaign; `plan` says by the number of an address what its post meets."""
    campaign_id = confirmed(store)
    clock = Clock(datetime.now(UTC))
    brevo = FakeBrevo(clock=clock)
    brevo.plan.update({int(number[1:]): list(met) for number, met in plan.items()})
    send_live(store, campaign_id, brevo, sleep=lambda _: None)
    return campaign_id


def buttons(page: AppTest) -> set[str]:
    return {str(button.key) for button in page.button if not button.disabled}


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_a_rehearsed_campaign_is_offered_live_and_says_what_keeps_it_dry(
    letters: TenantStore, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = prepared(letters, Mode.DRY)
    page = look("campaigns", "lucile", campaign=dry)
    assert "DRY RUN: nobody is contacted" in sentences(page)
    assert "campaign_prepare_live" not in {button.key for button in page.button}
    send_dry(letters, dry)
    page = look("campaigns", "lucile", campaign=dry)
    assert "campaign_prepare_live" not in buttons(page)
    assert "BREVO_DRY_RUN is not 0" in sentences(page)
    go_live(letters.store, monkeypatch)
    page = look("campaigns", "lucile", campaign=dry)
    page = let_prepare(letters, page.button(key="campaign_prepare_live").click().run())
    status = status_of(letters, str(page.query_params["campaign"]))
    assert (status.mode, status.state, status.pending) == ("live", "PREPARED", PEOPLE)
    assert "LIVE: real people are written to" in sentences(page)


def test_a_live_campaign_goes_out_by_the_number_that_its_button_names(
    live: TenantStore, look: Look
) -> None:
    campaign_id = prepared(live)
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "about 1 second: 0.05 s a message, which is assumed" in sentences(page)
    page.number_input(key="campaign_typed").set_value(PEOPLE + 1)
    page = press(page, f"Send to {PEOPLE} people")
    assert f"is not the number of recipients: {PEOPLE}." in page.error[0].value
    assert job_of(live, SEND, campaign_id) is None
    page.number_input(key="campaign_typed").set_value(PEOPLE)
    page = press(page, f"Send to {PEOPLE} people")
    assert status_of(live, campaign_id).state == "SENDING"
    job = job_of(live, SEND, campaign_id)
    assert job is not None
    assert job.status == "queued"
    assert "Confirmed by lucile" in sentences(page)


def test_a_campaign_can_be_confirmed_for_a_moment_to_come(live: TenantStore, look: Look) -> None:
    campaign_id = prepared(live)
    page = look("campaigns", "lucile", campaign=campaign_id)
    page.button_group(key="campaign_when").set_value("later").run()
    day = page.date_input(key="campaign_start_day").value
    page.number_input(key="campaign_typed").set_value(PEOPLE)
    page = press(page, f"Send to {PEOPLE} people")
    status = status_of(live, campaign_id)
    assert (status.state, job_of(live, SEND, campaign_id)) == ("PREPARED", None)
    assert status.start_at is not None
    assert status.start_at.astimezone(ZoneInfo("Europe/Paris")).date() == day
    assert "it begins by itself on" in sentences(page)
    assert {"campaign_pause", "campaign_cancel"} <= buttons(page)


def test_what_goes_out_can_be_paused_and_go_on_or_be_cancelled(
    live: TenantStore, look: Look
) -> None:
    campaign_id = confirmed(live)
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert {"campaign_pause", "campaign_cancel", "campaign_go_on"} <= buttons(page)
    page.button(key="campaign_pause").click().run()
    assert "Somebody paused it." in sentences(page)
    assert page.button(key="campaign_resume").label == f"Resume for {PEOPLE} people"
    page.button(key="campaign_resume").click().run()
    assert status_of(live, campaign_id).state == "SENDING"
    assert page.button(key="campaign_cancel").label == f"Cancel {PEOPLE} messages"
    page.button(key="campaign_cancel").click().run()
    assert status_of(live, campaign_id).cancelled == PEOPLE
    assert "Cancelled. What had been sent stays sent" in sentences(page)
    assert not buttons(page) & ACTIONS


def test_a_refused_key_is_said_with_its_remedy(live: TenantStore, look: Look) -> None:
    campaign_id = sent(live, _1=[said(EmailOutcome.REFUSED, status=401)])
    assert status_of(live, campaign_id).pause_reason == PauseReason.KEY_REFUSED
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "Correct BREVO_API_KEY, then resume." in sentences(page)
    assert "campaign_resume" in buttons(page)


def test_a_restored_backup_explains_itself_and_is_reconciled_first(
    live: TenantStore, look: Look
) -> None:
    over, campaign_id = sent(live), confirmed(live)
    pause(live, SYSTEM, campaign_id)
    note_restore(live, SYSTEM)
    assert "nobody sure" not in sentences(look("campaigns", "lucile", campaign=over))
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "A backup was brought back" in sentences(page)
    assert page.button(key="campaign_reconcile").label == "Reconcile with Brevo's events"
    page.button(key="campaign_reconcile").click().run()
    assert job_of(live, RECONCILE, campaign_id) is not None
    assert "campaign_reconcile" not in buttons(page)


@pytest.mark.parametrize("ruling", ["arrived", "again", "give_up"])
def test_a_message_that_waits_is_shown_with_its_evidence_and_decided_with_a_reason(
    live: TenantStore, look: Look, ruling: str
) -> None:
    unclear = said(EmailOutcome.AMBIGUOUS, detail="timeout")
    campaign_id = sent(live, _2=[unclear] * 3)
    with live.begin() as tx:
        tx.execute(
            "UPDATE delivery SET state = 'REVIEW'"
            " WHERE tenant_id = :tenant AND state = 'UNCONFIRMED'"
        )
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "No clear answer · no answer in time" in sentences(page).replace("\\", "")
    assert "may receive it twice" in sentences(page)
    page.button(key=f"case_{ruling}_2").click().run()
    assert page.error[0].value == "Say why: the reason is kept in the journal."
    page.text_input(key="case_note_2").set_value("She told us")
    page.button(key=f"case_{ruling}_2").click().run()
    status = status_of(live, campaign_id)
    assert (status.review, status.difference) == (0, 0)
    expected = {"arrived": (3, 0, 0), "again": (2, 1, 0), "give_up": (2, 0, 1)}[ruling]
    assert (status.sent, status.pending, status.cancelled) == expected
    assert status.state == ("PAUSED" if ruling == "again" else "SENT")
    assert "says lucile: She told us" in str(page.dataframe[0].value.to_dict())


def test_what_is_unsure_waits_for_events_and_the_page_says_when(
    live: TenantStore, look: Look
) -> None:
    campaign_id = sent(live, _2=[said(EmailOutcome.AMBIGUOUS)] * 3)
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "Of 1 message it is not known whether Brevo took it." in sentences(page)
    assert "The events were not read yet." in sentences(page)
    assert "campaign_reconcile" in buttons(page)


def test_where_brevo_is_not_asked_the_page_says_who_decides_and_when(
    live: TenantStore, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = sent(live, _2=[said(EmailOutcome.AMBIGUOUS)] * 3)
    go_live(live.store, monkeypatch, brevo_dry_run="1")
    page = look("campaigns", "lucile", campaign=campaign_id)
    assert "within 40 minutes is handed to a person" in sentences(page)
    assert "campaign_reconcile" not in buttons(page)


def test_a_sent_campaign_accounts_for_everybody(live: TenantStore, look: Look) -> None:
    page = look("campaigns", "lucile", campaign=sent(live))
    found = metrics(page)
    assert (found["Planned"], found["Sent"], found["Difference"]) == ("3", "3", "0")
    parts = "3 = 3 sent out + 0 failed + 0 suppressed + 0 to review + 0 cancelled + 0 not confirmed"
    assert f"{parts} + 0 to come + 0 sharing an address" in sentences(page).replace("\\", "")
    assert not buttons(page) & ACTIONS


def test_the_list_of_campaigns_is_paged_and_tells_dry_from_live(
    live: TenantStore, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.views.campaigns_list._PAGE", 1)
    prepared(live)
    prepared(live, Mode.DRY)
    page = look("campaigns", "lucile", campaign=prepared(live))
    shown = page.dataframe[-1].value
    assert shown["mode"].tolist() == ["Live"]
    page.pagination(key="campaigns_page").set_value(2).run()
    assert page.dataframe[-1].value["mode"].tolist() == ["Dry run"]


@pytest.mark.parametrize("state", ["prepared", "sending", "paused", "review"])
def test_a_viewer_sees_it_all_and_decides_nothing(
    live: TenantStore, look: Look, state: str
) -> None:
    campaign_id = prepared(live) if state == "prepared" else confirmed(live)
    if state == "paused":
        pause(live, SYSTEM, campaign_id)
    if state == "review":
        with live.begin() as tx:
            tx.execute(
                "UPDATE delivery SET state = 'REVIEW' WHERE tenant_id = :tenant AND"
                " campaign_id = :id AND delivery_no = 1",
                id=campaign_id,
            )
    page = look("campaigns", "valerie", campaign=campaign_id)
    assert not page.exception
    assert metrics(page)["Planned"] == str(PEOPLE)
    assert not {key for key in buttons(page) if key.startswith(("campaign_", "case_"))} - {
        "campaign_new"
    }
    assert not page.number_input


def test_a_test_message_goes_to_oneself_alone(
    letters: TenantStore, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepared(letters, Mode.DRY)
    with serve_brevo() as brevo:
        go_live(letters.store, monkeypatch, brevo_base_url=brevo.base_url)
        page = look("campaigns", "lucile", campaign=campaign_id)
        page.text_input(key="campaign_test_address").set_value("lucile@example.org")
        page = press(page, "Send one test message")
        assert brevo.ledger.acceptances() == {"lucile@example.org": 1}
    assert "Brevo took the test message." in sentences(page)


def test_suppressions_and_contacts_are_searched_and_lifted_with_a_reason(
    letters: TenantStore, look: Look
) -> None:
    email = f"left{next(_TURN)}@example.com"
    suppress(letters, email=email)
    suppress(letters, email=f"{email}.br")
    add_contact(letters, "open", date(2026, 2, 1), email=email)
    page = look("campaigns", "lucile", view="people")
    beginning = email.upper().removesuffix(".COM")
    page.text_input(key="people_term").set_value(beginning).run()
    first = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.session_state[f"beginning_{beginning}"] = first
    page.run()
    contacts = next(table.value for table in page.dataframe if "channel" in table.value)
    assert contacts["what"].tolist() == ["opened"]
    table = next(table for table in page.dataframe if "reason" in table.value)
    assert table.value["reason"].tolist() == ["Entered by hand"]
    key = str(table.key)
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    (entered,) = suppressions_of(letters, email)
    page.text_input(key=f"lift_reason_{entered.suppression_id}").set_value("She called")
    page = press(page, "Lift this suppression")
    (lifted,) = suppressions_of(letters, email)
    assert (lifted.lifted_by, lifted.lifted_reason) == ("lucile", "She called")
    assert "1 suppression is lifted." in sentences(page)


def test_who_is_held_back_without_a_suppression_is_not_called_free(
    letters: TenantStore, look: Look
) -> None:
    name = next(_NAMES)
    persons = [Person(code=f"{name}{n}", email=f"{name}{n}@x.fr", opt_out=n > 1) for n in (1, 2)]
    fill_run(letters, persons)
    page = look("campaigns", "lucile", view="people")
    said = {}
    for term in (f"{name}1", f"{name}2", "%"):
        said[term] = sentences(page.text_input(key="people_term").set_value(term).run())
    assert ["Nothing forbids" in text for text in said.values()] == [True, False, False]
    assert ["is not written to" in text for text in said.values()] == [False, True, False]


def test_a_viewer_lifts_nothing(letters: TenantStore, look: Look) -> None:
    email = f"left{next(_TURN)}@example.com"
    suppress(letters, email=email)
    page = look("campaigns", "valerie", view="people")
    page.text_input(key="people_term").set_value(email).run()
    key = next(str(t.key) for t in page.dataframe if str(t.key).startswith("suppressions_"))
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    assert "An analyst may lift it." in sentences(page)
    assert "Lift this suppression" not in {button.label for button in page.button}
