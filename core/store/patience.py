"""How long a process waits for what another one holds."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Up to `seconds` of waiting; `tell` is called once, when the waiting begins."""

    seconds: float
    tell: Callable[[], object]


AT_ONCE = Patience(seconds=0, tell=lambda: None)
