"""Whoever asks not to be written to before a live claim is not, however it was told."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.outreach.unsubscribe import make_token, token_secret
from core.services import prepare_campaign
from core.services.accounts import create_tenant
from core.services.campaign_control import confirm_live
from core.services.campaign_reports import status_of
from core.services.pull_refusals import Watch, read_on
from core.services.send_live import send_live
from core.services.unsubscribe import read_link, unsubscribe
from core.services.webhooks import receive_events
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of, suppress
from tests.contract.live_data import Clock, FakeBrevo, prepare_live
from tests.contract.send_forks import live_settings
from tests.contract.test_import_files import bring

ADDRESS = "person6@example.com"
Leave = Callable[[TenantStore, str, Path], object]


def by_link(company: TenantStore, _campaign_id: str, _folder: Path) -> None:
    secret = token_secret(company.store.settings)
    unsubscribe(read_link(company.store, make_token(secret, company.tenant_id, ADDRESS)))


def by_event(name: str) -> Leave:
    """Let Brevo tell it of a message of another campaign."""
    event = {"event": name, "email": ADDRESS, "id": 8, "camp_id": 3, "ts_event": NOW.timestamp()}
    return lambda company, _campaign_id, _folder: receive_events(company, [event])


def by_import(company: TenantStore, _campaign_id: str, folder: Path) -> None:
    clients = f"client_code,email,email_opt_out\nC00006,{ADDRESS},yes\n"
    bring(company, folder, {"clients.csv": clients})


WAYS: Mapping[str, Leave] = {
    "link": by_link,
    "unsubscribed": by_event("unsubscribed"),
    "complaint": by_event("spam"),
    "hard bounce": by_event("hard_bounce"),
    "import": by_import,
}


@pytest.fixture
def company(store: Store, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """A company that sends live, two at once."""
    settings = live_settings(store.settings.database_url, store.settings.data_dir, "http://[::1]")
    monkeypatch.setattr(store, "settings", settings.model_copy(update={"brevo_in_flight": 2}))
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    return store.tenant_store(create_tenant(store, f"t{uuid.uuid4().hex[:8]}", "Cave"))


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize("step", ["prepared", "confirmed", "sending"])
@pytest.mark.parametrize("way", WAYS)
def test_who_leaves_before_the_claim_is_not_written_to(
    company: TenantStore, tmp_path: Path, step: str, way: str
) -> None:
    brevo = FakeBrevo(clock=Clock(NOW))
    campaign_id = prepare_live(company, 6, is_confirmed=step != "prepared")

    def leave() -> None:
        brevo.on_post = lambda: None
        WAYS[way](company, campaign_id, tmp_path)

    if step == "sending":
        brevo.on_post = leave
    else:
        leave()
    if step == "prepared":
        confirm_live(company, ANALYST, campaign_id, 6)
    send_live(company, campaign_id, brevo, sleep=brevo.clock.sleep)
    check_all_but(company, campaign_id, brevo, ADDRESS)


def check_all_but(company: TenantStore, campaign_id: str, brevo: FakeBrevo, address: str) -> None:
    rows = {row["email_norm"]: row for row in deliveries_of(company, campaign_id).values()}
    left = rows.pop(address)
    assert (left["state"], left["error_code"]) == ("SUPPRESSED", "OPTOUT_OR_BOUNCE")
    assert {row["state"] for row in rows.values()} == {"SENT"}
    assert sorted(brevo.accepted) == sorted(rows)
    assert status_of(company, campaign_id).difference == 0


class AskedBrevo(FakeBrevo):
    """A Brevo that will not write to somebody, and is asked before each batch."""

    blocked: Mapping[int, str]
    asked = 0

    def refuse_known(self, store: TenantStore, watch: Watch = read_on) -> bool:
        self.asked += 1
        if self.asked in self.blocked:
            suppress(store, email=self.blocked[self.asked])
        return True


@pytest.mark.parametrize(("asked", "number"), [(1, 1), (2, 4)], ids=["first", "second"])
def test_whom_brevo_will_not_write_to_is_asked_before_every_batch(
    company: TenantStore, asked: int, number: int
) -> None:
    brevo = AskedBrevo(clock=Clock(NOW))
    brevo.blocked = {asked: f"person{number}@example.com"}
    campaign_id = prepare_live(company, 6, batch_size=3)
    send_live(company, campaign_id, brevo, sleep=brevo.clock.sleep)
    check_all_but(company, campaign_id, brevo, f"person{number}@example.com")
