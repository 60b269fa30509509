"""Where a text names one of many codes and addresses: one look-up per word, however many there are.

An expression with 800 alternatives tries each of them at each byte: of a file of 24 MB that takes
minutes, words take a second.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

# Whatever may stand right before or behind a value in a text; a value that holds one is a phrase.
_SEPARATORS = rb"\s\x1f\x00,;|\"'<>()\[\]{}:=/\\&!?*#$%^`~\x80-\xff"
_WORD = re.compile(b"[^" + _SEPARATORS + b"]+")
_SEPARATOR = re.compile(b"[" + _SEPARATORS + b"]")
_ENCODINGS = ("utf-8", "cp1252")


class Needles:
    """Values that are looked for, whatever the case of their ASCII letters."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = {
            value.encode(encoding, errors="ignore").lower()
            for value in values
            for encoding in _ENCODINGS
        } - {b""}

    def starts(self, data: bytes) -> Iterator[int]:
        """Yield where a value begins, in order."""
        words = (
            word.start()
            for word in _WORD.finditer(data)
            if self._begins_with_one(word.group().lower())
        )
        if self._phrases is None:
            yield from words
        else:
            yield from sorted({*words, *(hit.start() for hit in self._phrases.finditer(data))})

    def _begins_with_one(self, word: bytes) -> bool:
        """Tell whether a word is a value, or one with a point and more behind it (`C1.csv`)."""
        end = len(word)
        while end > 0:
            if word[:end] in self._words:
                return True
            end = word.rfind(b".", 0, end)
        return False

    def are_in(self, data: bytes) -> bool:
        """Tell whether a value stands in `data`."""
        return next(self.starts(data), None) is not None

    @cached_property
    def _words(self) -> frozenset[bytes]:
        return frozenset(v.rstrip(b".") for v in self._values if not _SEPARATOR.search(v))

    @cached_property
    def _phrases(self) -> re.Pattern[bytes] | None:
        odd = [re.escape(value) for value in sorted(self._values) if _SEPARATOR.search(value)]
        return re.compile(b"|".join(odd), re.IGNORECASE) if odd else None
