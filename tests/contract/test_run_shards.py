"""A run in shards leaves the rows, files and figures of a run in one piece, whoever works on it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.services import shard_plan, shard_run
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.shard_run import work_shard
from core.store.run_rows import OUTPUT_ROWS
from core.store.run_shards import load_shards
from core.store.tenant import TenantStore
from tests.golden.small_tenant import AS_OF, comparable_files, store_row, store_small_tenant

CUSTOMERS = 14


class Hands:
    """Works on shards when it is told to; an order may be given, and one of them lost."""

    def __init__(self, order: Callable[[list[str]], list[str]] = list) -> None:
        self.asked: list[str] = []
        self._order = order

    def __call__(self, store: TenantStore, subject: str) -> None:
        """Take what is asked for; work on all of it once every shard was."""
        self.asked.append(subject)
        if subject.endswith(f".{self._shards(store, subject)}"):
            for one in self._order(list(self.asked)):
                work_shard(store, one)

    def _shards(self, store: TenantStore, subject: str) -> int:
        with store.read() as tx:
            return len(load_shards(tx, subject.partition(".")[0]))


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


def executed(tenant: TenantStore, ask: Any = None) -> str:
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id, ask=ask)
    return run_id


def outcome(tenant: TenantStore, run_id: str) -> dict[str, Any]:
    """All that a run leaves but for its id, its moments and how long it took."""
    found: dict[str, Any] = dict(comparable_files(tenant, run_id))
    with tenant.read() as tx:
        for table in OUTPUT_ROWS:
            rows = tx.rows(
                f"SELECT * FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id",
                run_id=run_id,
            )
            told = [
                {k: v for k, v in row.items() if k not in ("tenant_id", "run_id")} for row in rows
            ]
            found[table] = sorted(json.dumps(row, sort_keys=True, default=str) for row in told)
        kept = tx.row(
            "SELECT qc_json, basis_json FROM run WHERE tenant_id = :tenant AND run_id = :run_id",
            run_id=run_id,
        )
    assert kept is not None
    return found | {"qc": kept["qc_json"], "data": json.loads(kept["basis_json"])["data"]}


def left_behind(tenant: TenantStore) -> int:
    with tenant.read() as tx:
        return sum(
            tx.scalar(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant")
            for table in ("run_part", "run_shard")
        )


def shuffled(listed: list[str]) -> list[str]:
    return random.Random(7).sample(listed, len(listed))


@pytest.mark.parametrize(
    ("shards", "order"), [(1, list), (2, lambda listed: listed[::-1]), (7, shuffled)]
)
def test_any_number_of_shards_in_any_order_leaves_the_same(
    company: TenantStore, monkeypatch: pytest.MonkeyPatch, shards: int, order: Any
) -> None:
    whole = outcome(company, executed(company))
    monkeypatch.setattr(shard_plan, "CUSTOMERS_PER_SHARD", CUSTOMERS // shards)
    hands = Hands(order)
    assert outcome(company, executed(company, hands)) == whole
    assert len(hands.asked) == shards
    assert left_behind(company) == 0
