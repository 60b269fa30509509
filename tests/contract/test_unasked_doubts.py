"""Unsure messages of an instance switched to dry: nobody is asked, and a person decides."""

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from core.outreach.outcomes import PauseReason
from core.outreach.replies import EmailOutcome
from core.services import prepare_campaign
from core.services.campaign_claims import become_sender, claim_next
from core.services.campaign_control import find_known
from core.services.campaign_reports import status_of
from core.services.campaign_watch import DueWork, due_work, settle_doubts
from core.services.delivery_review import Ruling, cases_of, rule
from core.services.send_campaign import send
from core.services.send_live import send_live
from core.services.webhooks import receive_events
from core.store.tenant import TenantStore
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of
from tests.contract.live_data import Clock, FakeBrevo, go_live, prepare_live, said

AMBIGUOUS = said(EmailOutcome.AMBIGUOUS, status=502)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tenant(tenant: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """A tenant whose instance sends live, on the test's clock."""
    go_live(tenant.store, monkeypatch, clock)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    return tenant


@pytest.fixture
def switch_off(tenant: TenantStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that switches the instance to dry; a socket is an error from then on."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    def switch() -> None:
        settings = tenant.store.settings.model_copy(update={"brevo_dry_run": "1"})
        monkeypatch.setattr(tenant.store, "settings", settings)
        for name in ("connect", "connect_ex", "sendto", "bind"):
            monkeypatch.setattr(socket.socket, name, refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return switch


def states(tenant: TenantStore, campaign_id: str) -> list[str]:
    assert status_of(tenant, campaign_id).difference == 0
    rows = deliveries_of(tenant, campaign_id)
    return [str(rows[code]["state"]) for code in sorted(rows)]


def test_what_waits_when_the_switch_goes_off_is_handed_to_a_person_after_its_time(
    tenant: TenantStore, clock: Clock, switch_off: Callable[[], None]
) -> None:
    brevo = FakeBrevo(clock=clock)
    brevo.plan[1] = [AMBIGUOUS] * 3
    campaign_id = prepare_live(tenant, 2)
    send_live(tenant, campaign_id, brevo, sleep=clock.sleep)
    switch_off()
    claimed_at = clock()
    clock.moment += timedelta(minutes=39)
    assert due_work(tenant).to_reconcile == []
    waiting = settle_doubts(tenant, campaign_id)
    assert (waiting.to_review, waiting.settles_at) == (0, claimed_at + timedelta(minutes=40))
    clock.moment += timedelta(minutes=1)
    assert due_work(tenant).to_reconcile == [campaign_id]
    assert settle_doubts(tenant, campaign_id).to_review == 1
    assert due_work(tenant) == DueWork(to_send=[], to_reconcile=[])
    assert states(tenant, campaign_id) == ["REVIEW", "SENT"]
    (case,) = cases_of(tenant, campaign_id)
    assert (case.evidence[-1].event, case.evidence[-1].detail) == ("review", {"code": "not_asked"})
    rule(tenant, ANALYST, campaign_id, 1, Ruling.ARRIVED, "the customer says so")
    assert states(tenant, campaign_id) == ["SENT", "SENT"]


def test_what_a_dead_sender_claimed_is_settled_too_by_a_webhook_or_a_person(
    tenant: TenantStore, clock: Clock, switch_off: Callable[[], None]
) -> None:
    campaign_id = prepare_live(tenant, 3)
    with duckdb.connect() as con:
        with tenant.begin() as tx:
            sender = become_sender(tenant, tx, con, find_known(tx, campaign_id))
        claim_next(replace(sender, con=con), 2)
    told = {
        "event": "delivered",
        "email": "person1@example.com",
        "message-id": "<told@brevo.example>",
        "ts_event": int(NOW.timestamp()),
        "X-Mailin-custom": f"{campaign_id}.1",
    }
    receive_events(tenant, [told])
    switch_off()
    assert send(tenant, campaign_id).pause_reason == PauseReason.NOT_LIVE
    assert states(tenant, campaign_id) == ["UNCONFIRMED", "UNCONFIRMED", "PLANNED"]
    clock.moment += timedelta(days=1)
    brought = settle_doubts(tenant, campaign_id)
    assert (brought.found, brought.to_review, brought.settles_at) == (1, 1, None)
    assert states(tenant, campaign_id) == ["SENT", "REVIEW", "PLANNED"]
    with tenant.read() as tx:
        days = tx.rows(
            "SELECT contact_date FROM contact_history WHERE tenant_id = :tenant AND status = 'sent'"
        )
    assert [str(row["contact_date"]) for row in days] == [NOW.date().isoformat()]
