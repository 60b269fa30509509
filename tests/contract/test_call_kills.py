"""A call under an Idempotency-Key whose process is killed anywhere: gone on with, done once.

`make test` draws the moments (`IACRM_SAMPLE_SEED` repeats them); the long form takes them all.
"""

import os
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from core.jobs import RUN, TAKE, job_of, migrate_jobs
from core.services.accounts import Actor, Role
from core.services.idempotent_calls import Call, Reply, once
from core.services.import_ledger import list_imports
from core.services.run_reports import list_runs
from core.store.tenant import Store, TenantStore
from tests.conftest import SAMPLE_SEED
from tests.contract.call_forks import Answered, Programs
from tests.contract.campaign_data import NOW, deliveries_of, fill_run, people
from tests.contract.conftest import new_tenant

SAMPLED = 3  # moments, per call and database


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    with Programs() as prepared:
        yield prepared


@pytest.fixture(scope="module", autouse=True)
def _jobs(store: Store) -> None:
    migrate_jobs(store.settings)


def order_of(tenant: TenantStore, asked: str) -> dict[str, Any]:
    """Return what a process is told that answers the call, which is new to the company."""
    settings = tenant.store.settings
    return {
        "url": settings.database_url,
        "folder": str(settings.data_dir),
        "tenant_id": tenant.tenant_id,
        "tenant_key": tenant.tenant.key,
        "asked": asked,
        "token_id": str(uuid.uuid4()),
        "key": "monday",
        "now": NOW.isoformat(),
        "run_id": fill_run(tenant, people(5)) if asked == "batch" else None,
    }


def check_one_run(tenant: TenantStore, told: Answered) -> None:
    assert [card.run_id for card in list_runs(tenant, limit=9)] == [told.body["run_id"]]
    assert job_of(tenant, RUN, told.body["run_id"]) is not None


def check_one_import(tenant: TenantStore, told: Answered) -> None:
    assert [entry.import_id for entry in list_imports(tenant)] == [told.body["import_id"]]
    assert job_of(tenant, TAKE, told.body["import_id"]) is not None


def check_one_batch(tenant: TenantStore, told: Answered) -> None:
    assert (told.body["worked"], told.body["sent"]) == (2, 2)
    rows = deliveries_of(tenant, told.body["campaign_id"]).values()
    assert sorted(str(row["state"]) for row in rows) == ["PLANNED"] * 3 + ["SENT"] * 2
    with tenant.read() as tx:
        contacts = tx.rows("SELECT email_norm FROM contact_history WHERE tenant_id = :tenant")
    assert len({row["email_norm"] for row in contacts}) == len(contacts) == 2


CHECKS: Mapping[str, Callable[[TenantStore, Answered], None]] = {
    "run": check_one_run,
    "import": check_one_import,
    "batch": check_one_batch,
}


def calls_of(store: Store, programs: Programs, asked: str) -> int:
    """Return the number of moments of a call that nobody kills: the first makes folders too."""
    for _ in range(2):
        tenant = new_tenant(store)
        told = programs.call(order_of(tenant, asked))
        assert told.error == ""
        CHECKS[asked](tenant, told)
    return told.calls


def check_kills(store: Store, programs: Programs, asked: str, moments: Sequence[int]) -> None:
    for kill_at in moments:
        tenant = new_tenant(store)
        order = order_of(tenant, asked)
        assert programs.call(order, kill_at).killed, kill_at
        told, again = programs.call(order), programs.call(order)
        assert (told.error, told.status // 100) == ("", 2), (kill_at, told)
        assert (again.is_repeated, again.body) == (True, told.body), (kill_at, again)
        CHECKS[asked](tenant, told)


@pytest.mark.parametrize("asked", CHECKS)
def test_a_call_killed_at_drawn_moments_is_done_once(
    store: Store, programs: Programs, asked: str
) -> None:
    draw = random.Random(f"{os.environ[SAMPLE_SEED]} {asked} {store.data_engine.dialect.name}")
    calls = calls_of(store, programs, asked)
    moments = sorted(draw.sample(range(1, calls + 1), SAMPLED))
    print(f"{SAMPLE_SEED}={os.environ[SAMPLE_SEED]}: of {calls} moments {moments}")
    check_kills(store, programs, asked, moments)


@pytest.mark.full
@pytest.mark.parametrize("asked", CHECKS)
def test_a_call_killed_at_any_moment_is_done_once(
    store: Store, programs: Programs, asked: str
) -> None:
    check_kills(store, programs, asked, range(1, calls_of(store, programs, asked) + 1))


def test_a_call_that_is_worked_on_is_not_gone_on_with(store: Store, programs: Programs) -> None:
    """A key belongs to its token: another's call under it is another call."""
    tenant = new_tenant(store)
    order = order_of(tenant, "run")
    actor = Actor(user_id=order["token_id"], username="api:x", role=Role.ANALYST, language="en")

    def work(_call: Call) -> Reply:
        assert programs.call(order).error.startswith("Busy")
        assert programs.call({**order, "token_id": str(uuid.uuid4())}).status == 202
        return Reply(status=202, body={})

    once(tenant, actor, order["key"], {}, work)
    assert len(list_runs(tenant, limit=9)) == 1
