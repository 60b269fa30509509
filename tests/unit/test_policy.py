import json

import pytest

from core.contracts import EXTRA_RULES, RuleCode
from core.errors import Refused
from core.policy import Policy, parse_policy

# The hash of the defaults before any rule could be switched on.
SHA256_OF_EIGHT = "43888f95bdd613d9882e4160f0d95a5ec20f25e7fda00f4bdb6f12585ba92d63"


def with_extra(**extra):
    return parse_policy({"audit": {"extra": extra}})


def test_a_policy_stored_by_an_earlier_version_can_still_be_read():
    stored = Policy().model_dump(mode="json") | {"frequency_half_life_days": 365}
    assert parse_policy(stored) == Policy()


def test_a_policy_from_before_the_extra_rules_keeps_its_text_and_its_hash():
    stored = Policy().canonical_json()
    assert "extra" not in stored
    assert Policy().sha256() == SHA256_OF_EIGHT
    read = parse_policy(json.loads(stored))
    assert (read.canonical_json(), read.sha256()) == (stored, SHA256_OF_EIGHT)
    assert {rule for rule in RuleCode if read.audit.severity_of(rule) is None} == set(EXTRA_RULES)


def test_what_is_switched_on_or_set_is_hashed_in_any_order():
    on = {"NO_CONSENT": "ERROR", "OUT_OF_STOCK": "WARN"}
    both = with_extra(severities=on)
    assert both.sha256() == with_extra(severities=dict(reversed(on.items()))).sha256()
    others = (Policy(), with_extra(severities={**on, "NO_CONSENT": "WARN"}), with_extra(cap_days=9))
    assert len({policy.sha256() for policy in (both, *others)}) == 4
    for policy in (both, *others):
        assert parse_policy(json.loads(policy.canonical_json())) == policy
        assert policy.with_run_options(top_n=5) == policy


@pytest.mark.parametrize(
    "audit",
    [
        {"extra": {"severities": {"MISSING_EMAIL": "ERROR"}}},
        {"extra": {"severities": {"OUT_OF_STOCK": "OFF"}}},
        {"severities": {"OUT_OF_STOCK": "ERROR"}},
    ],
)
def test_a_rule_is_either_always_on_or_can_be_switched_on(audit):
    with pytest.raises(Refused):
        parse_policy({"audit": audit})


def test_steps_up_are_apart_by_a_basis_point():
    """Kernels count in basis points and divide by the width of the step."""
    with pytest.raises(Refused):
        parse_policy({"upsell_min_step": 0.1, "upsell_max_step": 0.10001})
