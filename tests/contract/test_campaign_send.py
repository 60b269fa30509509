import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import pytest

from core.errors import Busy, NotAllowed, NotFound, Refused
from core.outreach.payload import compose_request
from core.services import prepare_campaign
from core.services.campaign_control import cancel, note_restore, pause, resume
from core.services.campaign_reports import logs_of, number_of_logs, status_of
from core.services.prepare_campaign import prepare
from core.services.send_dry import send_dry
from core.settings import Settings
from core.store import locks
from core.store.dataset import load_dataset
from core.store.tenant import Store, TenantStore, Transaction
from tests.contract.campaign_data import (
    ANALYST,
    NOW,
    VIEWER,
    add_contact,
    count,
    deliveries_of,
    fill_run,
    people,
    suppress,
)
from tests.contract.conftest import new_tenant

TODAY = NOW.date()


class SocketOpened(AssertionError):
    """A dry run reached for the network."""


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python opens no socket at all; Postgres is reached by the driver's own C code."""

    def refuse(*_: object, **__: object) -> None:
        raise SocketOpened

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


def test_the_block_on_sockets_works() -> None:
    with pytest.raises(SocketOpened):
        socket.create_connection(("127.0.0.1", 9))


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)


def prepare_small(tenant: TenantStore, recipients: int = 5, batch_size: int = 2) -> str:
    return prepare(tenant, ANALYST, fill_run(tenant, people(recipients)), "discovery", batch_size)


def states(tenant: TenantStore, campaign_id: str) -> dict[str, tuple[object, object]]:
    return {
        customer: (row["state"], row["error_code"])
        for customer, row in deliveries_of(tenant, campaign_id).items()
    }


def events(tenant: TenantStore, campaign_id: str) -> list[tuple[str, int | None]]:
    lines = logs_of(tenant, campaign_id, limit=10_000)
    return [(line.event, line.delivery_no) for line in reversed(lines)]


def dry_contacts(tenant: TenantStore) -> list[dict[str, Any]]:
    with tenant.read() as tx:
        return tx.rows(
            "SELECT customer, email_norm, contact_date, status, channel, campaign"
            " FROM contact_history WHERE tenant_id = :tenant AND status = 'dry_run'"
            " AND campaign IS NOT NULL ORDER BY event_key"
        )


def test_a_dry_run_does_everything_but_the_socket(tenant: TenantStore, small_batches: None) -> None:
    campaign_id = prepare_small(tenant)
    seen: list[tuple[int, int]] = []
    status = send_dry(tenant, campaign_id, lambda _stage, done, total: seen.append((done, total)))
    assert (status.state, status.sent, status.difference) == ("SENT", 5, 0)
    assert seen == [(2, 5), (4, 5), (5, 5)]
    rows = deliveries_of(tenant, campaign_id)
    assert {row["proof"] for row in rows.values()} == {"dry_run"}
    assert all(row["claimed_at"] and row["key_no"] == 1 for row in rows.values())
    assert len({row["key"] for row in rows.values()}) == 5
    contacts = dry_contacts(tenant)
    assert {(c["customer"], c["email_norm"]) for c in contacts} == {
        (f"C{n:05}", f"person{n}@example.com") for n in range(1, 6)
    }
    assert {str(c["contact_date"]) for c in contacts} == {TODAY.isoformat()}


def test_the_journal_tells_each_step_in_order_and_names_nobody(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant, recipients=3)
    send_dry(tenant, campaign_id)
    assert events(tenant, campaign_id) == [
        ("prepared", None),
        ("started", None),
        *[("claimed", 1), ("claimed", 2), ("dry_run", 1), ("dry_run", 2)],
        *[("claimed", 3), ("dry_run", 3)],
        ("finished", None),
    ]
    lines = logs_of(tenant, campaign_id, limit=100)
    assert number_of_logs(tenant, campaign_id) == len(lines) == 9
    assert [line.log_no for line in lines] == list(range(9, 0, -1))
    assert [line.log_no for line in logs_of(tenant, campaign_id, limit=2, offset=3)] == [6, 5]
    kept = json.dumps([dict(line.detail) for line in lines])
    assert "@" not in kept
    assert "Prénom" not in kept


