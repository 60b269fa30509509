import pytest

from core.errors import Refused
from core.policy import Policy, parse_policy


def test_a_policy_stored_by_an_earlier_version_can_still_be_read():
    stored = Policy().model_dump(mode="json") | {"frequency_half_life_days": 365}
    assert parse_policy(stored) == Policy()


def test_steps_up_are_apart_by_a_basis_point():
    """Kernels count in basis points and divide by the width of the step."""
    with pytest.raises(Refused):
        parse_policy({"upsell_min_step": 0.1, "upsell_max_step": 0.10001})
