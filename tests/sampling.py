"""How many examples a property is tried with: fewer in a short run than in the full suite."""

from hypothesis import settings


def examples(full: int, *, short: int) -> int:
    """Return `full` where examples are drawn anew (`make test-full`), else `short`."""
    return full if settings.get_current_profile_name() == "drawn" else short