def test_what_would_be_sent_is_the_frozen_payload_with_the_stored_key(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant, recipients=1)
    frozen = deliveries_of(tenant, campaign_id)["C00001"]
    send_dry(tenant, campaign_id)
    sent = deliveries_of(tenant, campaign_id)["C00001"]
    assert (sent["payload"], sent["payload_sha256"]) == (
        frozen["payload"],
        frozen["payload_sha256"],
    )
    body = compose_request(str(sent["payload"]), str(sent["key"])).body
    (line,) = [entry for entry in logs_of(tenant, campaign_id) if entry.event == "dry_run"]
    assert line.detail["request"]["bytes"] == len(body)
    assert line.detail["request"]["headers"]["idempotencyKey"] == str(sent["key"])


def test_no_rule_and_no_hash_sees_a_dry_run(tenant: TenantStore, small_batches: None) -> None:
    def dataset() -> tuple[str, list[tuple[object, ...]]]:
        with duckdb.connect() as con, tenant.read() as tx:
            found = load_dataset(tx, con)
            return found, con.execute("FROM contacts UNION ALL FROM contacts").fetchall()

    campaign_id = prepare_small(tenant)
    before = dataset()
    send_dry(tenant, campaign_id)
    assert count(tenant, "contact_history") == 5
    assert dataset() == before
    again = prepare_small_again(tenant, campaign_id)
    assert send_dry(tenant, again).sent == 5


def prepare_small_again(tenant: TenantStore, campaign_id: str) -> str:
    status = status_of(tenant, campaign_id)
    return prepare(tenant, ANALYST, status.run_id, status.template, status.batch_size)


@pytest.mark.parametrize("value", ["1", "", "TRUE ", "yes", "0 ", " 0", "O", "false", "off", "00"])
def test_every_spelling_but_an_exact_zero_is_dry(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BREVO_DRY_RUN", value)
    assert Settings(_env_file=None).is_dry_run


@pytest.mark.parametrize("value", ["0", "no", "TRUE "])
def test_a_dry_campaign_stays_dry_whatever_the_switch_says(
    tenant: TenantStore, small_batches: None, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    settings = tenant.store.settings.model_copy(update={"brevo_dry_run": value})
    monkeypatch.setattr(tenant.store, "settings", settings)
    assert send_dry(tenant, prepare_small(tenant)).sent == 5


def test_a_live_campaign_is_refused(tenant: TenantStore, small_batches: None) -> None:
    campaign_id = prepare_small(tenant)
    with tenant.begin() as tx:
        tx.execute("UPDATE campaign SET mode = 'live' WHERE tenant_id = :tenant")
    with pytest.raises(Refused, match="dry"):
        send_dry(tenant, campaign_id)
    assert status_of(tenant, campaign_id).pending == 5


def _opt_out(tenant: TenantStore) -> None:
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE customer SET email_opt_out = :yes"
            " WHERE tenant_id = :tenant AND customer = 'C00002'",
            yes=True,
        )


def _change_address(tenant: TenantStore, address: str | None) -> None:
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE customer SET email_norm = :address"
            " WHERE tenant_id = :tenant AND customer = 'C00002'",
            address=address,
        )


def _forget(tenant: TenantStore) -> None:
    with tenant.begin() as tx:
        tx.execute("DELETE FROM customer WHERE tenant_id = :tenant AND customer = 'C00002'")


def _spoil_payload(tenant: TenantStore) -> None:
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE delivery SET payload = '{}' WHERE tenant_id = :tenant AND customer = 'C00002'"
        )


