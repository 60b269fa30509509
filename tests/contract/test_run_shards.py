"""A run in shards leaves the rows, files and figures of a run in one piece, whoever works on it."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Busy, NotFound, Refused
from core.jobs import migrate_jobs
from core.jobs.shards import ask_shard
from core.reco import ranking
from core.services import execute_run, shard_plan, shard_run
from core.services.accounts import SYSTEM, create_tenant
from core.services.erasure import ask_erasure, erase
from core.services.execute_run import create_run, execute
from core.services.run_insights import COHORTS, MONTHS, RFM
from core.services.run_reports import qc_of, run_of
from core.services.shard_plan import clear_abandoned, is_sharded
from core.services.shard_run import IN_SHARDS, work_shard
from core.store.locks import exclusive
from core.store.run_insights import find_insight
from core.store.run_rows import OUTPUT_ROWS, PRODUCT_ROWS
from core.store.run_shards import Shard, load_shards, shard_lock, try_shard
from core.store.runs import RunStatus
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock, MakeStore, new_tenant
from tests.golden.small_tenant import AS_OF, comparable_files, store_row, store_small_tenant

pytestmark = pytest.mark.postgres

CUSTOMERS = 14


class Hands:
    """Works on all shards of a run, in an order that may be given, once all were asked for."""

    def __init__(self, order: Callable[[list[str]], list[str]] = list) -> None:
        self.asked: list[str] = []
        self._order = order

    def __call__(self, store: TenantStore, subject: str) -> None:
        """Take a shard that is asked for."""
        self.asked.append(subject)
        run_id, _, number = subject.partition(".")
        if int(number) == len(shards_of(store, run_id)):
            for one in self._order(list(self.asked)):
                work_shard(store, one)


@pytest.fixture(scope="module")
def store(make_store: MakeStore) -> Store:
    """Postgres: elsewhere nothing is worked on in shards."""
    return make_store("postgres")


@pytest.fixture
def company(tenant: TenantStore) -> TenantStore:
    return filled(tenant)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run with hands be one in shards, and nobody wait between two looks."""
    monkeypatch.setattr("core.services.execute_run.is_sharded", lambda _store: True)
    monkeypatch.setattr(shard_run, "_LOOK_SECONDS", 0.01)


def filled(tenant: TenantStore) -> TenantStore:
    store_small_tenant(tenant)
    with tenant.begin() as tx:
        for code in ("Z1", "É2"):
            row = {
                "customer": code,
                "email": "z@cave.example.fr",
                "email_norm": "z@cave.example.fr",
            }
            store_row(tx, "customer", 1, row)
    return tenant


def executed(tenant: TenantStore, ask: Any = None, told: list[Any] | None = None) -> str:
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id, lambda *step: told.append(step) if told is not None else None, ask)
    return run_id


def outcome(tenant: TenantStore, run_id: str) -> dict[str, Any]:
    """All that a run leaves but for its id, its moments and how long it took.

    How customers moved depends on the run before, which is another one for each.
    """
    found: dict[str, Any] = {**comparable_files(tenant, run_id), **outcome_rows(tenant, run_id)}
    with tenant.read() as tx:
        kept = tx.row(
            "SELECT qc_json, basis_json FROM run WHERE tenant_id = :tenant AND run_id = :run_id",
            run_id=run_id,
        )
    assert kept is not None
    return found | {"qc": kept["qc_json"], "data": json.loads(kept["basis_json"])["data"]}


def outcome_rows(tenant: TenantStore, run_id: str) -> dict[str, list[str]]:
    """The rows of a run without its id, in one order."""
    found = {}
    with tenant.read() as tx:
        for table in (*OUTPUT_ROWS, *PRODUCT_ROWS):
            rows = tx.rows(
                f"SELECT * FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id",
                run_id=run_id,
            )
            for row in rows:
                del row["tenant_id"], row["run_id"]
            found[table] = sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
        for name in (RFM, COHORTS, MONTHS):
            found[name] = [told] if (told := find_insight(tx, run_id, name)) else []
    return found


def shards_of(tenant: TenantStore, run_id: str) -> list[Shard]:
    with tenant.read() as tx:
        return load_shards(tx, run_id)


