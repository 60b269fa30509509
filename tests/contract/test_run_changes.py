"""A run beside the run before it: which one that is, and what is said to have changed."""

import json
from datetime import date, timedelta
from typing import Any

from core.contracts import RunVersion
from core.services.run_changes import Change, changes_of
from core.services.run_reports import gating_history
from core.store.identity import new_id
from core.store.runs import Run, RunStatus, finish_run, insert_run
from core.store.tenant import TenantStore
from tests.contract.conftest import NOW

SUMMARY = {
    "customers": 100,
    "eligible": 60,
    "gating_rate": 0.4,
    "recommendations": 300,
    "repairs": 0,
    "rejected": 0,
    "rule_counts": {"MISSING_EMAIL": {"ERROR": 40, "WARN": 0, "INFO": 0}},
    "audit_score_quantiles": {"p50": 100},
}


def finished(tenant: TenantStore, minutes: int, run_id: str | None = None, **figures: Any) -> str:
    """Store a run launched so many minutes after `NOW`, with a summary of these figures."""
    run_id = run_id or new_id()
    run = Run(
        run_id=run_id,
        status=RunStatus.RUNNING,
        as_of=date(2026, 3, 1) - timedelta(days=minutes),
        policy_json="{}",
        created_at=NOW + timedelta(minutes=minutes),
        created_by="anna",
    )
    summary = json.dumps({**SUMMARY, **figures})
    with tenant.begin() as tx:
        insert_run(tx, run)
    finish_run(tenant, run_id, finished_at=NOW, summary_json=summary, qc_json="{}", basis_json="{}")
    return run_id


def test_the_first_run_has_nothing_to_be_compared_with(tenant: TenantStore) -> None:
    assert changes_of(tenant, finished(tenant, 0)) is None


def test_the_run_before_is_the_one_launched_last(tenant: TenantStore) -> None:
    first, second, third = (finished(tenant, minutes) for minutes in (0, 5, 9))
    found = [changes_of(tenant, run_id) for run_id in (second, third)]
    assert [changes.before.run_id for changes in found if changes] == [first, second]
    assert [point.run_id for point in gating_history(tenant, up_to=second)] == [first, second]


def test_of_runs_launched_at_once_one_comes_first(tenant: TenantStore) -> None:
    low, high = sorted((new_id(), new_id()))
    for run_id in (high, low):
        finished(tenant, 0, run_id)
    assert changes_of(tenant, low) is None
    changes = changes_of(tenant, high)
    assert changes is not None
    assert changes.before.run_id == low


def test_each_figure_says_how_much_it_rose(tenant: TenantStore) -> None:
    finished(tenant, 0)
    counts = {
        "MISSING_EMAIL": {"ERROR": 30, "WARN": 0, "INFO": 0},
        "LOW_DIVERSITY": {"ERROR": 0, "WARN": 4, "INFO": 2},
    }
    run_id = finished(
        tenant,
        1,
        customers=110,
        eligible=80,
        gating_rate=0.272727,
        repairs=2,
        rule_counts=counts,
        audit_score_quantiles={"p50": 90},
    )
    changes = changes_of(tenant, run_id)
    assert changes is not None
    assert changes.figures["customers"] == Change(before=100, after=110)
    assert changes.figures["eligible"].by == 20
    assert changes.figures["gating_rate"].by == -0.127273
    assert changes.figures["repairs"].by == 2
    assert changes.scores == {"p50": Change(before=100, after=90)}
    assert changes.issues["MISSING_EMAIL", "ERROR"].by == -10
    # The run before did not know the rule: nothing is said to have risen.
    assert changes.issues["LOW_DIVERSITY", "WARN"] == Change(before=None, after=4)
    assert changes.issues["LOW_DIVERSITY", "WARN"].by is None


def test_reviews_count_where_the_reviewed_lists_are_looked_at(tenant: TenantStore) -> None:
    first, second = finished(tenant, 0), finished(tenant, 1)
    for run_id, rejected in ((first, 3), (second, 8)):
        with tenant.begin() as tx:
            tx.execute(
                "UPDATE run SET review_no = 1, review_summary_json = :summary"
                " WHERE tenant_id = :tenant AND run_id = :run_id",
                summary=json.dumps({**SUMMARY, "rejected": rejected}),
                run_id=run_id,
            )
    found = [changes_of(tenant, second, version) for version in RunVersion]
    rejected_by = {v: c.figures["rejected"].by for v, c in zip(RunVersion, found, strict=True) if c}
    assert rejected_by == {RunVersion.ORIGINAL: -3, RunVersion.REVIEWED: 5}
