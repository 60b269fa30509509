"""Where the header of a table is, how many columns it has, and what they are called."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.contracts import COLUMNS, fold
from core.errors import FileRefused
from core.i18n import N_
from core.ingest.findings import Finding, found
from core.ingest.source import ReadLimits

Record = tuple[int, int, list[str]]  # first line, last line, cells

_HEADER_SEARCH = 50  # records
_KNOWN_HEADERS = frozenset(
    spelling for columns in COLUMNS.values() for column in columns for spelling in column.spellings
)


def count_known(cells: Sequence[str]) -> int:
    """Return how many of `cells` are names of columns that this product knows."""
    return sum(fold(cell) in _KNOWN_HEADERS for cell in cells)


def most_known(records: Sequence[Record]) -> int:
    """Return how many known names the best header among the first records has."""
    return max((count_known(cells) for _, _, cells in records[:_HEADER_SEARCH]), default=0)


def find_header(records: Sequence[Record], path: Path) -> tuple[Record, list[Record]]:
    """Return the header record and the sampled records after it."""
    if not records:
        raise FileRefused(N_("%(name)s is empty: export it again."), name=path.name)
    searched = records[:_HEADER_SEARCH]
    known = [count_known(cells) for _, _, cells in searched]
    best = max(known)
    if best >= 2:
        at = known.index(best)
    else:
        widths = Counter(_filled_width(r[2]) for r in records)
        width = max(widths.items(), key=lambda pair: (pair[1], pair[0]))[0]
        at = next((k for k, r in enumerate(searched) if _filled_width(r[2]) >= width), 0)
    return searched[at], list(records[at + 1 :])


def _filled_width(cells: Sequence[str]) -> int:
    return max((k for k, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def settle_width(place: tuple[Record, list[Record]]) -> tuple[list[str], bool]:
    """Return the header cells, and whether every record ends with one delimiter too many."""
    headers, rows = list(place[0][2]), [cells for _, _, cells in place[1]]
    if not rows:
        return (headers[:-1], True) if len(headers) > 1 and not headers[-1] else (headers, False)
    width = Counter(len(cells) for cells in rows).most_common(1)[0][0]
    if width == len(headers) - 1 and not headers[-1].strip():
        return headers[:-1], True
    if width == len(headers) + 1 and all(not c[-1] for c in rows if len(c) == width):
        return headers, True
    if width == len(headers) > 1 and not headers[-1].strip() and not any(c[-1] for c in rows):
        return headers[:-1], True
    return headers, False


def check_width(path: Path, headers: Sequence[str], limits: ReadLimits) -> None:
    """Raise `FileRefused` when there are more columns than the limit."""
    if len(headers) > limits.max_columns:
        raise FileRefused(
            N_("%(name)s has %(count)s columns; the limit is %(limit)s: export fewer columns."),
            name=path.name,
            count=len(headers),
            limit=limits.max_columns,
        )


def name_headers(cells: Sequence[str]) -> tuple[str, ...]:
    """Return one distinct name per column: a repeated or blank header gets its place.

    >>> name_headers(["Prix", "", "Prix"])
    ('Prix', '(column 2)', 'Prix (column 3)')
    """
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split())
        names.append(f"{name} (column {place})".strip() if not name or name in names else name)
    return tuple(names)


def header_evidence(line: int, *, of_rows: bool) -> Finding:
    """Return what is said of the header found at `line`, of a text or of rows of a sheet."""
    if line == 1:
        return found(N_("The header is the first row.") if of_rows else N_("The header is line 1."))
    return found(
        N_("The header is line %(line)s: the first with the columns' names or the full width."),
        line=line,
    )
