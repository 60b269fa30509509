"""Audit trail: what an entry tells beside its subject, in words."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from core.services.accounts import Role
from core.services.audit_actions import DETAIL_TITLES
from ui.i18n import NO_VALUE, _, format_date, format_moment, format_number, titled
from ui.session import UiSession
from ui.views.users_words import role_title
from ui.views.words import mode_title, suppression_title

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MINUTE = re.compile(_DAY.pattern + r"T\d{2}:\d{2}\+00:00")


_CODES: Mapping[str, Callable[[str], str]] = {
    "mode": mode_title,
    "reason": suppression_title,
    "role": lambda role: role_title(Role(role)),
}


def details_sentence(session: UiSession, details: Mapping[str, object]) -> str:
    """Return the details of an entry; a name that has no title any more stays as it is."""
    return " · ".join(
        titled(
            _(DETAIL_TITLES[name]) if name in DETAIL_TITLES else name,
            _written(session, name, value),
        )
        for name, value in details.items()
    )


def _written(session: UiSession, name: str, value: object) -> str:
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int):
        return format_number(value)
    text = str(value)
    if name in _CODES:
        return _CODES[name](text)
    if _DAY.fullmatch(text):
        return format_date(date.fromisoformat(text))
    if _MINUTE.fullmatch(text):
        return format_moment(datetime.fromisoformat(text), session.tenant.time_zone)
    return text
