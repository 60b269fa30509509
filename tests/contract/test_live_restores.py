"""A real backup of the database that is put back: nothing is sent until it is reconciled."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from core.errors import Refused
from core.outreach.outcomes import PauseReason
from core.services import prepare_campaign
from core.services.campaign_control import pause, resume
from core.services.campaign_reports import status_of
from core.services.reconcile_campaign import reconcile
from core.services.send_live import send_live
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.kill_worlds import administer, end_connections
from tests.contract.live_data import Clock, FakeBrevo, prepare_live
from tests.contract.send_forks import live_settings

RECIPIENTS = 6


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def live(
    request: pytest.FixtureRequest, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A store of the test's own that sends live, two at once."""
    store = make_store(request.param)
    settings = live_settings(store.settings.database_url, store.settings.data_dir, "http://[::1]")
    monkeypatch.setattr(store, "settings", settings.model_copy(update={"brevo_in_flight": 2}))
    monkeypatch.setattr(store, "now", Clock(NOW))
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    yield store
    store.dispose()


def back_up(store: Store, folder: Path) -> None:
    """Copy the database: by SQLite's own backup, or as a database of its own."""
    url = store.settings.database_url
    if _is_sqlite(store):
        with (
            closing(sqlite3.connect(str(make_url(url).database))) as source,
            closing(sqlite3.connect(folder / "backup.db")) as target,
        ):
            source.backup(target)
        return
    store.dispose()
    end_connections(url)
    name = make_url(url).database
    administer(url, f"CREATE DATABASE backup_{name} TEMPLATE {name}")


def bring_back(store: Store, folder: Path) -> None:
    """Put the copy in the place of the database."""
    url = store.settings.database_url
    name = str(make_url(url).database)
    store.dispose()
    if _is_sqlite(store):
        for path in Path(name).parent.glob(f"{Path(name).name}*"):
            path.unlink()
        (folder / "backup.db").rename(name)
        return
    end_connections(url)
    administer(url, f"DROP DATABASE {name}")
    administer(url, f"ALTER DATABASE backup_{name} RENAME TO {name}")


def _is_sqlite(store: Store) -> bool:
    return store.data_engine.dialect.name == "sqlite"


def send(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> str | None:
    """Send and return why the campaign stands still, if it does."""
    send_live(tenant, campaign_id, brevo, sleep=brevo.clock.sleep)
    return status_of(tenant, campaign_id).pause_reason


@pytest.mark.parametrize("knows", ["this machine", "brevo"])
@pytest.mark.parametrize("taken", ["confirmed", "half sent"])
def test_a_backup_that_is_put_back_sends_nothing_until_it_is_reconciled(
    live: Store, tmp_path: Path, taken: str, knows: str
) -> None:
    tenant = new_tenant(live)
    brevo = FakeBrevo(clock=live.now)  # type: ignore[arg-type]
    campaign_id = prepare_live(tenant, RECIPIENTS)
    if taken == "half sent":
        brevo.on_post = lambda: _pause_once(tenant, campaign_id, brevo)
        assert send(tenant, campaign_id, brevo) == PauseReason.BY_HAND
        assert 0 < len(brevo.posts) < RECIPIENTS
    back_up(live, tmp_path)
    if taken == "half sent":
        resume(tenant, ANALYST, campaign_id)
    assert send(tenant, campaign_id, brevo) is None
    assert len(brevo.posts) == len(brevo.accepted) == RECIPIENTS
    bring_back(live, tmp_path)
    if knows == "brevo":  # the folder of the data is another machine's
        (tenant.folder / ".sent" / campaign_id).unlink()
    check_reconciled(tenant, campaign_id, brevo, is_paused=taken == "half sent")


def _pause_once(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> None:
    brevo.on_post = lambda: None
    pause(tenant, ANALYST, campaign_id)


def check_reconciled(
    tenant: TenantStore, campaign_id: str, brevo: FakeBrevo, *, is_paused: bool
) -> None:
    """Hold that only two readings half an hour apart let the campaign go on, with nobody left."""
    if is_paused:
        resume(tenant, ANALYST, campaign_id)  # nobody knows yet
    assert send(tenant, campaign_id, brevo) == PauseReason.RESTORED
    with pytest.raises(Refused, match="backup"):
        resume(tenant, ANALYST, campaign_id)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    brevo.clock.moment += timedelta(minutes=31)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    assert {row["state"] for row in deliveries_of(tenant, campaign_id).values()} == {"SENT"}
    resume(tenant, ANALYST, campaign_id)
    assert send(tenant, campaign_id, brevo) is None
    assert (len(brevo.posts), status_of(tenant, campaign_id).state) == (RECIPIENTS, "SENT")
