"""Translation of every sentence a user reads: English source, French catalogue.

The catalogue is read from its `.po` text at first use, so no compiled file has to be built or
kept in step.
"""

import gettext
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "fr")
SOURCE_LANGUAGE = "en"
_LOCALES = Path(__file__).parent / "locales"


def N_(message: str) -> str:  # noqa: N802 - the marker name that extraction tools know
    """Mark `message` for extraction without translating it here."""
    return message


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the variables of a terminal ask for, English without one we speak.

    >>> language_of({"LANG": "fr_FR.UTF-8"})
    'fr'
    """
    wanted = environment.get("LC_ALL") or environment.get("LANG") or SOURCE_LANGUAGE
    return wanted[:2] if wanted[:2] in LANGUAGES else SOURCE_LANGUAGE


def translate(language: str, message: str, /, **values: object) -> str:
    """Return `message` in `language`, with `%(name)s` placeholders filled from `values`.

    >>> translate("en", "%(count)s rows", count=3)
    '3 rows'
    """
    text = _catalogue(language).gettext(message) if message else ""
    return text % values if values else text


def translate_plural(language: str, one: str, many: str, count: int, /, **values: object) -> str:
    """Return `one` or `many` in `language` by the plural rule of that language.

    `%(count)s` is filled from `count` unless `values` carries a formatted one.

    >>> translate_plural("en", "%(count)s row", "%(count)s rows", 1)
    '1 row'
    """
    text = _catalogue(language).ngettext(one, many, count)
    return text % {"count": count, **values}


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == SOURCE_LANGUAGE or language not in LANGUAGES:
        return gettext.NullTranslations()
    source = _LOCALES / language / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
