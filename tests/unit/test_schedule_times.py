"""When schedules are due, across both changes of the clock."""

from datetime import UTC, datetime, time

import pytest

from core.services.schedule_times import next_due

EVERY_DAY = range(7)


@pytest.mark.parametrize(
    ("after", "at", "due"),
    [
        # In spring 02:30 does not come: 03:30 summer time is when the hour has passed.
        ("2026-03-28T12:00", time(2, 30), ["2026-03-29T01:30", "2026-03-30T00:30"]),
        # In autumn it comes twice, and is due the first time.
        ("2026-10-24T12:00", time(2, 30), ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("2026-10-25T00:45", time(2, 30), ["2026-10-26T01:30"]),
        ("2026-03-02T04:59", time(6), ["2026-03-02T05:00", "2026-03-03T05:00"]),
    ],
)
def test_a_time_of_the_day_comes_once_a_day(after: str, at: time, due: list[str]) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    for expected in due:
        moment = next_due(EVERY_DAY, at, "Europe/Paris", moment)
        assert moment.strftime("%Y-%m-%dT%H:%M") == expected


def test_only_the_days_of_the_schedule_come() -> None:
    moment, days = datetime(2026, 3, 2, 9, tzinfo=UTC), []
    for _ in range(4):
        moment = next_due((0, 3), time(6), "Europe/Paris", moment)
        days.append(moment.strftime("%a %d"))
    assert days == ["Thu 05", "Mon 09", "Thu 12", "Mon 16"]
