"""Policies: versions that are only added, hashed into runs, one's own."""

import json
from dataclasses import replace

import pytest

from core.cli import policy as policy_command
from core.errors import NotAllowed, NotFound, Refused
from core.policy import Policy
from core.services.accounts import SYSTEM, Role
from core.services.backtest import create_backtest
from core.services.execute_run import create_run
from core.services.policies import (
    PolicyVersion,
    UnusableVersion,
    current_policy,
    current_version,
    go_back,
    policy_versions,
    save_policy,
)
from core.services.policy_checks import PolicyRefused, PolicyUnusable
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


def spoil(tenant: TenantStore, version: int, policy_json: str) -> None:
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE policy SET policy_json = :policy_json"
            " WHERE tenant_id = :tenant AND version = :version",
            policy_json=policy_json,
            version=version,
        )


SPOILT = [
    ('{"top_n": 99}', "what it says of “Length of a list” is not allowed today."),
    ('{"quotas": {"regular": {}}}', "what it says of “quotas” is not allowed today."),
    ('{"upsell_min_step": 0.5, "upsell_max_step": 0.2}', "its values contradict each other."),
    ('{"top_n": ', "Version 2 of the policy cannot be read any more."),
    ("[]", "Version 2 of the policy cannot be read any more."),
]


@pytest.mark.parametrize(("policy_json", "reason"), SPOILT)
def test_a_version_that_cannot_be_used_stops_runs_in_words(
    tenant: TenantStore, policy_json: str, reason: str
) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4})
    saved = save_policy(tenant, SYSTEM, {"top_n": 3})
    spoil(tenant, 2, policy_json)
    for work in (
        lambda: current_policy(tenant),
        lambda: create_run(tenant, SYSTEM),
        lambda: create_backtest(tenant, SYSTEM),
        lambda: save_policy(tenant, SYSTEM, {"top_n": 3}),
        lambda: go_back(tenant, SYSTEM, 2),
    ):
        with pytest.raises(PolicyUnusable) as unusable:
            work()
        assert f"{reason} Go back to another version, or to the defaults" in str(unusable.value)
    newest, first, defaults = policy_versions(tenant)
    assert isinstance(newest, UnusableVersion)
    assert (newest.version, newest.created_by) == (2, "system")
    assert newest.problem.reason.sentence().endswith(reason)
    assert isinstance(first, PolicyVersion)
    assert isinstance(defaults, PolicyVersion)
    assert go_back(tenant, SYSTEM, 1).version == 3
    assert (current_policy(tenant).top_n, saved.policy.top_n) == (4, 3)


def test_changes_leave_out_a_version_that_cannot_be_used(tenant: TenantStore) -> None:
    for top_n in (4, 3, 2):
        save_policy(tenant, SYSTEM, {"top_n": top_n})
    spoil(tenant, 2, "")
    newest, spoilt, *_ = policy_versions(tenant)
    assert isinstance(newest, PolicyVersion)
    assert isinstance(spoilt, UnusableVersion)
    assert [(c.before, c.after) for c in newest.changes] == [(4, 2)]
    assert current_policy(tenant).top_n == 2


def test_one_gets_back_to_what_a_spoilt_version_said(tenant: TenantStore) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4})
    save_policy(tenant, SYSTEM, {"top_n": 3})
    go_back(tenant, SYSTEM, 1)
    spoil(tenant, 3, "")
    assert go_back(tenant, SYSTEM, 1).version == 4
    assert go_back(tenant, SYSTEM, 0).version == 5
    assert current_policy(tenant) == Policy()


def test_the_command_line_says_it_and_leads_back(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_policy(tenant, SYSTEM, {"top_n": 4})
    spoil(tenant, 1, "{")
    monkeypatch.setattr(policy_command, "open_tenant", lambda _key: tenant)
    monkeypatch.setenv("LC_ALL", "C")
    policy_command.policy("cave", show=True)
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("Version 1 of the policy cannot be read any more. Go back to")
    assert rows[0].endswith("Version 1 of the policy cannot be read any more.")
    assert rows[1] == "0"
    policy_command.policy("cave", back=0, as_json=True)
    state = json.loads(capsys.readouterr().out)
    assert (state["version"], state["problem"], state["values"]["top_n"]) == (2, None, 5)
    assert [row["problem"] is None for row in state["versions"]] == [True, False, True]
