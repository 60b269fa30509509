"""Every sentence a user reads stands in the French catalogue, with the same placeholders."""

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Message

from core.i18n import translate, translate_plural
from scripts.update_catalogue import extract_sources, read_catalogue

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
_BEFORE_PUNCTUATION = re.compile(r"[^\s\u00a0\u202f%] ?[:;?!](?=\s|$)| [:;?!»](?=\s|$)|« ")


def _extracted() -> set[str]:
    return {text for source in extract_sources() for text in _parts(source)}


def _catalogue() -> dict[str, Message]:
    """Return each message by its source, a plural by both of its sources."""
    return {text: m for m in read_catalogue() if m.id for text in _parts(m.id)}


def _parts(source: str | Iterable[str]) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else tuple(source)


def test_every_sentence_is_translated() -> None:
    catalogue = _catalogue()
    missing = sorted(
        text for text in _extracted() if text not in catalogue or not catalogue[text].string
    )
    assert missing == []


def test_no_translation_is_left_over() -> None:
    assert sorted(set(_catalogue()) - _extracted()) == []


def test_placeholders_survive_translation() -> None:
    """A plural's forms may leave the number out ("once"), so they are compared as a whole."""
    wrong = [
        message.id
        for message in _catalogue().values()
        if _placeholders(_parts(message.id)) != _placeholders(_parts(message.string))
    ]
    assert wrong == []


def _placeholders(texts: Iterable[str]) -> set[str]:
    return {found for text in texts for found in _PLACEHOLDER.findall(text)}


def test_french_typography() -> None:
    """A no-break space stands before : ; ? ! and inside « », and the apostrophe is curly."""
    wrong = [
        translation
        for message in _catalogue().values()
        for translation in _parts(message.string)
        if _BEFORE_PUNCTUATION.search(translation) or re.search(r"\w'\w", translation)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [(0, "0 rows", "0 ligne"), (1, "1 row", "1 ligne"), (2, "2 rows", "2 lignes")],
)
def test_plurals_follow_the_language(count: int, english: str, french: str) -> None:
    assert translate_plural("en", "%(count)s row", "%(count)s rows", count) == english
    assert translate_plural("fr", "%(count)s row", "%(count)s rows", count) == french


def test_an_unknown_language_falls_back_to_english() -> None:
    assert translate("xx", "The database is ready.") == "The database is ready."
