"""When a schedule is due: on weekdays at a time of the company's own clock, summer time or not."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEK = 8  # days, with the first once more


def next_due(days: Collection[int], at: time, time_zone: str, after: datetime) -> datetime:
    """Return the first moment after `after` at which a schedule of `days` (0 is Monday) is due.

    A time that the clock skips in spring is due an hour later that day, by which the clock shows
    it; one that comes twice in autumn is due the first time.

    >>> paris = "Europe/Paris"
    >>> next_due({0}, time(6), paris, datetime(2026, 3, 2, 9, tzinfo=UTC)).isoformat()
    '2026-03-09T05:00:00+00:00'
    >>> next_due({6}, time(2, 30), paris, datetime(2026, 3, 28, 9, tzinfo=UTC)).isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    zone = ZoneInfo(time_zone)
    first = after.astimezone(zone).date()
    for ahead in range(_WEEK):
        day = first + timedelta(days=ahead)
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if day.weekday() in days and due > after:
            return due
    raise AssertionError("a schedule has a weekday")
