"""Sentences, numbers and dates in the language of the person who looks.

The language is, in this order: `?lang=` in the address, the choice made in this window, the
choice kept with the user, the browser's, the tenant's, English.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import streamlit as st
from babel import dates, numbers

from core.i18n import LANGUAGES, SOURCE_LANGUAGE, translate, translate_plural

LANGUAGE_NAMES = {"en": "English", "fr": "Français"}
_LOCALES = {"en": "en_GB", "fr": "fr_FR"}
_SETTLED = "ui_language"
_CHOICE = "ui_language_choice"
NO_VALUE = "–"


def settle_language(*, chosen: str | None, default: str | None) -> str:
    """Decide the language of this rerun and return it."""
    asked = st.query_params.get("lang")
    if asked in LANGUAGES:
        st.session_state[_CHOICE] = asked
    browser = (st.context.locale or "").split("-")[0].lower()
    candidates = (st.session_state.get(_CHOICE), chosen, browser, default, SOURCE_LANGUAGE)
    language = next(candidate for candidate in candidates if candidate in LANGUAGES)
    st.session_state[_SETTLED] = language
    return language


def remember_choice(language: str) -> None:
    """Use `language` in this window from the next rerun on."""
    st.session_state[_CHOICE] = language
    if "lang" in st.query_params:
        del st.query_params["lang"]


def current_language() -> str:
    """Return the language of this rerun."""
    return str(st.session_state.get(_SETTLED, SOURCE_LANGUAGE))


def _(message: str, /, **values: object) -> str:
    """Return `message` in the current language, `%(name)s` filled from `values`."""
    return translate(current_language(), message, **values)


def ngettext_(one: str, many: str, count: int, /, **values: object) -> str:
    """Return `one` or `many` in the current language, `%(count)s` formatted as a number."""
    filled = {"count": format_number(count), **values}
    return translate_plural(current_language(), one, many, count, **filled)


def _locale() -> str:
    return _LOCALES[current_language()]


def format_number(value: float | None, digits: int = 0) -> str:
    """Return a number with at most `digits` decimals, `1,284` or `1 284`."""
    if value is None:
        return NO_VALUE
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=_locale())


def format_percent(share: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as a percentage with at most `digits` decimals."""
    if share is None:
        return NO_VALUE
    pattern = numbers.parse_pattern("#,##0." + "#" * digits + "%" if digits else "#,##0%")
    french = "\u00a0%" if current_language() == "fr" else "%"
    return numbers.format_percent(share, format=pattern, locale=_locale()).replace("%", french)


def format_money(cents: int | None, currency: str) -> str:
    """Return an amount in integer cents with its currency, `€1,234.56` or `1 234,56 €`."""
    if cents is None:
        return NO_VALUE
    return numbers.format_currency(cents / 100, currency, locale=_locale())


def format_date(day: date | None) -> str:
    """Return a day in words, `14 March 2026` or `14 mars 2026`."""
    return NO_VALUE if day is None else dates.format_date(day, "long", locale=_locale())


def format_moment(moment: datetime | None, time_zone: str) -> str:
    """Return an aware moment as day and time in `time_zone`."""
    if moment is None:
        return NO_VALUE
    local = moment.astimezone(ZoneInfo(time_zone))
    return dates.format_datetime(local, "d MMM y, HH:mm", locale=_locale())
