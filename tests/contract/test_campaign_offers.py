"""What the page of a campaign may offer: live after a rehearsal, a duration, another reading."""

from datetime import timedelta

import pytest

from core.outreach.protocol import Mode
from core.services.campaign_control import note_restore
from core.services.campaign_doubts import READ, doubts_of, note_reading
from core.services.campaign_offers import (
    ASSUMED_SECONDS,
    ask_live,
    expected_duration,
    live_refusal,
    may_go_live,
)
from core.services.campaign_reports import audience_of, logs_of, status_of
from core.services.prepare_campaign import prepare, prepare_asked
from core.services.reconcile_campaign import reconcile
from core.services.send_dry import send_dry
from core.services.send_live import send_live
from core.store.tenant import TenantStore
from tests.contract import live_data
from tests.contract.campaign_data import ANALYST, NOW, fill_run, people
from tests.contract.live_data import Clock, FakeBrevo, go_live, taken_unsaid


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def live(tenant: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    go_live(tenant.store, monkeypatch, clock, brevo_in_flight=1)
    return tenant


def test_a_rehearsed_campaign_is_prepared_live_with_the_same_choices(live: TenantStore) -> None:
    run_id = fill_run(live, people(4))
    dry = prepare(live, ANALYST, run_id, "winback", 210, holdout_share=0.25)
    assert not may_go_live(live, dry)
    send_dry(live, dry)
    assert may_go_live(live, dry)
    campaign_id = ask_live(live, ANALYST, dry)
    prepare_asked(live, campaign_id)
    status = status_of(live, campaign_id)
    assert (status.mode, status.template, status.batch_size) == (Mode.LIVE, "winback", 210)
    assert (status.run_id, status.planned) == (run_id, 3)
    assert audience_of(live, status.campaign_id).held_out == 1
    assert not may_go_live(live, status.campaign_id)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"brevo_dry_run": "1"}, "BREVO_DRY_RUN"),
        ({"brevo_api_key": None}, "BREVO_API_KEY"),
        ({"brevo_sender_email": None}, "BREVO_SENDER_EMAIL"),
        ({"public_base_url": "http://crm.example.com"}, "https"),
        ({"token_secret": None}, "TOKEN_SECRET"),
    ],
)
def test_what_keeps_an_instance_dry_is_named(
    live: TenantStore,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, object],
    named: str,
) -> None:
    assert live_refusal(live) is None
    settings = live.store.settings.model_copy(update=changed)
    monkeypatch.setattr(live.store, "settings", settings)
    assert named in str(live_refusal(live))


def test_a_duration_is_assumed_until_a_campaign_was_sent_then_measured(
    live: TenantStore, clock: Clock
) -> None:
    assumed = expected_duration(live, 2_000)
    assert (assumed.seconds, assumed.is_measured) == (2_000 * ASSUMED_SECONDS, False)
    brevo = FakeBrevo(clock=clock, on_post=lambda: clock.sleep(0.25))
    campaign_id = live_data.prepare_live(live, 60)
    send_live(live, campaign_id, brevo, sleep=clock.sleep)
    measured = expected_duration(live, 100)
    assert measured.is_measured
    assert measured.seconds == pytest.approx(25, rel=0.05)


def test_a_reading_is_remembered_with_what_it_brought_and_when_another_helps(
    live: TenantStore, clock: Clock
) -> None:
    brevo = FakeBrevo(clock=clock, tells_events=False)
    brevo.plan[2] = [taken_unsaid]
    campaign_id = live_data.prepare_live(live, 3)
    send_live(live, campaign_id, brevo, sleep=clock.sleep)
    assert status_of(live, campaign_id).unconfirmed == 1
    before = doubts_of(live, campaign_id)
    assert (before.last, before.is_restored) == (None, False)
    note_reading(live, campaign_id, reconcile(live, ANALYST, campaign_id, brevo))
    known = doubts_of(live, campaign_id)
    assert known.last is not None
    assert (known.last.at, known.reads_left) == (clock(), before.reads_left - 1)
    brought = known.last.brought
    assert (brought.found, brought.missed, brought.unread) == (0, 1, 0)
    assert brought.settles_at == clock() + timedelta(minutes=30)
    assert logs_of(live, campaign_id, 1)[0].event == READ
    note_restore(live, ANALYST)
    assert doubts_of(live, campaign_id).is_restored