def _contact(status: str, days_ago: int, **who: Any) -> Callable[[TenantStore], None]:
    return lambda tenant: add_contact(tenant, status, TODAY - timedelta(days=days_ago), **who)


ADDRESS = {"email": "person2@example.com"}
PERSON = {"customer": "C00002"}
OPTED_OUT = ("SUPPRESSED", "OPTOUT_OR_BOUNCE")
SILENT = ("SUPPRESSED", "SILENCE_WINDOW")
ADDRESS_CHANGED = ("SUPPRESSED", "ADDRESS_CHANGED")
SENT = ("SENT", None)


HAPPENINGS: dict[str, tuple[Callable[[TenantStore], None], tuple[str, str | None]]] = {
    "opt-out flag": (_opt_out, OPTED_OUT),
    "address suppressed": (lambda t: suppress(t, **ADDRESS), OPTED_OUT),
    "person suppressed": (lambda t: suppress(t, **PERSON), OPTED_OUT),
    "suppression lifted": (lambda t: suppress(t, **PERSON, lifted=True), SENT),
    "unsubscribed": (_contact("unsubscribe", 0, **ADDRESS), OPTED_OUT),
    "complaint of old": (_contact("complaint", 400, **PERSON), OPTED_OUT),
    "hard bounce": (_contact("hard_bounce", 5, **ADDRESS), OPTED_OUT),
    "written to today": (_contact("sent", 0, **ADDRESS), SILENT),
    "last day of silence": (_contact("delivered", 13, **PERSON), SILENT),
    "silence over": (_contact("delivered", 14, **PERSON), SENT),
    "called": (_contact("sent", 1, **PERSON, channel="phone"), SENT),
    "another dry run": (_contact("dry_run", 1, **PERSON), SENT),
    "address corrected": (lambda t: _change_address(t, "new@example.com"), ADDRESS_CHANGED),
    "address removed": (lambda t: _change_address(t, None), ADDRESS_CHANGED),
    "customer gone": (_forget, ("SUPPRESSED", "CUSTOMER_GONE")),
    "payload changed": (_spoil_payload, ("FAILED", "PAYLOAD_CHANGED")),
}


@pytest.mark.parametrize(("happens", "expected"), HAPPENINGS.values(), ids=HAPPENINGS)
def test_every_check_is_asked_again_at_the_claim(
    tenant: TenantStore,
    small_batches: None,
    happens: Callable[[TenantStore], None],
    expected: tuple[str, str | None],
) -> None:
    campaign_id = prepare_small(tenant, recipients=3, batch_size=3)
    happens(tenant)
    status = send_dry(tenant, campaign_id)
    assert states(tenant, campaign_id) == {"C00001": SENT, "C00002": expected, "C00003": SENT}
    assert (status.planned, status.difference, status.pending) == (3, 0, 0)
    assert len(dry_contacts(tenant)) == 2 + (expected == SENT)


@pytest.mark.parametrize(
    ("severity", "expected"), [("ERROR", ("SUPPRESSED", "FREQUENCY_CAP")), ("WARN", SENT)]
)
def test_a_cap_that_blocks_is_asked_again_at_the_claim(
    tenant: TenantStore, small_batches: None, severity: str, expected: tuple[str, str | None]
) -> None:
    campaign_id = prepare_small(tenant, recipients=2)
    capped = {"severities": {"FREQUENCY_CAP": severity}, "cap_messages": 2}
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE run SET policy_json = :policy WHERE tenant_id = :tenant",
            policy=json.dumps({"audit": {"extra": capped}}),
        )
    for days_ago in (14, 20):
        _contact("sent", days_ago, **ADDRESS)(tenant)
    send_dry(tenant, campaign_id)
    assert states(tenant, campaign_id) == {"C00001": SENT, "C00002": expected}


