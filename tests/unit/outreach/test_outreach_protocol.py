import pytest

from core.outreach.protocol import SUMS, TRANSITIONS, DeliveryState, check_move, compute_sums

STATES = list(DeliveryState)
OVER = {
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.CANCELLED,
}


def test_every_state_is_counted_in_exactly_one_sum() -> None:
    counted = [state for states in SUMS.values() for state in states]
    assert sorted(counted) == sorted(STATES)


def test_sums_add_up_to_the_rows() -> None:
    counts = {state.value: 10**place for place, state in enumerate(STATES)}
    assert sum(compute_sums(counts).values()) == sum(counts.values())


def test_what_is_over_never_moves_again() -> None:
    assert {state for state, after in TRANSITIONS.items() if not after} == OVER


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DeliveryState.UNCONFIRMED, DeliveryState.PLANNED),
        (DeliveryState.SENT, DeliveryState.PLANNED),
        (DeliveryState.CLAIMED, DeliveryState.CLAIMED),
    ],
)
def test_moves_that_would_send_twice_are_refused(
    before: DeliveryState, after: DeliveryState
) -> None:
    with pytest.raises(AssertionError):
        check_move(before, after)


def test_a_delivery_is_only_sent_after_a_claim_or_by_an_event_that_proves_it() -> None:
    direct = {before for before, after in TRANSITIONS.items() if DeliveryState.SENT in after}
    proven = {DeliveryState.PLANNED, DeliveryState.UNCONFIRMED, DeliveryState.REVIEW}
    assert direct == {DeliveryState.CLAIMED, *proven}
