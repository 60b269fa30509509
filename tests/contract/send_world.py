"""A live campaign, a double of Brevo and the processes that send: one world per run of a test."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.outreach.brevo import BrevoClient
from core.services.brevo_account import BrevoAccount
from core.services.campaign_control import resume
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.reconcile_campaign import Reconciliation, reconcile
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_double import KEY, BrevoDouble, serve_brevo
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of
from tests.contract.conftest import new_tenant
from tests.contract.live_data import prepare_live
from tests.contract.send_forks import Outcome, Senders, SharedClock, live_settings

BUSY_SECONDS = 20.0
_RESUMED = 8


@dataclass(frozen=True, kw_only=True)
class SendWorld:
    """A confirmed campaign of a new company, and who can send it."""

    tenant: TenantStore
    campaign_id: str
    brevo: BrevoDouble
    clock: SharedClock
    senders: Senders
    in_flight: int

    def order(self, **asked: Any) -> dict[str, Any]:
        """Return what a process is told that sends the campaign."""
        settings = self.tenant.store.settings
        return {
            "database_url": settings.database_url,
            "data_dir": str(settings.data_dir),
            "tenant_id": self.tenant.tenant_id,
            "key": self.tenant.tenant.key,
            "campaign_id": self.campaign_id,
            "base_url": self.brevo.base_url,
            "clock": str(self.clock.path),
            "in_flight": self.in_flight,
            **asked,
        }

    def begin(self, **asked: Any) -> int:
        """Let one process begin to send; return its id."""
        return self.senders.start([self.order(**asked)])[0]

    def send(self, **asked: Any) -> Outcome:
        """Let one process send, waiting while the lock of one just killed is let go."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            outcome = self.senders.wait(self.begin(**asked))
            if not outcome.error.startswith("Busy") or time.monotonic() > until:
                return outcome
            time.sleep(0.02)

    def send_whole(self) -> None:
        """Send, and resume what paused by itself, until the campaign is over."""
        for _ in range(_RESUMED):
            outcome = self.send()
            assert (outcome.ended, outcome.error) == ("done", "")
            if self.status().state == "SENT":
                return
            resume(self.tenant, ANALYST, self.campaign_id)
        raise AssertionError(f"never over: {self.status()}")

    def status(self) -> CampaignStatus:
        """Return the campaign's sums."""
        return status_of(self.tenant, self.campaign_id)

    def reconcile(self) -> Reconciliation:
        """Read Brevo's events once, through the client."""
        client = BrevoClient(SecretStr(KEY), self.brevo.base_url)
        try:
            account = BrevoAccount(client=client)
            return reconcile(self.tenant, ANALYST, self.campaign_id, account)
        finally:
            client.close()

    def settle(self) -> None:
        """Reconcile twice, half an hour apart."""
        self.reconcile()
        self.clock.pass_by(timedelta(minutes=31))
        self.reconcile()

    def addresses_in(self, *states: str) -> set[str]:
        """Return the addresses whose deliveries are in one of the states."""
        rows = deliveries_of(self.tenant, self.campaign_id).values()
        return {str(row["email_norm"]) for row in rows if row["state"] in states}


@contextmanager
def live_world(
    store: Store,
    senders: Senders,
    *,
    recipients: int = 6,
    in_flight: int = 3,
    is_confirmed: bool = True,
    batch_size: int = 250,
) -> Iterator[SendWorld]:
    """Give a world whose company is new in `store`, on a clock of its own."""
    with tempfile.TemporaryDirectory(prefix="send") as folder:
        clock = SharedClock(Path(folder) / "clock", NOW)
        with serve_brevo(clock) as brevo:
            settings = store.settings
            kept = (store.settings, store.now)
            store.settings = live_settings(settings.database_url, settings.data_dir, brevo.base_url)
            store.now = clock
            tenant = new_tenant(store)
            yield SendWorld(
                tenant=tenant,
                campaign_id=prepare_live(tenant, recipients, batch_size, is_confirmed=is_confirmed),
                brevo=brevo,
                clock=clock,
                senders=senders,
                in_flight=in_flight,
            )
            store.settings, store.now = kept


def check_nobody_twice(world: SendWorld) -> None:
    """Hold the double's own ledger: at most one message to each address."""
    twice = {email: n for email, n in world.brevo.ledger.acceptances().items() if n > 1}
    assert not twice, twice


def check_agreement(world: SendWorld, settled: Sequence[str] = ("SENT", "REVIEW")) -> None:
    """Hold journal, contact history and sums of a settled campaign against the double's ledger."""
    check_nobody_twice(world)
    rows = deliveries_of(world.tenant, world.campaign_id).values()
    states = Counter(row["state"] for row in rows)
    assert set(states) <= set(settled), states
    assert world.status().difference == 0, world.status()
    accepted, sent = set(world.brevo.ledger.acceptances()), world.addresses_in("SENT")
    assert sent == accepted, (sent - accepted, accepted - sent)
    with world.tenant.read() as tx:
        contacts = tx.rows(
            "SELECT email_norm, status FROM contact_history WHERE tenant_id = :tenant"
        )
        lines = tx.rows("SELECT delivery_no, event FROM brevo_logs WHERE tenant_id = :tenant")
    written = sorted(row["email_norm"] for row in contacts if row["status"] == "sent")
    assert written == sorted(accepted), (written, accepted)
    assert len(contacts) == len(written), contacts
    told = Counter((line["delivery_no"], line["event"]) for line in lines)
    for row in rows:
        number = row["delivery_no"]
        is_sent = row["state"] == "SENT"
        assert told[number, "claimed"] == row["key_no"], (told, row)
        assert (told[number, "sent"], bool(row["proof"])) == (is_sent, is_sent), (told, row)
