"""The states of campaigns and deliveries, the moves between them, and the sums that are shown.

One delivery is one message to one address. Planned is always the sum of what became of it; a
difference other than 0 means that somebody is lost, and is shown.
"""

from collections.abc import Mapping
from enum import StrEnum


class CampaignState(StrEnum):
    """Where a campaign stands; one that is being prepared is visible to nobody."""

    PREPARING = "PREPARING"
    PREPARED = "PREPARED"
    SENDING = "SENDING"
    PAUSED = "PAUSED"
    SENT = "SENT"
    CANCELLED = "CANCELLED"


FINISHED = (CampaignState.SENT, CampaignState.CANCELLED)


class DeliveryState(StrEnum):
    """Where one delivery stands; `SENT` always carries a proof."""

    PLANNED = "PLANNED"
    CLAIMED = "CLAIMED"
    UNCONFIRMED = "UNCONFIRMED"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    REVIEW = "REVIEW"
    CANCELLED = "CANCELLED"


class Mode(StrEnum):
    """Whether a campaign opens sockets."""

    DRY = "dry"
    LIVE = "live"


PROOF_DRY_RUN = "dry_run"

_S = DeliveryState
TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    # Straight to SENT only by an event: after a backup was brought back, or after a ruling.
    _S.PLANNED: frozenset({_S.CLAIMED, _S.SUPPRESSED, _S.CANCELLED, _S.FAILED, _S.SENT}),
    _S.CLAIMED: frozenset({_S.SENT, _S.FAILED, _S.UNCONFIRMED, _S.PLANNED}),
    _S.UNCONFIRMED: frozenset({_S.SENT, _S.REVIEW}),
    _S.REVIEW: frozenset({_S.SENT, _S.PLANNED, _S.CANCELLED}),
    _S.SENT: frozenset(),
    _S.FAILED: frozenset(),
    _S.SUPPRESSED: frozenset(),
    _S.CANCELLED: frozenset(),
}

FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)
"""The states that nothing leaves."""

# Every state is counted in exactly one sum; shared addresses have no delivery and are counted
# from the frozen audience.
SUMS: Mapping[str, tuple[DeliveryState, ...]] = {
    "sent": (_S.SENT,),
    "failed": (_S.FAILED,),
    "suppressed": (_S.SUPPRESSED,),
    "review": (_S.REVIEW,),
    "cancelled": (_S.CANCELLED,),
    "unconfirmed": (_S.UNCONFIRMED,),
    "pending": (_S.PLANNED, _S.CLAIMED),
}


def check_move(before: DeliveryState, after: DeliveryState) -> None:
    """Raise `AssertionError` for a move that the protocol does not know."""
    if after not in TRANSITIONS[before]:
        raise AssertionError(f"a delivery does not move from {before} to {after}")


def compute_sums(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the shown sums from the number of deliveries in each state.

    >>> compute_sums({"PLANNED": 2, "CLAIMED": 1, "SENT": 4})["pending"]
    3
    """
    return {name: sum(counts.get(s, 0) for s in states) for name, states in SUMS.items()}
