"""A run is created with valid options, executed whole, and published or not at all."""

from dataclasses import replace
from datetime import date

import pytest

from core.contracts import NEXT_ACTION_OUTPUT, RECO_OUTPUT
from core.errors import Busy, NotAllowed, NotFound, Refused
from core.policy import Policy
from core.services import execute_run
from core.services.accounts import SYSTEM, Role
from core.services.execute_run import STAGES, create_run, execute
from core.services.export_run import export_file
from core.services.run_reports import list_runs, lowest_scores, qc_of, run_of
from core.store.locks import exclusive
from core.store.runs import RunStatus
from core.store.tenant import Store, TenantStore
from tests.golden.small_tenant import AS_OF, comparable_files, run_small_tenant, store_small_tenant

NOWHERE = "00000000-0000-4000-8000-000000000000"
TABLES = ("reco_output", "audit_output", "next_action_output")


@pytest.fixture
def small(tenant: TenantStore) -> TenantStore:
    store_small_tenant(tenant)
    return tenant


def stored_rows(tenant: TenantStore, run_id: str) -> dict[str, int]:
    with tenant.read() as tx:
        return {
            table: tx.scalar(
                f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id",
                run_id=run_id,
            )
            for table in TABLES
        }


@pytest.mark.parametrize(
    "options",
    [
        {"as_of": date(2026, 3, 3)},
        {"as_of": "2026-03-03"},
        {"as_of": "03/02/2026"},
        {"as_of": date(1899, 12, 31)},
        {"top_n": 0},
        {"top_n": 21},
        {"silence_window_days": -1},
    ],
)
def test_unusable_options_are_refused_and_leave_no_run(tenant: TenantStore, options: dict) -> None:
    with pytest.raises(Refused):
        create_run(tenant, SYSTEM, **options)
    assert list_runs(tenant) == ()


def test_a_viewer_creates_no_run(tenant: TenantStore) -> None:
    with pytest.raises(NotAllowed):
        create_run(tenant, replace(SYSTEM, role=Role.VIEWER))


@pytest.mark.parametrize(
    ("zone", "demo_as_of", "expected"),
    [
        ("Europe/Paris", None, date(2026, 3, 2)),
        ("Pacific/Kiritimati", None, date(2026, 3, 2)),
        ("Pacific/Pago_Pago", None, date(2026, 3, 1)),
        ("Europe/Paris", date(2025, 6, 30), date(2025, 6, 30)),
    ],
)
def test_the_default_day_is_the_tenants(
    tenant: TenantStore, zone: str, demo_as_of: date | None, expected: date
) -> None:
    local = tenant.store.tenant_store(replace(tenant.tenant, time_zone=zone, demo_as_of=demo_as_of))
    assert run_of(local, create_run(local, SYSTEM)).card.as_of == expected


def test_a_demo_may_be_fixed_in_the_future(tenant: TenantStore) -> None:
    demo = tenant.store.tenant_store(replace(tenant.tenant, demo_as_of=date(2026, 12, 31)))
    assert create_run(demo, SYSTEM, as_of=date(2026, 12, 31))
    with pytest.raises(Refused):
        create_run(demo, SYSTEM, as_of=date(2027, 1, 1))


def test_options_of_a_run_stand_in_its_policy(small: TenantStore) -> None:
    run_id = create_run(small, SYSTEM, as_of=AS_OF, top_n=2, silence_window_days=0)
    summary = execute(small, run_id)
    assert summary["policy"]["top_n"] == 2
    assert summary["policy_sha256"] == (
        Policy().with_run_options(top_n=2, silence_window_days=0).sha256()
    )
    assert summary["rule_counts"]["SILENCE_WINDOW"]["ERROR"] == 0
    assert 0 < summary["recommendations"] <= 2 * summary["customers"]


def test_an_empty_tenant_gets_an_honest_summary(tenant: TenantStore) -> None:
    run_id = create_run(tenant, SYSTEM)
    summary = execute(tenant, run_id)
    assert [warning["code"] for warning in summary["warnings"]] == [
        "NO_CUSTOMERS",
        "NO_PRODUCTS",
        "NO_SALES",
    ]
    assert (summary["customers"], summary["gating_rate"], summary["gate_export"]) == (0, 0, False)
    assert set(summary["audit_score_quantiles"].values()) == {None}
    header = (",".join(RECO_OUTPUT) + "\n").encode()
    assert b"".join(export_file(tenant, run_id, "reco_output.csv")) == header
    assert qc_of(tenant, run_id).score_bins == ()


