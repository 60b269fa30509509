from core.policy import Policy, parse_policy


def test_a_policy_stored_by_an_earlier_version_can_still_be_read():
    stored = Policy().model_dump(mode="json") | {"frequency_half_life_days": 365}
    assert parse_policy(stored) == Policy()
