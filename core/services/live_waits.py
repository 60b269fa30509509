"""How a sender waits: for Brevo's limits, for a database that is away, and when it gives up."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from core.errors import StoreUnavailable
from core.outreach.outcomes import Decision, PauseReason
from core.outreach.protocol import DeliveryState

_Result = TypeVar("_Result")

STRIKES = 20
"""Answers in a row by which no message was taken, after which the campaign stops by itself."""

_JITTER_SECONDS = 1.0
_STORE_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)

_STRIKE_OUTS: Mapping[DeliveryState | None, PauseReason] = {
    DeliveryState.PLANNED: PauseReason.UNREACHABLE,
    DeliveryState.FAILED: PauseReason.REJECTIONS,
}


@dataclass
class Pace:
    """When the next post may begin, and how many in a row were not taken."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    not_before: datetime | None = None
    strikes: int = 0
    last: DeliveryState | None = None

    @property
    def must_wait(self) -> bool:
        """Tell whether nothing may be posted yet."""
        return self.not_before is not None and self.now() < self.not_before

    def wait(self, seconds: float) -> None:
        """Wait for what is left, at most `seconds`; nothing when there is nothing to wait for."""
        if self.not_before is not None:
            left = (self.not_before - self.now()).total_seconds()
            self.sleep(max(0.0, min(seconds, left)))

    def heed(self, decision: Decision) -> None:
        """Remember how long an answer asks to wait, and whether the message was taken."""
        if decision.wait_seconds:
            self.hold(decision.wait_seconds)
        self.last = decision.after
        self.strikes = 0 if decision.after == DeliveryState.SENT else self.strikes + 1

    def hold(self, seconds: float) -> None:
        """Let nothing be posted or claimed for this long, and a moment more."""
        jitter = random.uniform(0, _JITTER_SECONDS)  # noqa: S311 - spreads, hides nothing
        until = self.now() + timedelta(seconds=seconds + jitter)
        self.not_before = max(until, self.not_before or until)

    def strike_out(self) -> PauseReason | None:
        """Return why to stop when too many in a row were not taken, and count anew."""
        if self.strikes < STRIKES:
            return None
        self.strikes = 0
        return _STRIKE_OUTS.get(self.last, PauseReason.UNCLEAR)


def persist(work: Callable[[], _Result], pace: Pace) -> _Result:
    """Do a transaction, again while the database is away; raise `StoreUnavailable` in the end.

    Only for what may be done twice: whether the commit before was made is not known.
    """
    for seconds in _STORE_WAITS:
        try:
            return work()
        except StoreUnavailable:
            pace.sleep(seconds)
    return work()
