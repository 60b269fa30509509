"""Web, worker and database die at any moment: what was asked for happens, once, and right.

A program works through an import, a run and a dry campaign by the HTTP API and asks again, under
the same key, whenever it hears nothing. The matrix is 200 kills; a short run has a few, on the
database that it draws.
"""

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import requests

from core.services.accounts import SYSTEM, Role, create_tenant
from core.services.api_tokens import create_token
from core.store.tenant import Store, TenantStore
from tests.conftest import ROOT, SAMPLE_SEED
from tests.contract.killed_machine import Machine

SAMPLE = sorted((ROOT / "samples" / "isavigne").glob("*.csv"))
FILES = ("reco_output.csv", "audit_output.csv", "next_action_output.csv")
RUN = {"as_of": "2026-03-01"}
COUNTED = ("customer", "sale_line", "contact_history", "imports", "run", "campaign", "delivery")
BATCH_SIZE = 200
_PATIENCE = 600.0
_STORES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


class Program:
    """A company's program: it calls until it is answered, under one key for each thing it asks."""

    def __init__(self, machine: Machine, store: Store) -> None:
        key = f"t{uuid.uuid4().hex[:8]}"
        self.company = store.tenant_store(create_tenant(store, key, "Cave"))
        secret = create_token(self.company, SYSTEM, "cron", Role.ANALYST).secret
        self._machine, self._base = machine, machine.base_url
        self._headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Return the answer, asking again while nobody or only a refusal of the moment answers."""
        headers = {**self._headers, "Idempotency-Key": str(uuid.uuid4())}
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                found = requests.request(
                    method, self._base + path, headers=headers, timeout=60, **options
                )
            except requests.RequestException:
                found = None
            if found is not None and found.ok:
                return found
            assert found is None or found.status_code in (404, 409, 503), found.text
            assert time.monotonic() < deadline, found and found.text
            time.sleep(0.2)

    def until(self, path: str, over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Look at `path` until what it tells is over."""
        self._machine.begin_step()
        deadline = time.monotonic() + _PATIENCE
        while not over(told := self.ask("GET", path).json()):
            assert time.monotonic() < deadline, told
            time.sleep(0.3)
        return dict(told)

    def work(self) -> "Outcome":
        """Import the sample, run, and work through a dry campaign to its end."""
        imports = [
            self.ask("POST", "/imports", params={"name": path.name}, data=path.read_bytes()).json()
            for path in SAMPLE
        ]
        for each in imports:
            self.until(f"/imports/{each['import_id']}", lambda told: told["status"] == "loaded")
        run_id = self.ask("POST", "/reco/run", json=RUN).json()["run_id"]
        run = self.until(f"/reco/runs/{run_id}", lambda told: told["status"] in ("done", "failed"))
        assert run["status"] == "done", run
        batch = {"run_id": run_id, "template": "discovery", "batch_size": BATCH_SIZE}
        while (told := self.ask("POST", "/brevo/send_batch", json=batch).json())["pending"]:
            pass
        return Outcome(self, run_id, told)


class Outcome:
    """What stands in the database and comes out of it when the program is through."""

    def __init__(self, program: Program, run_id: str, campaign: dict[str, Any]) -> None:
        self.run_id, self.campaign = run_id, campaign
        self._program = program

    def told(self) -> dict[str, object]:
        """Return what must be the same whatever was killed; ids and moments left out."""
        company = self._program.company
        sums = {k: v for k, v in self.campaign.items() if k not in ("campaign_id", "run_id")}
        return {
            "campaign": {name: sums[name] for name in sums if name != "worked"},
            **{table: _count(company, table) for table in COUNTED},
            "written to": _written_to(company),
            **{name: self._digest(name) for name in FILES},
        }

    def _digest(self, name: str) -> str:
        text = self._program.ask("GET", f"/export/runs/{self.run_id}/{name}").text
        return hashlib.sha256(text.replace(self.run_id, "RUN").encode()).hexdigest()


def _count(company: TenantStore, table: str) -> int:
    with company.read() as tx:
        return int(tx.scalar(f"SELECT COUNT(*) FROM {table} WHERE tenant_id = :tenant"))


def _written_to(company: TenantStore) -> list[tuple[str, ...]]:
    """Return the journal's events of single deliveries: of how many, and how often in all.

    A batch that was killed between its claim and its end is claimed again, which is no message.
    """
    with company.read() as tx:
        found = tx.rows(
            "SELECT event, COUNT(*) AS deliveries,"
            " SUM(CASE WHEN event = 'claimed' THEN 1 ELSE times END) AS times FROM"
            " (SELECT event, delivery_no, COUNT(*) AS times FROM brevo_logs"
            " WHERE tenant_id = :tenant AND delivery_no IS NOT NULL"
            " GROUP BY event, delivery_no) AS each_of_them GROUP BY event ORDER BY event"
        )
        return [tuple(map(str, each.values())) for each in found]


def _killed(kind: str, kills: int, seed: str) -> Iterator[tuple[dict[str, object], ...]]:
    chance = Random(f"{seed} {kind}")
    with Machine(kind) as machine:
        store = machine.open_store()
        expected = Program(machine, store).work().told()
        while machine.kills.total() < kills:
            over = threading.Event()
            killer = threading.Thread(target=machine.kill_at_random, args=(chance, over, kills))
            killer.start()
            try:
                yield expected, Program(machine, store).work().told()
            finally:
                over.set()
                killer.join()
        print(f"seed {seed}: {dict(machine.kills)}")


@pytest.mark.parametrize("kind", _STORES)
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(3, id="short", marks=pytest.mark.sampled(one_in=2)),
        pytest.param(100, id="long", marks=pytest.mark.full),
    ],
)
def test_whatever_dies_all_of_it_happens_once(kind: str, kills: int) -> None:
    seed = os.environ[SAMPLE_SEED]
    for expected, found in _killed(kind, kills, seed):
        assert found == expected
