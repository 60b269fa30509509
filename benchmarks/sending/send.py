"""A live campaign against the double of Brevo, which answers after 50 ms, in a process of its own.

    python -m benchmarks.sending.send [RECIPIENTS] [DATABASE_URL]

The campaign is prepared before the clock runs, on SQLite (synchronous = FULL) unless a database
is named. The clock stops when the campaign is over. Meanwhile another thread adds the sums up ten
times a second; afterwards the double's ledger is compared with them.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.services.campaign_reports import CampaignStatus, status_of
from core.services.send_campaign import send
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from tests.contract.brevo_double import SHORTEST_LIFE, BrevoDouble
from tests.contract.conftest import new_tenant
from tests.contract.live_data import prepare_live
from tests.contract.send_forks import live_settings

RECIPIENTS = 10_000
ANSWER_SECONDS = 0.05
POLL_SECONDS = 0.1


def serve() -> None:
    """Answer until a line comes in; then print how many were written to, and how many twice."""
    double = BrevoDouble(utc_now, SHORTEST_LIFE)
    double.latency_seconds = ANSWER_SECONDS
    double.start()
    print(double.base_url, flush=True)
    sys.stdin.readline()
    accepted = double.ledger.acceptances()
    print(len(accepted), sum(count > 1 for count in accepted.values()), len(double.violations))
    double.stop()


class Poller(threading.Thread):
    """Adds up the campaign's sums again and again, and keeps the differences."""

    def __init__(self, tenant: TenantStore, campaign_id: str) -> None:
        super().__init__(daemon=True)
        self.tenant, self.campaign_id = tenant, campaign_id
        self.differences: Counter[int] = Counter()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(POLL_SECONDS):
            self.differences[status_of(self.tenant, self.campaign_id).difference] += 1


def measured(tenant: TenantStore, campaign_id: str) -> tuple[float, float, CampaignStatus, Poller]:
    """Send the campaign; return the seconds, those of the processor, the sums and the polls."""
    poller = Poller(tenant, campaign_id)
    poller.start()
    began, worked = time.perf_counter(), time.process_time()
    status = send(tenant, campaign_id)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    poller.is_over.set()
    poller.join()
    return seconds, processor, status, poller


@dataclass(frozen=True)
class Sent:
    """A campaign that was sent: how long it took, and what double and sums say of it."""

    seconds: float
    processor: float
    status: CampaignStatus
    differences: Counter[int]
    ledger: str
    in_flight: int


def sent_live(recipients: int, database_url: str | None) -> Sent:
    """Prepare a campaign, send it against the double, and return what it took."""
    double = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sending.send", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert double.stdout is not None
    base_url = double.stdout.readline().strip()
    with tempfile.TemporaryDirectory(prefix="send") as folder:
        url = database_url or f"sqlite:///{folder}/crm.db"
        settings = live_settings(url, Path(folder), base_url)
        migrate(settings)
        tenant = new_tenant(Store(settings, utc_now))
        campaign_id = prepare_live(tenant, recipients)
        seconds, processor, status, poller = measured(tenant, campaign_id)
    ledger, _ = double.communicate("\n")
    in_flight = settings.brevo_in_flight
    return Sent(seconds, processor, status, poller.differences, ledger.strip(), in_flight)


def main(recipients: int, database_url: str | None) -> None:
    sent = sent_live(recipients, database_url)
    print(f"{recipients} recipients: {sent.seconds:.1f} s, of the processor {sent.processor:.1f} s")
    print(f"{sent.status.state} {sent.status.sent}, polls by difference {dict(sent.differences)}")
    print(f"ledger (addresses, twice, violations): {sent.ledger}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else RECIPIENTS,
            sys.argv[2] if len(sys.argv) > 2 else None,
        )
