"""A live campaign while others work on the same people, deliveries or data at the same moment."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome
from core.services import addressee_checks, prepare_campaign
from core.services.campaign_control import confirm_live
from core.services.campaign_reports import status_of
from core.services.prepare_campaign import prepare
from core.services.send_live import send_live
from core.store.tenant import TenantStore
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of
from tests.contract.live_data import LIVE_SETTINGS, Clock, FakeBrevo, prepare_live, said

AMBIGUOUS = said(EmailOutcome.AMBIGUOUS, status=502)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tenant(tenant: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """A tenant whose instance sends live, four at once, on the test's clock."""
    live = {**LIVE_SETTINGS, "brevo_in_flight": 4}
    for name in ("brevo_api_key", "token_secret"):
        live[name] = SecretStr(str(live[name]))
    settings = tenant.store.settings.model_copy(update=live)
    monkeypatch.setattr(tenant.store, "settings", settings)
    monkeypatch.setattr(tenant.store, "now", clock)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    return tenant


@pytest.fixture
def brevo(clock: Clock) -> FakeBrevo:
    return FakeBrevo(clock=clock)


def send(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> None:
    send_live(tenant, campaign_id, brevo, sleep=brevo.clock.sleep)
    assert status_of(tenant, campaign_id).difference == 0


def states(tenant: TenantStore, campaign_id: str) -> list[str]:
    rows = deliveries_of(tenant, campaign_id)
    return [str(rows[code]["state"]) for code in sorted(rows)]


def _second_campaign(tenant: TenantStore) -> str:
    """Prepare and confirm another message to the one person of the first campaign."""
    with tenant.read() as tx:
        run_id = tx.scalar("SELECT run_id FROM campaign WHERE tenant_id = :tenant")
    campaign_id = prepare(tenant, ANALYST, str(run_id), "rebuy", 250, mode=Mode.LIVE)
    confirm_live(tenant, ANALYST, campaign_id, 1)
    return campaign_id


def test_an_evening_west_of_greenwich_is_today_for_the_silence_window(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    martinique = replace(tenant.tenant, time_zone="America/Martinique")
    west = tenant.store.tenant_store(martinique)
    brevo.clock.moment = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    first = prepare_live(west, 1)
    second = _second_campaign(west)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(west, first, brevo)
    send(west, second, brevo)
    assert states(west, first) + states(west, second) == ["UNCONFIRMED", "SUPPRESSED"]


def test_an_outcome_recorded_while_another_campaign_claims_is_seen(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tenant.store.data_engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: nothing is recorded during a claim")
    first = prepare_live(tenant, 1)
    second = _second_campaign(tenant)
    claimed, read = threading.Event(), threading.Event()
    fetch = addressee_checks.fetch_addressees_among

    def pausing_fetch(*args: object) -> None:
        fetch(*args)  # type: ignore[arg-type]
        read.set()
        for _ in range(500):
            if states(tenant, first) == ["SENT"]:
                return
            time.sleep(0.01)

    def wait_for_reading() -> None:
        claimed.set()
        read.wait(10)

    brevo.on_post = wait_for_reading
    sender = threading.Thread(target=send, args=(tenant, first, brevo))
    sender.start()
    claimed.wait(10)
    monkeypatch.setattr(addressee_checks, "fetch_addressees_among", pausing_fetch)
    send(tenant, second, brevo)
    sender.join()
    assert states(tenant, first) + states(tenant, second) == ["SENT", "SUPPRESSED"]
    assert brevo.accepted["person1@example.com"] == 1
