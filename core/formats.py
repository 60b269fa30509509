"""Numbers, money, shares and dates as a reader of each language expects them.

French has a thin no-break space between thousands (U+202F), a no-break space before the sign of
a currency or percentage (U+00A0), a decimal comma and `1er` for the first of a month. English is
written the British way: `£1,234.50`, `14 March 2026`.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers

_COMPACT_FROM, _MILLION = 10_000, 1_000_000
_LOCALES = {"en": "en_GB", "fr": "fr_FR"}


def format_number(value: float | Decimal, language: str, *, digits: int = 0) -> str:
    """Return `value` with thousands apart and exactly `digits` decimals, half rounded up.

    >>> format_number(541909, "en")
    '541,909'
    """
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(_rounded(value, digits), pattern, locale=_locale(language))


def format_change(by: float | Decimal, language: str, *, digits: int = 0) -> str:
    """Return by how much a figure rose, with its sign; 0 has none.

    >>> format_change(1200, "en"), format_change(-0.25, "fr", digits=2)
    ('+1,200', '-0,25')
    """
    written = format_number(by, language, digits=digits)
    return f"+{written}" if _rounded(by, digits) > 0 else written


def format_compact(count: int, language: str) -> str:
    """Return a count in as few characters as a chart has room for: whole below 10,000.

    >>> format_compact(9999, "en"), format_compact(312456, "en"), format_compact(1234567, "en")
    ('9,999', '312K', '1.2M')
    """
    if count < _COMPACT_FROM:
        return format_number(count, language)
    digits = 1 if count >= _MILLION else 0
    return numbers.format_compact_decimal(count, locale=_locale(language), fraction_digits=digits)


def format_quantity(quantity_milli: int, language: str) -> str:
    """Return a quantity in thousandths of a unit as units, with the decimals it needs.

    >>> format_quantity(1500, "en"), format_quantity(12000, "en")
    ('1.5', '12')
    """
    return numbers.format_decimal(
        Decimal(quantity_milli) / 1000, "#,##0.###", locale=_locale(language)
    )


def format_money(cents: int, currency: str, language: str) -> str:
    """Return an amount in hundredths of `currency` (a code such as EUR) with its sign.

    >>> format_money(123456, "EUR", "en")
    '€1,234.56'
    """
    return numbers.format_currency(
        Decimal(cents) / 100, currency, locale=_locale(language), currency_digits=False
    )


def format_percent(share: float | Decimal, language: str, *, digits: int = 0) -> str:
    """Return a share (0.125 is 12.5 %) as a percentage with exactly `digits` decimals.

    >>> format_percent(0.125, "en", digits=1)
    '12.5%'
    """
    sign = "\u00a0%" if _locale(language).startswith("fr") else "%"
    return format_number(_decimal(share) * 100, language, digits=digits) + sign


def format_date(day: date, language: str) -> str:
    """Return `day` written out.

    >>> format_date(date(2026, 3, 14), "en")
    '14 March 2026'
    """
    written = dates.format_date(day, "long", locale=_locale(language))
    if day.day == 1 and _locale(language).startswith("fr"):
        return "1er" + written.removeprefix("1")
    return written


def format_short_date(day: date, language: str) -> str:
    """Return `day` in figures, day first, for narrow columns.

    >>> format_short_date(date(2026, 3, 4), "fr")
    '04/03/2026'
    """
    return dates.format_date(day, "dd/MM/y", locale=_locale(language))


def format_moment(moment: datetime, time_zone: str, language: str) -> str:
    """Return an aware moment as day and time in `time_zone`.

    >>> noon = datetime.fromisoformat("2026-03-04T11:00+00:00")
    >>> format_moment(noon, "Europe/Paris", "en")
    '04/03/2026 12:00'
    """
    local = moment.astimezone(ZoneInfo(time_zone))
    return f"{format_short_date(local.date(), language)} {local:%H:%M}"


def format_language(code: str, language: str) -> str:
    """Return the name of the language with the code `code`; an unknown code stays itself.

    >>> format_language("fr", "en"), format_language("fr", "fr")
    ('French', 'français')
    """
    return str(Locale.parse(_locale(language)).languages.get(code.lower(), code))


def format_month(day: date, language: str) -> str:
    """Return the month of `day` with its year.

    >>> format_month(date(2026, 3, 14), "en")
    'March 2026'
    """
    return dates.format_skeleton("yMMMM", day, locale=_locale(language))


def format_quarter(day: date, language: str) -> str:
    """Return the quarter of `day` with its year.

    >>> format_quarter(date(2026, 3, 14), "en"), format_quarter(date(2026, 3, 14), "fr")
    ('Q1 2026', 'T1 2026')
    """
    return dates.format_skeleton("yQQQ", day, locale=_locale(language))


def format_month_name(month: int, language: str, *, is_short: bool = False) -> str:
    """Return the name of a month, 1 to 12, without a year.

    >>> format_month_name(12, "fr"), format_month_name(1, "en", is_short=True)
    ('décembre', 'Jan')
    """
    names = dates.get_month_names(
        "abbreviated" if is_short else "wide", "stand-alone", locale=_locale(language)
    )
    return str(names[month])


def _locale(language: str) -> str:
    return _LOCALES.get(language, _LOCALES["en"])


def _decimal(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _rounded(value: float | Decimal, digits: int) -> Decimal:
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return rounded + 0  # minus zero becomes zero
