"""Brevo as campaigns use it, against the double: whom it will not write to, and its events."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.errors import Refused, SettingsError
from core.outreach.outcomes import PauseReason
from core.services.brevo_account import open_brevo
from core.services.campaign_control import pause, resume
from core.services.campaign_reports import status_of
from core.services.live_switch import check_live
from core.services.send_campaign import send
from core.services.send_live import STAGE_REFUSALS, send_live
from core.store.tenant import TenantStore
from tests.contract.brevo_double import BrevoDouble, serve_brevo
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of, fill_run, people
from tests.contract.conftest import new_tenant
from tests.contract.live_data import Clock, go_live, prepare_live


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def double(clock: Clock) -> Iterator[BrevoDouble]:
    with serve_brevo(clock) as running:
        yield running


@pytest.fixture
def tenant(
    tenant: TenantStore, double: BrevoDouble, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> TenantStore:
    go_live(tenant.store, monkeypatch, clock, brevo_base_url=double.base_url)
    return tenant


def suppressed(tenant: TenantStore) -> dict[str, str]:
    with tenant.read() as tx:
        rows = tx.rows(
            "SELECT email_norm, reason FROM suppression WHERE tenant_id = :tenant"
            " ORDER BY email_norm"
        )
    return {row["email_norm"]: row["reason"] for row in rows}


def test_whom_brevo_refuses_is_suppressed_before_each_batch(
    tenant: TenantStore, double: BrevoDouble, clock: Clock
) -> None:
    fill_run(tenant, people(6))
    for number, code in enumerate(
        ("hardBounce", "contactFlaggedAsSpam", "unsubscribedViaEmail", "adminBlocked"), 1
    ):
        double.account.block(f"Person{number}@example.com", code)
    double.account.block("stranger@example.com", "hardBounce")
    other = new_tenant(tenant.store)
    with open_brevo(tenant) as brevo:
        brevo.refuse_known(tenant)
        first = suppressed(tenant)
        assert first == {
            "person1@example.com": "hard_bounce",
            "person2@example.com": "complaint",
            "person3@example.com": "unsubscribe",
            "person4@example.com": "blocked",
        }
        clock.moment += timedelta(days=1)
        double.account.block("person5@example.com", "unsubscribedViaApi")
        brevo.refuse_known(tenant)
        assert suppressed(tenant) == {**first, "person5@example.com": "unsubscribe"}
        brevo.refuse_known(other)
    assert suppressed(other) == {}
    reads = double.ledger.requests("getTransacBlockedContacts")
    assert len(reads) == 3


def test_a_campaign_through_the_client_leaves_out_whom_brevo_refuses(
    tenant: TenantStore, double: BrevoDouble
) -> None:
    campaign_id = prepare_live(tenant, 5)
    double.account.block("person2@example.com", "unsubscribedViaMA")
    double.account.add_contact("Person3@example.com", blacklisted=True)
    with open_brevo(tenant) as brevo:
        send_live(tenant, campaign_id, brevo)
        for _ in range(100):
            double.account.add_event(
                "person1@example.com", "opened", tags=(f"campaign-{campaign_id}",)
            )
        written = set(brevo.written_to(f"campaign-{campaign_id}"))
    assert written == {f"person{number}@example.com" for number in (1, 4, 5)}
    status = status_of(tenant, campaign_id)
    assert (status.sent, status.suppressed, status.difference) == (3, 2, 0)
    ids = {row["message_id"] for row in deliveries_of(tenant, campaign_id).values()} - {None}
    assert len(ids) == 3
    assert sorted(double.ledger.acceptances().values()) == [1] * 3


def test_the_first_reading_of_a_large_account_is_told_and_stops_and_goes_on_where_it_was(
    tenant: TenantStore, double: BrevoDouble, clock: Clock
) -> None:
    clock.moment -= timedelta(days=3)
    for number in range(2_100):
        double.account.add_contact(f"stranger{number}@example.com")
    double.account.add_contact("person3@example.com", blacklisted=True)
    clock.moment += timedelta(days=3)
    campaign_id = prepare_live(tenant, 3)
    told: list[tuple[str, int, int]] = []

    def pause_at_once(*said: object) -> None:
        told.append(said)  # type: ignore[arg-type]
        if said[0] == STAGE_REFUSALS:
            pause(tenant, ANALYST, campaign_id)

    with open_brevo(tenant) as brevo:
        status = send_live(tenant, campaign_id, brevo, pause_at_once)
        assert (status.state, status.pending, status.sent) == ("PAUSED", 3, 0)
        assert told == [(STAGE_REFUSALS, 1_000, 2_101)]
        resume(tenant, ANALYST, campaign_id)
        status = send_live(tenant, campaign_id, brevo)
    assert (status.sent, status.suppressed) == (2, 1)
    offsets = [entry.query["offset"] for entry in double.ledger.requests("getContacts")]
    assert offsets[:4] == ["0", "1000", "2000", "0"]


@pytest.mark.parametrize("url", ["http://brevo.example/v3", "brevo", "https://"])
def test_an_address_that_cannot_be_used_pauses_a_campaign(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    campaign_id = prepare_live(tenant, 1)
    settings = tenant.store.settings.model_copy(update={"brevo_base_url": url})
    monkeypatch.setattr(tenant.store, "settings", settings)
    status = send(tenant, campaign_id)
    assert (status.state, status.pause_reason) == ("PAUSED", PauseReason.NOT_LIVE)
    with pytest.raises(SettingsError):
        check_live(tenant)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"brevo_dry_run": "1"}, "BREVO_DRY_RUN"), ({"brevo_api_key": None}, "BREVO_API_KEY")],
)
def test_nothing_is_opened_where_brevo_may_not_be_asked_and_why_is_named(
    tenant: TenantStore,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, object],
    named: str,
) -> None:
    settings = tenant.store.settings.model_copy(update=changed)
    monkeypatch.setattr(tenant.store, "settings", settings)
    with pytest.raises(Refused, match=named), open_brevo(tenant):
        pass
