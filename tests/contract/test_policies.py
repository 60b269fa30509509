"""Policies: versions that are only added, hashed into runs, one's own."""

from dataclasses import replace

import pytest

from core.errors import NotAllowed, NotFound, Refused
from core.policy import Policy
from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run
from core.services.policies import (
    current_policy,
    current_version,
    go_back,
    policy_versions,
    save_policy,
)
from core.services.policy_checks import PolicyRefused
from core.services.run_reports import run_of
from core.store.runs import find_run
from core.store.tenant import TenantStore
from tests.contract.conftest import NOW, new_tenant


def test_a_company_begins_with_the_defaults(tenant: TenantStore) -> None:
    (defaults,) = policy_versions(tenant)
    assert (defaults.version, defaults.policy, defaults.changes) == (0, Policy(), ())
    assert current_policy(tenant) == Policy()


def test_every_version_is_kept_with_who_when_and_why(tenant: TenantStore) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4}, note="  shorter\n lists ")
    save_policy(tenant, SYSTEM, {"audit.gate_score": "70"})
    newest, first, _ = policy_versions(tenant)
    assert (newest.version, newest.policy.top_n, newest.policy.audit.gate_score) == (2, 4, 70)
    assert [c.field for c in newest.changes] == ["audit.gate_score"]
    assert (first.created_at, first.created_by, first.note) == (NOW, "system", "shorter lists")


def test_the_same_content_makes_no_new_version(tenant: TenantStore) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4})
    assert save_policy(tenant, SYSTEM, {"top_n": "4"}).version == 1
    assert save_policy(tenant, SYSTEM, {}).version == 1
    assert len(policy_versions(tenant)) == 2


def test_going_back_adds_a_version_equal_to_the_earlier_one(tenant: TenantStore) -> None:
    first = save_policy(tenant, SYSTEM, {"top_n": 4})
    save_policy(tenant, SYSTEM, {"top_n": 3})
    third = go_back(tenant, SYSTEM, 1)
    assert (third.version, third.policy.sha256()) == (3, first.policy.sha256())
    assert go_back(tenant, SYSTEM, 0).policy == Policy()
    assert [v.version for v in policy_versions(tenant)] == [4, 3, 2, 1, 0]
    with pytest.raises(NotFound):
        go_back(tenant, SYSTEM, 9)


def test_nothing_is_saved_of_values_that_cannot_be_used(tenant: TenantStore) -> None:
    with pytest.raises(PolicyRefused) as refused:
        save_policy(tenant, SYSTEM, {"top_n": 0, "audit.gate_score": 101})
    assert {p.field for p in refused.value.problems} == {"top_n", "audit.gate_score"}
    with pytest.raises(Refused):
        save_policy(tenant, SYSTEM, {"top_n": 4}, note="x" * 501)
    assert current_version(tenant).version == 0


def test_a_change_of_an_overtaken_version_is_refused(tenant: TenantStore) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4}, based_on=0)
    with pytest.raises(Refused, match="meanwhile"):
        save_policy(tenant, SYSTEM, {"top_n": 6}, based_on=0)
    assert current_policy(tenant).top_n == 4


def test_a_viewer_changes_nothing(tenant: TenantStore) -> None:
    viewer = replace(SYSTEM, role=Role.VIEWER)
    with pytest.raises(NotAllowed):
        save_policy(tenant, viewer, {"top_n": 4})
    with pytest.raises(NotAllowed):
        go_back(tenant, viewer, 0)


def test_a_run_keeps_the_version_it_came_from(tenant: TenantStore) -> None:
    saved = save_policy(tenant, SYSTEM, {"top_n": 4})
    run_id = create_run(tenant, SYSTEM)
    save_policy(tenant, SYSTEM, {"top_n": 3})
    with tenant.read() as tx:
        run = find_run(tx, run_id)
    assert run is not None
    assert (run.policy_version, run.policy_json) == (1, saved.policy.canonical_json())
    assert run_of(tenant, run_id).card.policy_version == 1


def test_the_policies_of_companies_are_apart(tenant: TenantStore) -> None:
    other = new_tenant(tenant.store)
    save_policy(tenant, SYSTEM, {"top_n": 4})
    assert current_policy(other) == Policy()
    assert save_policy(other, SYSTEM, {"top_n": 2}).version == 1
    assert current_policy(tenant).top_n == 4


def test_one_gets_back_from_a_version_that_cannot_be_used(tenant: TenantStore) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4})
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE policy SET policy_json = '{\"top_n\": 99}', sha256 = 'x'"
            " WHERE tenant_id = :tenant"
        )
    with pytest.raises(Refused, match="top_n"):
        current_policy(tenant)
    assert go_back(tenant, SYSTEM, 0).version == 2
    assert current_policy(tenant) == Policy()