def count_rows(tenant: TenantStore, table: str) -> int:
    with tenant.read() as tx:
        return int(tx.scalar(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant"))


def left_behind(tenant: TenantStore) -> int:
    return count_rows(tenant, "run_part") + count_rows(tenant, "run_shard")


def die(*_: object) -> None:
    raise KeyboardInterrupt


def shuffled(listed: list[str]) -> list[str]:
    return random.Random(7).sample(listed, len(listed))


@pytest.mark.parametrize(
    ("shards", "order"), [(1, list), (2, lambda listed: listed[::-1]), (7, shuffled)]
)
def test_any_number_of_shards_in_any_order_leaves_the_same(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch, shards: int, order: Any
) -> None:
    whole, compiled = outcome(company, executed(company)), len(ranking._rank_slice.signatures)
    monkeypatch.setattr(shard_plan, "CUSTOMERS_PER_SHARD", CUSTOMERS // shards)
    hands, told = Hands(order), []
    assert outcome(company, executed(company, hands, told)) == whole
    assert len(hands.asked) == shards
    assert left_behind(company) == 0
    assert [(0, shards), (shards, shards)] == [step[1:] for step in told if step[0] == IN_SHARDS]
    # A kernel that meets other types is compiled once more, which takes minutes.
    assert len(ranking._rank_slice.signatures) == compiled


def test_a_run_that_was_killed_goes_on_with_the_shards_that_are_left(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_plan, "CUSTOMERS_PER_SHARD", 2)
    run_id = create_run(company, SYSTEM, as_of=AS_OF)

    def lose(store: TenantStore, subject: str) -> None:
        if subject.endswith(".4"):
            with monkeypatch.context() as patched:
                patched.setattr(shard_run, "store_lists", die)
                work_shard(store, subject)
        work_shard(store, subject)

    with pytest.raises(KeyboardInterrupt):
        execute(company, run_id, ask=lose)
    with pytest.raises(NotFound):
        qc_of(company, run_id)
    worked_on: list[str] = []
    execute(company, run_id, ask=lambda store, one: (worked_on.append(one), work_shard(store, one)))
    assert [one.partition(".")[2] for one in worked_on] == ["4", "5", "6", "7"]
    assert outcome(company, run_id) == outcome(company, executed(company))


def test_a_shard_that_never_succeeds_fails_its_run_and_leaves_nothing(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("customer A1 <anne@cave.example.fr>")

    def ask(store: TenantStore, subject: str) -> None:
        asked.append(subject)
        with suppress(RuntimeError):
            work_shard(store, subject)

    asked: list[str] = []
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    monkeypatch.setattr(shard_run, "store_lists", fail)
    with pytest.raises(Refused):
        execute(company, run_id, ask=ask)
    assert len(asked) == shard_run.MOST_TRIES
    card = run_of(company, run_id).card
    assert card.status is RunStatus.FAILED
    assert "anne" not in (card.error or "")
    assert left_behind(company) == 0
    assert not any(outcome_rows(company, run_id).values())


def test_only_the_last_try_of_a_shard_ends_it(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of another are removed by it: a run that was published then would lack them."""
    run_id, stored = create_run(company, SYSTEM, as_of=AS_OF), shard_run.store_lists
    with pytest.raises(KeyboardInterrupt):
        execute(company, run_id, ask=die)

    def overtaken(*given: Any) -> None:
        stored(*given)
        try_shard(company, run_id, 1)

    with monkeypatch.context() as patched:
        patched.setattr(shard_run, "store_lists", overtaken)
        work_shard(company, f"{run_id}.1")
    assert [(shard.tries, shard.is_done) for shard in shards_of(company, run_id)] == [(2, False)]
    execute(company, run_id, ask=Hands())
    assert outcome(company, run_id) == outcome(company, executed(company))


def test_a_run_fails_though_a_shard_of_it_does_not_end(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Busy("a part is still worked on")

    def ask(_store: TenantStore, _subject: str) -> None:
        monkeypatch.setattr(execute_run, "stop_shards", busy)
        raise RuntimeError

    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    with pytest.raises(RuntimeError):
        execute(company, run_id, ask=ask)
    assert run_of(company, run_id).card.status is RunStatus.FAILED


def test_a_worker_of_another_version_makes_no_rows(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    with pytest.raises(KeyboardInterrupt):
        execute(company, run_id, ask=die)
    laid_out = outcome_rows(company, run_id)
    monkeypatch.setattr(shard_run, "code_digest", lambda: "another")
    with pytest.raises(Refused):
        work_shard(company, f"{run_id}.1")
    assert outcome_rows(company, run_id) == laid_out
    assert not any(laid_out[table] for table in OUTPUT_ROWS)


def test_a_run_that_only_workers_of_another_version_found_says_so(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(store: TenantStore, subject: str) -> None:
        with suppress(Refused):
            work_shard(store, subject)

    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    monkeypatch.setattr(shard_run, "code_digest", lambda: "another")
    with pytest.raises(Refused, match="of another version"):
        execute(company, run_id, ask=ask)
    assert "of another version" in (run_of(company, run_id).card.error or "")


def test_where_nothing_was_left_nobody_looks_at_the_lock_of_runs(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that begins at that moment would be refused."""
    other = company.store.tenant_store(create_tenant(company.store, "looked-at", "Cave"))
    with pytest.raises(KeyboardInterrupt):
        executed(company, die)
    with monkeypatch.context() as patched:
        patched.setattr(shard_plan, "is_held", die)
        with pytest.raises(KeyboardInterrupt):
            clear_abandoned(company)
        clear_abandoned(other)


def test_an_erasure_drops_what_shards_wait_for_and_the_run_begins_anew(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    with pytest.raises(KeyboardInterrupt):
        execute(company, run_id, ask=die)
    request_id = ask_erasure(company, SYSTEM, "A1", reason="asked", confirmation="A1")
    try_shard(company, run_id, 1)
    with exclusive(company, shard_lock(run_id, 1), "held"), pytest.raises(Busy):
        erase(company, request_id)
    assert count_rows(company, "run_part") == 0
    erase(company, request_id)
    execute(company, run_id, ask=Hands())
    assert outcome(company, run_id) == outcome(company, executed(company))


def test_what_a_run_left_of_its_shards_is_cleared(
    company: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(shard_run, "drop_shards", die)
        with pytest.raises(KeyboardInterrupt):
            executed(company, Hands())
    assert count_rows(company, "run_part") > 0
    clear_abandoned(company)
    assert left_behind(company) == 0
    run_id = create_run(company, SYSTEM, as_of=AS_OF)
    with pytest.raises(KeyboardInterrupt):
        execute(company, run_id, ask=die)
    clear_abandoned(company)
    assert count_rows(company, "run_part") > 0  # it may still go on
    clock.pass_by(timedelta(days=2))
    with exclusive(company, shard_lock(run_id, 1), "held"), monkeypatch.context() as patched:
        patched.setattr(shard_plan, "_LOOK_SECONDS", 0.01)
        clear_abandoned(company)  # a shard at work is not waited for
    assert (count_rows(company, "run_part"), count_rows(company, "run_shard") > 0) == (0, True)
    clear_abandoned(company)
    assert left_behind(company) == 0


def test_only_many_customers_on_postgres_are_worked_on_in_shards(
    make_store: MakeStore, company: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_sharded(company)
    monkeypatch.setattr(shard_plan, "SHARDED_FROM", CUSTOMERS)
    assert is_sharded(company)
    assert not is_sharded(filled(new_tenant(make_store("sqlite"))))


def test_a_lost_worker_costs_its_shard_alone_while_two_companies_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate_jobs(store.settings)
    companies = [
        filled(store.tenant_store(create_tenant(store, key, "Cave"))) for key in ("one", "two")
    ]
    whole = outcome(companies[0], executed(companies[0]))
    tries: list[int] = []
    monkeypatch.setattr(shard_plan, "CUSTOMERS_PER_SHARD", 2)
    monkeypatch.setattr(shard_run, "drop_shards", lambda store, run_id: tries.extend(
        shard.tries for shard in shards_of(store, run_id)
    ))  # fmt: skip
    with ThreadPoolExecutor(2) as pool, worker(store, "dies"), worker(store):
        runs = list(pool.map(lambda one: executed(one, ask_shard), companies))
    # Its shard alone: one, or one of each company where it worked on both.
    assert sorted(tries) in ([1] * 13 + [2], [1] * 12 + [2] * 2)
    assert [outcome(*one) for one in zip(companies, runs, strict=True)] == [whole, whole]


@contextmanager
def worker(store: Store, fate: str = "lives") -> Iterator[None]:
    """A worker process on the jobs of `store`; one that dies is killed in its first shard."""
    environment = {
        **os.environ,
        "DATABASE_URL": store.settings.database_url,
        "DATA_DIR": str(store.settings.data_dir),
    }
    command = [sys.executable, "-m", "tests.contract.shard_worker", fate]
    process = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        process.kill()
        assert (process.wait() == -signal.SIGKILL) or fate == "lives"
