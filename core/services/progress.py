"""How a long use case tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (stage as a gettext source string, steps done, steps in all)."""


def no_progress(_stage: str, _done: int, _total: int, /) -> None:
    """Tell nobody."""
