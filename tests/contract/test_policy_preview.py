"""A preview says what runs of both policies would have said, and leaves nothing behind."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from core.errors import NotAllowed, NotFound, Refused
from core.services import policy_preview
from core.services.accounts import SYSTEM, Role
from core.services.export_run import export_file
from core.services.policies import current_version, save_policy
from core.services.policy_checks import PolicyRefused
from core.services.policy_preview import ask_preview, compute_preview, preview_of, sample_of
from core.services.run_reports import list_runs
from core.store.tenant import TenantStore
from tests.contract.conftest import new_tenant
from tests.golden.small_tenant import run_small_tenant, store_small_tenant

CHANGES = {"top_n": 2, "quotas.active.rebuy": 0, "audit.gate_score": 100}


@pytest.fixture
def small(tenant: TenantStore) -> TenantStore:
    store_small_tenant(tenant)
    run_small_tenant(tenant)
    return tenant


def previewed(tenant: TenantStore, changes: dict[str, Any]) -> dict[str, Any]:
    return compute_preview(tenant, ask_preview(tenant, SYSTEM, changes))


def exported(tenant: TenantStore, run_id: str, name: str) -> list[dict[str, str]]:
    content = b"".join(export_file(tenant, run_id, name)).decode()
    return list(csv.DictReader(io.StringIO(content)))


def lists_of(tenant: TenantStore, run_id: str) -> dict[str, list[tuple[str, str]]]:
    lists: dict[str, list[tuple[str, str]]] = {}
    for row in exported(tenant, run_id, "reco_output.csv"):
        lists.setdefault(row["customer_code"], []).append((row["scenario"], row["product_key"]))
    return lists


def test_a_preview_says_what_the_run_will_say(small: TenantStore) -> None:
    figures = previewed(small, CHANGES)
    before = list_runs(small)[0].run_id
    save_policy(small, SYSTEM, CHANGES)
    after = run_small_tenant(small)
    old, new = lists_of(small, before), lists_of(small, after)
    changed = {c for c in {*old, *new} if old.get(c) != new.get(c)}
    assert figures["lists_changed"] == len(changed) > 0
    assert (figures["customers"], figures["sampled"]) == (12, 12)
    for row in figures["scenarios"]:
        for lists, side in ((old, "before"), (new, "after")):
            items = [item for found in lists.values() for item in found]
            assert row[side] == sum(scenario == row["scenario"] for scenario, _ in items)
    verdicts = [exported(small, run, "next_action_output.csv") for run in (before, after)]
    for row in figures["reasons"]:
        counts = [sum(v["reason"] == row["reason"] for v in found) for found in verdicts]
        assert [row["before"], row["after"]] == counts
    for example in figures["examples"]:
        assert example["customer"] in changed
        shown = [(item["scenario"], item["product_key"]) for item in example["after"]]
        assert shown == new.get(example["customer"], [])


def test_the_policy_of_the_last_run_changes_nothing(small: TenantStore) -> None:
    figures = previewed(small, {})
    assert (figures["lists_changed"], figures["examples"]) == (0, [])
    assert figures["eligible_before"] == figures["eligible_after"]
    assert figures["is_same_data"]
    assert figures["is_same_code"]


def test_a_sample_has_the_lists_of_the_whole(
    small: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = previewed(small, CHANGES)
    monkeypatch.setattr(policy_preview, "MOST_SAMPLED", 6)
    monkeypatch.setattr(policy_preview, "_BLOCK", 2)
    assert sample_of(12) == [(0, 2), (4, 6), (8, 10)]
    preview_id = ask_preview(small, SYSTEM, CHANGES)
    part = compute_preview(small, preview_id)
    assert (part["customers"], part["sampled"]) == (12, 6)
    assert preview_of(small, preview_id).is_sample
    by_customer = {example["customer"]: example for example in whole["examples"]}
    both = [e for e in part["examples"] if e["customer"] in by_customer]
    assert both
    assert all(example == by_customer[example["customer"]] for example in both)


def test_a_preview_stores_no_run_and_no_version(small: TenantStore) -> None:
    before = list_runs(small)
    preview_id = ask_preview(small, SYSTEM, CHANGES)
    assert preview_of(small, preview_id).figures is None
    compute_preview(small, preview_id)
    assert list_runs(small) == before
    assert current_version(small).version == 0
    preview = preview_of(small, preview_id)
    assert {change.field for change in preview.changes} == set(CHANGES)
    listed = {item["product_key"] for e in preview.figures["examples"] for item in e["after"]}
    assert listed <= set(preview.product_names)
    assert list((small.folder / "work").glob("*")) == []


def test_the_same_question_is_one_preview_and_another_takes_its_place(small: TenantStore) -> None:
    first = ask_preview(small, SYSTEM, CHANGES)
    assert ask_preview(small, SYSTEM, CHANGES) == first
    second = ask_preview(small, SYSTEM, {"top_n": 3})
    assert second != first
    with pytest.raises(NotFound):
        preview_of(small, first)
    with pytest.raises(NotFound):
        compute_preview(small, first)


def test_later_data_do_not_enter(small: TenantStore) -> None:
    with small.begin() as tx:
        tx.execute("UPDATE tenant_head SET seq = 2 WHERE tenant_id = :tenant")
        tx.execute("UPDATE sale_line SET to_seq = 2 WHERE tenant_id = :tenant")
    assert previewed(small, {})["is_same_data"]
    with small.begin() as tx:  # the import of the run is undone: its data are gone
        tx.execute("UPDATE tenant_head SET seq = 0 WHERE tenant_id = :tenant")
    assert not previewed(small, {"top_n": 3})["is_same_data"]


def test_what_cannot_be_previewed_is_refused(tenant: TenantStore) -> None:
    with pytest.raises(Refused, match="Launch a run"):
        ask_preview(tenant, SYSTEM, CHANGES)
    with pytest.raises(PolicyRefused):
        ask_preview(tenant, SYSTEM, {"top_n": 0})
    with pytest.raises(NotAllowed):
        ask_preview(tenant, replace(SYSTEM, role=Role.VIEWER), CHANGES)
    with pytest.raises(NotFound):
        preview_of(tenant, "nothing")


def test_a_preview_belongs_to_its_company(small: TenantStore) -> None:
    preview_id = ask_preview(small, SYSTEM, CHANGES)
    other = new_tenant(small.store)
    for read in (preview_of, compute_preview):
        with pytest.raises(NotFound):
            read(other, preview_id)
