"""Brevo's limits per kind of call: who knows that the next one would be refused waits instead."""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum

from core.errors import BrevoLimited
from core.i18n import N_
from core.outreach.replies import LIMITED, RESET_HEADER, parse_seconds

REMAINING_HEADER = "x-sib-ratelimit-remaining"


class Family(StrEnum):
    """Calls that share a limit."""

    ACCOUNT = "account"
    SENDERS = "senders"
    TEMPLATES = "templates"
    CONTACTS = "contacts"
    PROCESSES = "processes"
    BLOCKED = "blocked"
    EVENTS = "events"
    WEBHOOKS = "webhooks"


class RateGate:
    """Remembers when each family of calls is free again; may be used by several threads.

    `clock` gives seconds that never go back, `sleep` waits so many.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        longest_wait_seconds: float,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._longest_wait_seconds = longest_wait_seconds
        self._free_at: dict[Family, float] = {}

    def wait(self, family: Family) -> None:
        """Wait until the family is free; raise `BrevoLimited` if that takes too long."""
        seconds = self._free_at.get(family, 0.0) - self._clock()
        if seconds > self._longest_wait_seconds:
            raise limit_error(seconds)
        if seconds > 0:
            self._sleep(seconds)

    def note(self, family: Family, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer; the names of `headers` are in lower case."""
        seconds = parse_seconds(headers.get(RESET_HEADER))
        is_used_up = status == LIMITED or headers.get(REMAINING_HEADER, "").strip() == "0"
        if is_used_up and seconds is not None:
            self._free_at[family] = self._clock() + seconds


def limit_error(wait_seconds: float | None, status: int | None = None) -> BrevoLimited:
    """Return the error of a limit that ends in so many seconds, if that is known."""
    if wait_seconds is None:
        sentence = N_("Brevo allows no further call of this kind now. Try again later.")
        return BrevoLimited(sentence, status=status)
    return BrevoLimited(
        N_("Brevo allows no further call of this kind for %(seconds)s s. Try again after that."),
        status=status,
        wait_seconds=wait_seconds,
        seconds=math.ceil(wait_seconds),
    )