def test_an_opt_out_of_another_customer_holds_back_the_shared_address(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant, recipients=2)
    with tenant.begin() as tx:
        tx.execute(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id, email_norm,"
            " email_opt_out) VALUES (:tenant, 'ZZ', 0, 0, 'person2@example.com', :yes)",
            yes=True,
        )
    send_dry(tenant, campaign_id)
    assert states(tenant, campaign_id) == {"C00001": SENT, "C00002": OPTED_OUT}


def test_what_was_prepared_too_long_ago_is_cancelled(
    tenant: TenantStore, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_small(tenant)
    monkeypatch.setattr(tenant.store, "now", lambda: NOW + timedelta(days=7, seconds=1))
    status = send_dry(tenant, campaign_id)
    assert (status.cancelled, status.sent, status.state) == (5, 0, "SENT")
    assert set(states(tenant, campaign_id).values()) == {("CANCELLED", "DEADLINE_PASSED")}


def test_the_silence_window_ends_on_the_tenants_own_day(
    tenant: TenantStore, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_small(tenant, recipients=1)
    add_contact(tenant, "sent", date(2026, 3, 3), customer="C00001")
    late_evening = datetime.fromisoformat("2026-03-02T23:30:00+00:00")  # 3 March in Paris
    monkeypatch.setattr(tenant.store, "now", lambda: late_evening)
    assert send_dry(tenant, campaign_id).suppressed == 1


class Died(BaseException):
    """The process is gone: nothing after this point runs."""


class DyingTenant(TenantStore):
    """A tenant whose process dies at the n-th writing transaction, before or after it commits."""

    def __init__(self, tenant: TenantStore, dies_at: int, *, after_commit: bool) -> None:
        super().__init__(tenant.store, tenant.tenant)
        self.left = dies_at
        self.after_commit = after_commit

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.left -= 1
        with super().begin() as tx:
            yield tx
            if self.left == 0 and not self.after_commit:
                raise Died
        if self.left == 0:
            raise Died


@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies_at", range(1, 9))
def test_whoever_dies_at_any_commit_every_delivery_is_done_once(
    tenant: TenantStore, small_batches: None, dies_at: int, after_commit: bool
) -> None:
    campaign_id = prepare_small(tenant, recipients=3)
    with pytest.raises(Died):
        send_dry(DyingTenant(tenant, dies_at, after_commit=after_commit), campaign_id)
    between = status_of(tenant, campaign_id)
    assert between.difference == 0
    status = send_dry(tenant, campaign_id)
    assert (status.sent, status.difference, status.state) == (3, 0, "SENT")
    outcomes = [number for event, number in events(tenant, campaign_id) if event == "dry_run"]
    assert sorted(number or 0 for number in outcomes) == [1, 2, 3]
    assert len(dry_contacts(tenant)) == 3


def test_the_sweep_covers_every_commit_of_a_send(tenant: TenantStore, small_batches: None) -> None:
    counting = DyingTenant(tenant, 10_000, after_commit=False)
    send_dry(counting, prepare_small(tenant, recipients=3))
    assert 10_000 - counting.left == 8


KILLED_PROCESS = """
import os, signal, sys
from pathlib import Path
from core.services.send_dry import send_dry
from core.settings import Settings
from core.store.tenant import Store, Tenant, TenantStore
from tests.contract.campaign_data import NOW

url, data_dir, tenant_id, key, campaign_id = sys.argv[1:]
store = Store(Settings(database_url=url, data_dir=Path(data_dir), _env_file=None), now=lambda: NOW)
tenant = store.tenant_store(Tenant(tenant_id=tenant_id, key=key, name="Domaine Test"))

def die(_stage, done, _total):
    if done >= 2:
        os.kill(os.getpid(), signal.SIGKILL)

send_dry(tenant, campaign_id, die)
"""


def test_a_killed_process_leaves_its_lock_and_the_next_goes_on(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant)
    settings = tenant.store.settings
    arguments = (
        settings.database_url,
        str(settings.data_dir),
        tenant.tenant_id,
        tenant.tenant.key,
        campaign_id,
    )
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_PROCESS, *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert status_of(tenant, campaign_id).sent == 2
    assert send_dry(tenant, campaign_id).sent == 5
    assert len(dry_contacts(tenant)) == 5


def test_a_second_sender_is_turned_away(tenant: TenantStore, small_batches: None) -> None:
    campaign_id = prepare_small(tenant)
    with (
        locks.exclusive(tenant, prepare_campaign.lock_name(campaign_id), "busy"),
        pytest.raises(Busy),
    ):
        send_dry(tenant, campaign_id)
    assert status_of(tenant, campaign_id).pending == 5


def test_the_sums_are_exact_whenever_somebody_looks(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant, recipients=12)
    suppress(tenant, customer="C00007")
    differences, over = [], Event()

    def poll() -> None:
        while not over.is_set():
            differences.append(status_of(tenant, campaign_id).difference)

    poller = Thread(target=poll)
    poller.start()
    status = send_dry(tenant, campaign_id)
    over.set()
    poller.join()
    assert (status.sent, status.suppressed, status.planned) == (11, 1, 12)
    assert len(differences) > 1
    assert set(differences) == {0}


def test_sending_again_changes_nothing(tenant: TenantStore, small_batches: None) -> None:
    campaign_id = prepare_small(tenant)
    first = send_dry(tenant, campaign_id)
    lines = number_of_logs(tenant, campaign_id)
    assert send_dry(tenant, campaign_id) == first
    assert number_of_logs(tenant, campaign_id) == lines


def test_a_cancelled_campaign_sends_no_more(tenant: TenantStore, small_batches: None) -> None:
    campaign_id = prepare_small(tenant)
    send_dry(tenant, campaign_id, lambda *_: _cancel_once(tenant, campaign_id))
    status = status_of(tenant, campaign_id)
    assert (status.sent, status.cancelled, status.state) == (2, 3, "CANCELLED")
    assert status.difference == 0
    assert send_dry(tenant, campaign_id) == status
    with pytest.raises(Refused, match="over"):
        cancel(tenant, ANALYST, campaign_id)


def _cancel_once(tenant: TenantStore, campaign_id: str) -> None:
    if status_of(tenant, campaign_id).state == "SENDING":
        cancel(tenant, ANALYST, campaign_id)


def test_claims_of_a_dead_process_are_cancelled_with_their_campaign(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant)
    with pytest.raises(Died):
        send_dry(DyingTenant(tenant, 3, after_commit=True), campaign_id)
    cancel(tenant, ANALYST, campaign_id)
    assert status_of(tenant, campaign_id).pending == 2
    status = send_dry(tenant, campaign_id)
    assert (status.cancelled, status.pending, status.state) == (5, 0, "CANCELLED")


def test_a_dry_run_goes_on_though_a_backup_was_brought_back(
    tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant)
    send_dry(tenant, campaign_id, lambda *_: _pause_once(tenant, campaign_id))
    assert status_of(tenant, campaign_id).pending == 3
    note_restore(tenant, ANALYST)
    assert resume(tenant, ANALYST, campaign_id).state == "SENDING"
    status = send_dry(tenant, campaign_id)
    assert (status.sent, status.state, status.difference) == (5, "SENT", 0)


def _pause_once(tenant: TenantStore, campaign_id: str) -> None:
    if status_of(tenant, campaign_id).state == "SENDING":
        pause(tenant, ANALYST, campaign_id)


def test_who_may_not_or_does_not_know_is_refused(
    store: Store, tenant: TenantStore, small_batches: None
) -> None:
    campaign_id = prepare_small(tenant)
    with pytest.raises(NotAllowed):
        cancel(tenant, VIEWER, campaign_id)
    for wrong in (campaign_id[:-1], "no id", "../../x"):
        with pytest.raises(NotFound):
            send_dry(tenant, wrong)
    with pytest.raises(NotFound):
        send_dry(new_tenant(store), campaign_id)
