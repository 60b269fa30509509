"""Files that put single quotes around their cells: 'a;b'.

The readers know one quote, the double one. A file in single quotes is read with both signs
exchanged, byte for byte, so that every place stays where it is; its texts are exchanged back.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

SINGLE, DOUBLE = "'", '"'
_SWAPPED = bytes.maketrans(b"'\"", b"\"'")
_ENCLOSED = re.compile("'(?:[^']|'')*+'")
_SEVERAL = 3
_FEW = 20  # one damaged quote among as many does not change how the file is written
_SWAPPED_LETTERS = str.maketrans("'\"", "\"'")


def swap_bytes(data: bytes) -> bytes:
    """Return UTF-8 `data` with single and double quotes exchanged."""
    return data.translate(_SWAPPED)


def swap_text(text: str) -> str:
    """Return `text` with single and double quotes exchanged.

    >>> swap_text("'l''été \\"1\\"'")
    '"l""été \\'1\\'"'
    """
    return text.translate(_SWAPPED_LETTERS)


def swap_sql(column: str) -> str:
    """Return the DuckDB SQL that exchanges the quotes of a text column."""
    return f"translate({column}, '''\"', '\"''')"


def count_enclosed(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """Return how many cells stand in single quotes, and how many others do of those with text.

    None at all counts as standing in them when more than one in twenty begins with an apostrophe
    and does not end as a quoted cell does (`'=x`, `'s Gravenhage`), or with a double quote.

    >>> count_enclosed(["C1;'a;b';l'été"], ";")
    (1, 2)
    """
    enclosed = others = strays = 0
    for cell in _cells("".join(lines), delimiter):
        if not cell.startswith((SINGLE, DOUBLE)):
            others += bool(cell.strip())
        elif cell.startswith(SINGLE) and len(cell) > 1 and cell.endswith(SINGLE):
            enclosed += 1
        else:
            strays += 1
    return (0 if strays * _FEW > enclosed else enclosed), others


def has_enclosed_column(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether in some column every filled cell, three at least, stands in single quotes.

    `rows` are read by double quotes, the header first; only those as wide as most of them count.

    >>> has_enclosed_column([["code", "name"], ["1", "'a'"], ["2", "'l''or'"], ["3", "'c'"]])
    True
    """
    widths = Counter(len(row) for row in rows)
    width = max(widths, key=lambda each: widths[each], default=0)
    columns = zip(*[row for row in rows if len(row) == width][1:], strict=True)
    return any(_is_enclosed([cell for cell in column if cell.strip()]) for column in columns)


def _is_enclosed(cells: Sequence[str]) -> bool:
    return len(cells) >= _SEVERAL and all(_ENCLOSED.fullmatch(cell) for cell in cells)


def _cells(text: str, delimiter: str) -> Iterator[str]:
    """Yield the cells, with the quotes of those that are closed properly."""
    sign = re.escape(delimiter)
    cell = re.compile(rf"'(?:[^']|'')*+'(?=[{sign}\n]|\Z)|[^{sign}\n]*")
    at = 0
    while at < len(text):
        found = cell.match(text, at)
        assert found is not None  # the second way matches anything
        yield found[0]
        at = found.end() + 1
