"""Schedules: their words."""

from collections.abc import Mapping, Sequence

from babel.dates import get_day_names

from core.i18n import N_
from core.services.schedules import Schedule
from core.store.occurrences import DONE, ENDED, OPEN, SKIPPED
from ui.i18n import _, current_language

WEEKDAYS: Sequence[int] = range(7)
OUTCOME_TITLES: Mapping[str, str] = {
    OPEN: N_("at work"),
    DONE: N_("done"),
    ENDED: N_("ended early"),
    SKIPPED: N_("left out"),
}


def weekday_title(day: int) -> str:
    """Return the name of a weekday (0 is Monday) in the current language."""
    return str(get_day_names("wide", locale=current_language())[day])


def when_sentence(schedule: Schedule) -> str:
    """Return on which days a schedule is due, and at what time."""
    days = ", ".join(weekday_title(day) for day in schedule.plan.days)
    return _("%(days)s at %(time)s", days=days, time=schedule.plan.at.strftime("%H:%M"))
