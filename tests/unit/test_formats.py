"""Typography of numbers, money, shares and dates in both languages."""

import doctest
from datetime import date

import pytest

import core.formats
from core.formats import (
    format_date,
    format_money,
    format_month,
    format_number,
    format_percent,
    format_quantity,
    format_short_date,
)

THIN, HARD = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("value", "digits", "english", "french"),
    [
        (0, 0, "0", "0"),
        (999, 0, "999", "999"),
        (541909, 0, "541,909", f"541{THIN}909"),
        (1234567.5, 2, "1,234,567.50", f"1{THIN}234{THIN}567,50"),
        (2.5, 0, "3", "3"),
        (1.005, 2, "1.01", "1,01"),
        (-1234, 0, "-1,234", f"-1{THIN}234"),
        (-0.2, 0, "0", "0"),
    ],
)
def test_numbers(value, digits, english, french):
    assert format_number(value, "en", digits=digits) == english
    assert format_number(value, "fr", digits=digits) == french


@pytest.mark.parametrize(
    ("cents", "currency", "english", "french"),
    [
        (123456, "EUR", "€1,234.56", f"1{THIN}234,56{HARD}€"),
        (5, "EUR", "€0.05", f"0,05{HARD}€"),
        (-990, "EUR", "-€9.90", f"-9,90{HARD}€"),
        (90071992547409931, "GBP", "£900,719,925,474,099.31", None),
        (1050, "JPY", "JP¥10.50", None),
    ],
)
def test_money_is_exact(cents, currency, english, french):
    assert format_money(cents, currency, "en") == english
    if french is not None:
        assert format_money(cents, currency, "fr") == french


@pytest.mark.parametrize(
    ("milli", "english", "french"),
    [
        (12000, "12", "12"),
        (1500, "1.5", "1,5"),
        (-250, "-0.25", "-0,25"),
        (1234000, "1,234", f"1{THIN}234"),
    ],
)
def test_quantities(milli, english, french):
    assert (format_quantity(milli, "en"), format_quantity(milli, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("share", "digits", "english", "french"),
    [
        (0.7, 0, "70%", f"70{HARD}%"),
        (0.125, 0, "13%", f"13{HARD}%"),
        (0.125, 1, "12.5%", f"12,5{HARD}%"),
        (0.285, 0, "29%", f"29{HARD}%"),
        (1, 0, "100%", f"100{HARD}%"),
    ],
)
def test_percentages(share, digits, english, french):
    assert format_percent(share, "en", digits=digits) == english
    assert format_percent(share, "fr", digits=digits) == french


def test_dates():
    day = date(2026, 3, 14)
    assert (format_date(day, "en"), format_date(day, "fr")) == ("14 March 2026", "14 mars 2026")
    assert (format_month(day, "en"), format_month(day, "fr")) == ("March 2026", "mars 2026")
    assert format_short_date(day, "en") == format_short_date(day, "fr") == "14/03/2026"


def test_the_first_of_a_month_is_1er_in_french_alone():
    first, eleventh = date(2026, 8, 1), date(2026, 8, 11)
    assert (format_date(first, "fr"), format_date(eleventh, "fr")) == (
        "1er août 2026",
        "11 août 2026",
    )
    assert format_date(first, "en") == "1 August 2026"


def test_a_language_without_a_catalogue_is_written_in_english():
    assert format_number(1000, "de") == "1,000"


def test_the_examples_of_the_docstrings_run():
    assert doctest.testmod(core.formats).failed == 0