@pytest.mark.parametrize("table", ["customer", "product", "sale_line"])
def test_a_tenant_without_one_kind_of_rows_still_runs(small: TenantStore, table: str) -> None:
    with small.begin() as tx:
        tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")
    summary = execute(small, create_run(small, SYSTEM, as_of=AS_OF))
    assert summary["customers"] == (0 if table == "customer" else 12)
    assert len(summary["warnings"]) >= 1


def test_every_customer_has_one_next_action(small: TenantStore) -> None:
    run_id = run_small_tenant(small)
    lines = b"".join(export_file(small, run_id, "next_action_output.csv")).decode().splitlines()
    assert lines[0] == ",".join(NEXT_ACTION_OUTPUT)
    customers = [line.split(",")[1] for line in lines[1:]]
    assert len(customers) == len(set(customers)) == 12


def test_progress_names_every_stage(small: TenantStore) -> None:
    told: list[tuple[str, int, int]] = []
    run_id = create_run(small, SYSTEM, as_of=AS_OF)
    summary = execute(small, run_id, lambda *step: told.append(step))
    assert told == [(text, n, len(STAGES)) for n, text in enumerate(STAGES.values())]
    assert set(summary["timings"]) == set(STAGES)


def test_a_run_that_is_done_is_not_touched_again(small: TenantStore) -> None:
    run_id = run_small_tenant(small)
    before, detail = comparable_files(small, run_id), run_of(small, run_id)
    execute(small, run_id)
    assert comparable_files(small, run_id) == before
    assert run_of(small, run_id) == detail


def test_a_killed_run_shows_nothing_and_succeeds_when_executed_again(
    small: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    run_id = create_run(small, SYSTEM, as_of=AS_OF)
    with monkeypatch.context() as patched:
        patched.setattr(execute_run, "finish_run", die)
        with pytest.raises(KeyboardInterrupt):
            execute(small, run_id)
    assert stored_rows(small, run_id)["next_action_output"] == 12
    for read in (qc_of, lowest_scores):
        with pytest.raises(NotFound):
            read(small, run_id)
    with pytest.raises(NotFound):
        export_file(small, run_id, "reco_output.csv")
    execute(small, run_id)
    other = run_small_tenant(small)
    assert stored_rows(small, run_id) == stored_rows(small, other)
    assert comparable_files(small, run_id) == comparable_files(small, other)


def test_a_failed_run_keeps_a_sentence_and_no_rows(
    small: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("customer A1 <anne@cave.example.fr>")

    run_id = create_run(small, SYSTEM, as_of=AS_OF)
    with monkeypatch.context() as patched:
        patched.setattr(execute_run, "finish_run", fail)
        with pytest.raises(RuntimeError):
            execute(small, run_id)
    card = run_of(small, run_id).card
    assert card.status is RunStatus.FAILED
    assert "unexpected error" in (card.error or "")
    assert "anne" not in (card.error or "")
    assert set(stored_rows(small, run_id).values()) == {0}
    execute(small, run_id)
    assert run_of(small, run_id).card.error is None


def test_two_runs_of_a_tenant_do_not_execute_at_once(small: TenantStore) -> None:
    run_id = create_run(small, SYSTEM, as_of=AS_OF)
    with exclusive(small, "run", "busy"), pytest.raises(Busy):
        execute(small, run_id)
    assert run_of(small, run_id).card.status is RunStatus.QUEUED


def test_a_later_run_leaves_the_earlier_one_untouched(small: TenantStore) -> None:
    first = run_small_tenant(small)
    before = comparable_files(small, first)
    with small.begin() as tx:
        tx.execute("UPDATE customer SET email = NULL, email_norm = NULL WHERE tenant_id = :tenant")
    second = run_small_tenant(small)
    assert comparable_files(small, first) == before
    assert comparable_files(small, second) != before


def test_nothing_stays_in_the_work_folder(small: TenantStore) -> None:
    run_small_tenant(small)
    assert list((small.folder / "work").glob("*")) == []


@pytest.mark.parametrize("run_id", [NOWHERE, "not-an-id", "", NOWHERE.replace("-", "")])
def test_an_unknown_run_is_not_found(tenant: TenantStore, run_id: str) -> None:
    with pytest.raises(NotFound):
        execute(tenant, run_id)
    with pytest.raises(NotFound):
        run_of(tenant, run_id)


def test_a_run_belongs_to_its_tenant(store: Store, small: TenantStore) -> None:
    run_id = run_small_tenant(small)
    stranger = store.tenant_store(replace(small.tenant, tenant_id=NOWHERE, key="stranger"))
    assert list_runs(stranger) == ()
    with pytest.raises(NotFound):
        export_file(stranger, run_id, "run_summary.json")
