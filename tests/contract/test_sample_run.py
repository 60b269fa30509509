"""The sample winery from files to exports: the same bytes on every database, and sane."""

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.contracts import Scenario
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import MakeStore, new_tenant
from tests.golden.small_tenant import comparable_files

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "isavigne"
AS_OF = date(2026, 10, 31)
KINDS = ("sqlite", "postgres", "french")


def run_once(tenant: TenantStore) -> str:
    run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
    execute(tenant, run_id)
    return run_id


@pytest.fixture(scope="module")
def tenants(make_store: MakeStore) -> dict[str, TenantStore]:
    """The sample imported on each kind of database."""

    def imported(store: Store) -> TenantStore:
        winery = replace(new_tenant(store, "winery").tenant, demo_as_of=AS_OF)
        tenant = store.tenant_store(winery)
        import_paths(tenant, SYSTEM, [SAMPLE], as_of=AS_OF)
        return tenant

    return {kind: imported(make_store(kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def runs(tenants: dict[str, TenantStore]) -> dict[str, dict[str, bytes]]:
    return {kind: comparable_files(tenant, run_once(tenant)) for kind, tenant in tenants.items()}


def read(runs: dict[str, dict[str, bytes]], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(runs["sqlite"][name].decode(), newline="")))


@pytest.mark.postgres
@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_database_gives_the_same_bytes(runs: dict[str, dict[str, bytes]], kind: str) -> None:
    assert runs[kind] == runs["sqlite"]


def test_a_second_run_gives_the_same_bytes(
    tenants: dict[str, TenantStore], runs: dict[str, dict[str, bytes]]
) -> None:
    assert comparable_files(tenants["sqlite"], run_once(tenants["sqlite"])) == runs["sqlite"]


def test_every_customer_has_one_verdict_and_blocks_nobody_else(
    runs: dict[str, dict[str, bytes]],
) -> None:
    actions = read(runs, "next_action_output.csv")
    assert len(actions) == len({row["customer_code"] for row in actions}) == 2_000
    failing = {
        row["customer_code"] for row in read(runs, "audit_output.csv") if row["severity"] == "ERROR"
    }
    blocked = {row["customer_code"] for row in actions if row["eligible"] == "false"}
    low = {row["customer_code"] for row in actions if row["reason"] == "SCORE_BELOW_80"}
    assert blocked == failing | low
    assert 0.05 < len(blocked) / len(actions) < 0.4


def test_all_five_scenarios_occur_and_no_list_repeats(runs: dict[str, dict[str, bytes]]) -> None:
    items = read(runs, "reco_output.csv")
    scenarios = Counter(row["scenario"] for row in items)
    assert set(scenarios) == set(Scenario)
    assert min(scenarios.values()) > 100
    assert len({(row["customer_code"], row["product_key"]) for row in items}) == len(items)
    assert {row["customer_code"] for row in items} == {
        row["customer_code"] for row in read(runs, "next_action_output.csv")
    }
