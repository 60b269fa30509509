"""Which language a page speaks, and how it writes figures."""

from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest

from ui import i18n


def say_language(chosen: str | None, default: str | None) -> None:
    import streamlit as st

    from ui.i18n import settle_language

    st.write(settle_language(chosen=chosen, default=default))


@pytest.mark.parametrize(
    ("address", "window", "chosen", "browser", "default", "expected"),
    [
        ("fr", "en", "en", "en-GB", "en", "fr"),
        (None, "fr", "en", "en-GB", "en", "fr"),
        (None, None, "fr", "en-GB", "en", "fr"),
        (None, None, None, "fr-CA", "en", "fr"),
        (None, None, None, "de-DE", "fr", "fr"),
        (None, None, None, None, "fr", "fr"),
        ("xx", "xx", None, None, None, "en"),
    ],
)
def test_the_nearest_wish_decides_the_language(
    address: str | None,
    window: str | None,
    chosen: str | None,
    browser: str | None,
    default: str | None,
    expected: str,
) -> None:
    page = AppTest.from_function(say_language, args=(chosen, default), default_timeout=20)
    if address:
        page.query_params["lang"] = address
    if window:
        page.session_state["ui_language_choice"] = window
    page.context = {"locale": browser}
    assert page.run().markdown[0].value == expected


@pytest.mark.parametrize(
    ("call", "english", "french"),
    [
        (lambda: i18n.format_number(1234567), "1,234,567", "1\u202f234\u202f567"),
        (lambda: i18n.format_money(123456, "EUR"), "€1,234.56", "1\u202f234,56\u00a0€"),
        (lambda: i18n.format_percent(0.125), "12.5%", "12,5\u00a0%"),
        (lambda: i18n.format_date(date(2026, 3, 14)), "14 March 2026", "14 mars 2026"),
        (
            lambda: i18n.format_moment(datetime(2026, 3, 14, 23, 5, tzinfo=UTC), "Europe/Paris"),
            "15/03/2026 00:05",
            "15/03/2026 00:05",
        ),
        (lambda: i18n.format_number(None), "–", "–"),
        (lambda: i18n.format_quantity(1500), "1.5", "1,5"),
        (lambda: i18n.format_month(date(2026, 3, 14)), "March 2026", "mars 2026"),
    ],
)
def test_figures_follow_the_language(
    monkeypatch: pytest.MonkeyPatch, call: object, english: str, french: str
) -> None:
    for language, expected in (("en", english), ("fr", french)):
        monkeypatch.setattr(i18n, "current_language", lambda chosen=language: chosen)
        assert call() == expected


@pytest.mark.parametrize(("count", "expected"), [(1, "1 of it"), (2000, "2,000 of them")])
def test_a_counted_sentence_has_its_plural_and_its_figure(count: int, expected: str) -> None:
    assert i18n.ngettext_("%(count)s of it", "%(count)s of them", count) == expected
