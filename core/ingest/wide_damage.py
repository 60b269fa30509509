"""Damage that decodes as UTF-16 all the same: bytes lost or added, rows in another encoding.

Bytes that moved by one turn every line end into U+0A00 or U+0D00, and rows would vanish within a
cell. Rows of UTF-8 read as UTF-16 are letters made of two ASCII bytes each; so is much of real
Chinese and Japanese, told apart by which bytes come first.
"""

import re

from core.errors import FileRefused
from core.i18n import N_

BROKEN = N_("%(name)s is damaged: line %(line)s is no valid UTF-16. Export it again as UTF-8.")
_MIXED = N_(
    "%(name)s mixes two encodings: it is UTF-16 up to line %(line)s, which is not. Export it again"
    " in one encoding."
)
_SHIFTED = re.compile("[\u0a00\u0d00\0]")
_KEPT = 64  # letters looked at again with the next piece
_LOW = (0x09, 0x0A, 0x0D, *range(0x20, 0x7F))
_ENDS = (0x0A, 0x0D)
# First bytes that are rare in any one text of Chinese or Japanese: `,-./`, digits, `:` to `M`.
_RARE_HIGH = (*range(0x2C, 0x30), 0x31, *range(0x34, 0x4E))


def _letters(high: tuple[int, ...], low: tuple[int, ...]) -> str:
    return "".join(f"\\u{h:02x}{second:02x}" for h in high for second in low)


_WORDS = tuple(byte for byte in _LOW if byte not in _ENDS)
_END_FIRST = f"[{_letters(_ENDS, _LOW)}]"
_PAIR = f"[{_letters(_WORDS, _LOW)}]"
# A letter of Gurmukhi or Malayalam among such of Chinese.
_END_AMONG_PAIRS = re.compile(f"{_PAIR}{_END_FIRST}(?={_PAIR}|\\Z)")
_RUN = re.compile(f"{_PAIR}{{4,}}")
_END_LAST = re.compile(f"[{_letters(_WORDS, _ENDS)}]")
_RARE = re.compile(f"[{_letters(_RARE_HIGH, _LOW)}]")
_FEW_RARE = 3


class WideDamage:
    """Looks for damage in the text of the UTF-16 file `name`, piece by piece."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = ""
        self._line = 1

    def refuse(self, text: str) -> None:
        """Raise `FileRefused`, naming the line, where the next piece of text is damaged."""
        seen = self._before + text
        shifted, other = _SHIFTED.search(seen), _other_encoding(seen)
        places = [place for place in (shifted and shifted.start(), other) if place is not None]
        if places:
            first = min(places)
            line = self._line + seen.count("\n", 0, first)
            raise FileRefused(_MIXED if first == other else BROKEN, name=self._name, line=line)
        self._before = seen[-_KEPT:]
        self._line += seen.count("\n", 0, len(seen) - len(self._before))


def _other_encoding(text: str) -> int | None:
    """Return where rows of ASCII read as UTF-16 begin."""
    among = _END_AMONG_PAIRS.search(text)
    if among:
        return among.start()
    for run in _RUN.finditer(text):
        if _END_LAST.search(run[0]) and len(_RARE.findall(run[0])) >= _FEW_RARE:
            return run.start()
    return None
