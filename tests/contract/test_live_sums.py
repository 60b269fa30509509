"""A live send of several hundred: exact sums whenever somebody looks, each row found by its key."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from core.outreach.brevo import BrevoClient
from core.services import brevo_account, prepare_campaign
from core.services.campaign_reports import status_of
from core.services.send_campaign import send
from core.services.send_live import send_live
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_double import ERROR, ERROR_ACCEPTED, KEY, serve_brevo
from tests.contract.campaign_data import NOW
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.live_data import FakeBrevo, prepare_live
from tests.contract.send_forks import live_settings

RECIPIENTS = 150


def set_live(store: Store, monkeypatch: pytest.MonkeyPatch, base_url: str) -> TenantStore:
    """Let the store send live; return a company of it."""
    live = live_settings(store.settings.database_url, store.settings.data_dir, base_url)
    monkeypatch.setattr(store, "settings", live)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    return new_tenant(store)


def test_the_sums_are_exact_at_every_look(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brevo_account, "BrevoClient", partial(BrevoClient, total_seconds=5.0))
    with serve_brevo(lambda: NOW) as brevo:
        brevo.latency_seconds = 0.02
        tenant = set_live(store, monkeypatch, brevo.base_url)
        campaign_id = prepare_live(tenant, RECIPIENTS, batch_size=100)
        brevo.behave(ERROR_ACCEPTED, email="person7@example.com")
        brevo.behave(ERROR, email="person8@example.com", times=3)
        with looking(tenant, campaign_id) as looks:
            send(tenant, campaign_id)
        accepted = brevo.ledger.acceptances()
        assert {entry.api_key for entry in brevo.ledger.entries} == {KEY}
    assert len(looks) >= 5
    assert {planned - total for planned, total, _ in looks} == {0}
    assert [sent for *_, sent in looks] == sorted(sent for *_, sent in looks)
    status = status_of(tenant, campaign_id)
    assert (status.sent, status.unconfirmed) == (RECIPIENTS - 2, 2)
    assert sorted(accepted.values()) == [1] * (RECIPIENTS - 1)


@contextmanager
def looking(tenant: TenantStore, campaign_id: str) -> Iterator[list[tuple[int, int, int]]]:
    """Look from another thread all the while: planned, the sum of all states, sent."""
    looks: list[tuple[int, int, int]] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.02):
            told = status_of(tenant, campaign_id)
            looks.append((told.planned, told.planned - told.difference, told.sent))

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield looks
    finally:
        is_over.set()
        looker.join()


def test_no_statement_of_a_send_goes_through_all_that_is_planned(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite took the index by state to find one address: 10,000 rows a claim."""
    live = make_store("sqlite")
    tenant, changed = set_live(live, monkeypatch, "http://127.0.0.1:9"), set()
    campaign_id = prepare_live(tenant, 3)

    def note(_conn: Any, _cursor: Any, sql: str, _values: Any, _context: Any, _many: bool) -> None:
        if sql.lstrip().startswith("UPDATE delivery"):
            changed.add(sql)

    event.listen(live.data_engine, "before_cursor_execute", note)
    try:
        brevo = FakeBrevo(clock=live.now)  # type: ignore[arg-type]
        send_live(tenant, campaign_id, brevo)
    finally:
        event.remove(live.data_engine, "before_cursor_execute", note)
    assert len(changed) == 2
    with tenant.read() as tx:
        for sql in changed:
            values = [None] * sql.count("?")
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(values))
            assert all("state=?" not in str(row) for row in plan)
