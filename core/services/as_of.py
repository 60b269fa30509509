"""The day that work is done for."""

from datetime import date
from zoneinfo import ZoneInfo

from core.errors import Refused
from core.i18n import N_
from core.store.tenant import TenantStore

EARLIEST_AS_OF = date(1900, 1, 1)


def as_of_day(store: TenantStore, given: date | str | None) -> date:
    """Return the day to compute for: `given` (a date or its ISO text), else the default.

    The default is the demo's fixed date, else today in the tenant's time zone. Raises `Refused`
    on a day that cannot be used.
    """
    today = store.store.now().astimezone(ZoneInfo(store.tenant.time_zone)).date()
    demo = store.tenant.demo_as_of
    if given is None:
        return demo or today
    as_of = _parse_date(given) if isinstance(given, str) else given
    latest = max(today, demo) if demo else today
    if as_of > latest:
        raise Refused(
            N_("The as-of date %(as_of)s is in the future. Choose %(latest)s or earlier."),
            as_of=as_of.isoformat(),
            latest=latest.isoformat(),
        )
    if as_of < EARLIEST_AS_OF:
        raise Refused(
            N_("The as-of date %(as_of)s is too early. Choose %(earliest)s or later."),
            as_of=as_of.isoformat(),
            earliest=EARLIEST_AS_OF.isoformat(),
        )
    return as_of


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Refused(
            N_("The as-of date cannot be read. Write it as year-month-day, like 2026-03-31.")
        ) from error
