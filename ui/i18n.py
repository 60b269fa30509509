"""Sentences, numbers and dates in the language of the person who looks.

The language is, in this order: `?lang=` in the address, the choice made in this window, the
choice kept with the user, the browser's, the tenant's, English.
"""

from datetime import date, datetime

import streamlit as st

from core import formats
from core.i18n import LANGUAGES, SOURCE_LANGUAGE, translate, translate_plural

LANGUAGE_NAMES = {"en": "English", "fr": "Français"}
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


def declare_language() -> None:
    """Tell the browser, and so whoever has the page read aloud, in which language it is."""
    script = f'<script>document.documentElement.lang = "{current_language()}"</script>'
    st.html(script, unsafe_allow_javascript=True)


def _(message: str, /, **values: object) -> str:
    """Return `message` in the current language, `%(name)s` filled from `values`."""
    return translate(current_language(), message, **values)


def titled(title: object, text: object) -> str:
    """Return `title: text`, with the colon of the current language."""
    return _("%(title)s: %(text)s", title=title, text=text)


def ngettext_(one: str, many: str, count: int, /, **values: object) -> str:
    """Return `one` or `many` in the current language, `%(count)s` formatted as a number."""
    filled = {"count": format_number(count), **values}
    return translate_plural(current_language(), one, many, count, **filled)


def format_number(value: float | None, digits: int = 0) -> str:
    """Return a number with `digits` decimals, a dash for None."""
    return (
        NO_VALUE
        if value is None
        else formats.format_number(value, current_language(), digits=digits)
    )


def format_percent(share: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as a percentage with `digits` decimals, a dash for None."""
    return (
        NO_VALUE
        if share is None
        else formats.format_percent(share, current_language(), digits=digits)
    )


def percent_sign() -> str:
    """Return what follows the figure of a percentage, with its no-break space if it has one."""
    return format_percent(0, 0).removeprefix("0")


def format_money(cents: int | None, currency: str) -> str:
    """Return an amount in integer cents with its currency, a dash for None."""
    return NO_VALUE if cents is None else formats.format_money(cents, currency, current_language())


def format_quantity(quantity_milli: int | None) -> str:
    """Return a quantity in thousandths as units, a dash for None."""
    return (
        NO_VALUE
        if quantity_milli is None
        else formats.format_quantity(quantity_milli, current_language())
    )


def format_date(day: date | None) -> str:
    """Return a day in words, a dash for None."""
    return NO_VALUE if day is None else formats.format_date(day, current_language())


def format_short_date(day: date | None) -> str:
    """Return a day in figures for narrow columns, a dash for None."""
    return NO_VALUE if day is None else formats.format_short_date(day, current_language())


def format_month(day: date | None) -> str:
    """Return the month of a day with its year, a dash for None."""
    return NO_VALUE if day is None else formats.format_month(day, current_language())


def format_quarter(day: date) -> str:
    """Return the quarter of a day with its year."""
    return formats.format_quarter(day, current_language())


def format_month_name(month: int, *, is_short: bool = False) -> str:
    """Return the name of a month, 1 to 12."""
    return formats.format_month_name(month, current_language(), is_short=is_short)


def format_language(code: str) -> str:
    """Return the name of a language, its code when it is not known."""
    return formats.format_language(code, current_language())


def format_moment(moment: datetime | None, time_zone: str) -> str:
    """Return an aware moment as day and time in `time_zone`, a dash for None."""
    if moment is None:
        return NO_VALUE
    return formats.format_moment(moment, time_zone, current_language())
