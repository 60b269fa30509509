"""A live campaign where the first switch is not exactly on: no socket is opened, nobody is lost."""

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.cli.campaigns import resume_, send_
from core.errors import Refused
from core.outreach.outcomes import PauseReason
from core.services import prepare_campaign
from core.services.accounts import create_tenant
from core.services.campaign_reports import status_of
from core.services.campaign_watch import due_work
from core.services.send_campaign import send
from core.settings import current_settings, read_settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.contract.live_data import LIVE_SETTINGS, prepare_live

# What the environment says, and what `.env` below it says.
SWITCHES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "unset": ({}, ""),
    "empty": ({"BREVO_DRY_RUN": ""}, ""),
    "empty above a file": ({"BREVO_DRY_RUN": ""}, "BREVO_DRY_RUN=0"),
    "TRUE": ({"BREVO_DRY_RUN": "TRUE "}, ""),
    "yes": ({"BREVO_DRY_RUN": "yes"}, "BREVO_DRY_RUN=0"),
    "blank behind": ({"BREVO_DRY_RUN": "0 "}, ""),
    "in a file with more": ({}, "BREVO_DRY_RUN=00"),
    "two spellings": ({"BREVO_DRY_RUN": "1", "brevo_dry_run": "0"}, ""),
    "another name": ({"BREVO_DRYRUN": "0", "BREVO_DRY_RUN_": "0", "DRY_RUN": "0"}, ""),
    "a dash": ({"BREVO-DRY-RUN": "0", "BREVO_LIVE": "1"}, ""),
}


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse every socket and keep what reached for one."""
    asked: list[str] = []

    def refusing(name: str) -> object:
        def refuse(*_: object, **__: object) -> None:
            asked.append(name)
            raise OSError(name)

        return refuse

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refusing(name))
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refusing(name))
    return asked


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('switch')}/crm.db"
    migrate(read_settings(None).model_copy(update={"database_url": url}))
    return url


@pytest.fixture
def set_switch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: str) -> Iterator[object]:
    """Return a function that sets the whole environment of an instance, and its switch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    for name, value in {**LIVE_SETTINGS, "database_url": database, "data_dir": "data"}.items():
        monkeypatch.setenv(name.upper(), value)

    def set_to(said: Mapping[str, str], file: str) -> None:
        monkeypatch.delenv("BREVO_DRY_RUN")
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        (tmp_path / ".env").write_text(file)
        current_settings.cache_clear()

    current_settings.cache_clear()
    yield set_to
    current_settings.cache_clear()


def company(key: str) -> TenantStore:
    store = Store(current_settings(), utc_now)
    return store.tenant_store(create_tenant(store, key, "Cave"))


@pytest.mark.parametrize("name", SWITCHES)
def test_a_confirmed_campaign_opens_no_socket_unless_the_switch_is_exactly_on(
    set_switch: object, sockets: list[str], name: str
) -> None:
    live = company(f"s{list(SWITCHES).index(name)}")
    campaign_id = prepare_live(live, 3)
    set_switch(*SWITCHES[name])  # type: ignore[operator]
    for work in (send_, resume_):
        asked = {"live": True, "confirm": 3} if work is send_ else {}
        with pytest.raises(Refused, match="BREVO_DRY_RUN"):
            work(live.tenant.key, campaign_id, as_json=True, **asked)  # type: ignore[operator]
    dry = Store(current_settings(), utc_now).tenant_store(live.tenant)
    assert due_work(dry).to_send == [campaign_id]
    status = send(dry, campaign_id)
    assert (status.state, status.pause_reason) == ("PAUSED", PauseReason.NOT_LIVE)
    assert (status.pending, status.difference) == (3, 0)
    assert due_work(dry).to_send == []
    assert sockets == []


def test_with_the_switch_exactly_on_the_block_on_sockets_is_met(
    set_switch: object, sockets: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    live = company("on")
    campaign_id = prepare_live(live, 3)
    send_(live.tenant.key, campaign_id, live=True, confirm=3, as_json=True)
    assert json.loads(capsys.readouterr().out)["pause_reason"] == PauseReason.UNREACHABLE
    assert sockets != []
    assert status_of(live, campaign_id).pending == 3
