"""The API key of a whole live send, failures and a crash included: nobody finds it anywhere."""

import logging
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url

from core.outreach.brevo import BrevoClient
from core.services import brevo_account
from core.services.brevo_account import open_brevo
from core.services.campaign_control import resume
from core.services.reconcile_campaign import reconcile
from core.services.send_live import send_live
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_double import (
    ERROR_ACCEPTED,
    HALF_BODY,
    HTML,
    KEY,
    KEY_UNKNOWN,
    RESET,
    TIMEOUT,
    BrevoDouble,
    refusal,
    serve_brevo,
)
from tests.contract.campaign_data import ANALYST, NOW
from tests.contract.conftest import new_tenant
from tests.contract.live_data import Clock, prepare_live
from tests.contract.send_forks import live_settings

FAILURES = (RESET, HALF_BODY, HTML, TIMEOUT, ERROR_ACCEPTED, refusal(400, "x" * 40), KEY_UNKNOWN)


def database_of(tenant: TenantStore) -> str:
    """Return all that the database holds, as text."""
    url = make_url(tenant.store.settings.database_url)
    if url.get_backend_name() == "sqlite":
        files = Path(str(url.database)).parent.rglob("*")
        return "".join(path.read_bytes().decode("latin-1") for path in files if path.is_file())
    with tenant.store.data_engine.connect() as connection:
        connection.exec_driver_sql("RESET ROLE")
        tables = connection.exec_driver_sql(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT LIKE 'pg_%%'"
        ).fetchall()
        rows = [
            str(connection.exec_driver_sql(f'SELECT t::text FROM "{schema}"."{name}" t').fetchall())
            for schema, name in tables
        ]
        return "".join(rows)


def crash_of(work: Callable[[], object]) -> str:
    """Return the traceback of what `work` dies of, with what its frames hold."""
    with pytest.raises(RuntimeError) as died:
        work()
    shown = traceback.TracebackException.from_exception(died.value, capture_locals=True)
    return "".join(shown.format())


def send_through_failures(tenant: TenantStore, brevo: BrevoDouble, clock: Clock) -> str:
    """Send a campaign that meets every failure; return the traceback of a crash on the way."""
    campaign_id = prepare_live(tenant, 2 * len(FAILURES))
    for number, failure in enumerate(FAILURES, start=1):
        brevo.behave(failure, email=f"person{number}@example.com")

    def die(*_: object) -> None:
        raise RuntimeError("anything at all")

    with open_brevo(tenant) as account:
        shown = crash_of(lambda: send_live(tenant, campaign_id, account, die, sleep=clock.sleep))
        send_live(tenant, campaign_id, account, sleep=clock.sleep)
        resume(tenant, ANALYST, campaign_id)  # the key was refused once
        status = send_live(tenant, campaign_id, account, sleep=clock.sleep)
        reconcile(tenant, ANALYST, campaign_id, account)
    assert (status.state, status.failed) == ("SENT", 1)
    return shown


def test_nobody_finds_the_key_of_a_send(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    clock, kept = Clock(NOW), store.settings
    monkeypatch.setattr(brevo_account, "BrevoClient", partial(BrevoClient, total_seconds=0.5))
    monkeypatch.setattr(store, "now", clock)
    caplog.set_level(logging.DEBUG)
    with serve_brevo(clock) as brevo:
        live = live_settings(kept.database_url, kept.data_dir, brevo.base_url)
        monkeypatch.setattr(store, "settings", live.model_copy(update={"brevo_in_flight": 2}))
        tenant = new_tenant(store)
        logging.getLogger("core").debug("%r %s", store.settings, store.settings)
        shown = send_through_failures(tenant, brevo, clock)
        assert {entry.api_key for entry in brevo.ledger.entries} == {KEY}
    database, printed = database_of(tenant), capfd.readouterr()
    assert "anything at all" in shown
    assert "person1@example.com" in database
    assert "brevo_api_key=SecretStr" in caplog.text
    files = b"".join(path.read_bytes() for path in tenant.folder.rglob("*") if path.is_file())
    for place in (shown, caplog.text, database, printed.out, printed.err, files.decode("latin-1")):
        assert KEY not in place
