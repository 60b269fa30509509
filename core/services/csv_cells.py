"""Cells of exported files that no spreadsheet takes for a formula, and the way back.

A cell that begins with `= + - @`, tab, carriage return or NUL, or with quotes followed by one of
them, gets one more leading apostrophe; so does the part after a `;`, a tab or a line end inside a
cell, because a French Excel splits a comma file there. Plain numbers stay as they are. Taking one
apostrophe away at the same places gives the text back: `unescape(escape(text)) == text`.
"""

import csv
import re
from collections.abc import Sequence

_AT_PART_START = r"(?<![^;\t\r\n])"
_IS_NUMBER = r"(?![+-]?[0-9]+(?:[.,][0-9]+)?(?:[;\t\r\n]|\Z))"
_IS_FORMULA = r"(?=['\"]*[=+\-@\t\r\0])"

_DANGEROUS = re.compile(_AT_PART_START + _IS_NUMBER + _IS_FORMULA)
_ESCAPED = re.compile(_AT_PART_START + "'" + _IS_NUMBER + _IS_FORMULA)
_FIRST = frozenset("'\"=+-@\0")
_BEFORE_A_PART = (";", "\t", "\r", "\n")


def escape(text: str) -> str:
    """Return `text` as it stands in an exported file.

    >>> escape("=1+1"), escape("-12,5"), escape("a;@b")
    ("'=1+1", '-12,5', "a;'@b")
    """
    return _DANGEROUS.sub("'", text) if _may_need_it(text) else text


def _may_need_it(text: str) -> bool:
    # Nearly no cell does; the expression alone would take 9 µs for each 600 characters.
    return text[:1] in _FIRST or any(mark in text for mark in _BEFORE_A_PART)


def unescape(text: str) -> str:
    """Return the text of a cell that `escape` wrote; only for files recognised as our own.

    >>> unescape("'=1+1"), unescape("a;'@b"), unescape("'tis")
    ('=1+1', 'a;@b', "'tis")
    """
    return _ESCAPED.sub("", text) if "'" in text else text


def csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    """Return lines of a CSV file, as Postgres copies them out; a carriage return is quoted too.

    >>> csv_lines([["a", "b,c"], ["", "d\\re"]])
    b'a,"b,c"\\n,"d\\re"\\n'
    """
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)  # it quotes what ends its lines
    return "".join(lines).encode()


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(f"{line[:-2]}\n")
