"""How a delimited file is written: encoding, delimiter, header line, each with its evidence."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as defaulted
from pathlib import Path

from core.contracts import (
    AUDIT_OUTPUT,
    COLUMNS,
    NEXT_ACTION_OUTPUT,
    RECO_OUTPUT,
    fold,
)
from core.errors import FileRefused
from core.i18n import N_
from core.ingest.source import (
    ReadLimits,
    read_container,
    read_encoding,
    read_utf8,
)
from core.ingest.workbook import read_sheet

DELIMITERS = (";", ",", "\t", "|")
_SAMPLE_BYTES = 1 << 18
_SAMPLE_RECORDS = 200
_HEADER_SEARCH = 50

OWN_EXPORTS: tuple[tuple[str, ...], ...] = (
    RECO_OUTPUT,
    AUDIT_OUTPUT,
    NEXT_ACTION_OUTPUT,
    *(tuple(column.name for column in columns) for columns in COLUMNS.values()),
)
_KNOWN_HEADERS = frozenset(
    fold(spelling)
    for columns in COLUMNS.values()
    for column in columns
    for spelling in (column.name, *column.synonyms)
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file is written. `evidence` says for each finding what it rests on.

    `decimal` and `date_order` are first impressions of the sample's cells; what a whole column
    settles is decided by `core.ingest.settle`. `date_order` is `iso`, `dmy`, `mdy`, None (not
    settled) or `""` (no dates). `data_line` is the physical line after the header record.
    """

    encoding: str
    delimiter: str
    quote: str = '"'
    header_line: int
    decimal: str = "."
    date_order: str | None = ""
    own_export: bool = False
    container: str = "text"
    line_end: str = "\n"
    data_line: int
    headers: tuple[str, ...]
    trailing_delimiter: bool = False
    sheet: str | None = None
    evidence: Mapping[str, str] = defaulted(default_factory=dict)


Record = tuple[int, int, list[str]]  # first line, last line, cells


def read_dialect(path: Path, limits: ReadLimits) -> Dialect:
    """Find how the file is written.

    Raises `FileRefused` when it is empty, is no table, or has more columns than the limit.
    """
    container = read_container(path)
    if container == "workbook":
        return _workbook_dialect(path, limits)
    encoding, evidence = read_encoding(path, container, limits)
    text, whole = _read_sample(path, container, encoding, limits)
    line_end = "\n" if "\n" in text or "\r" not in text else "\r"
    lines = _physical_lines(text, line_end, whole)
    told = _told_delimiter(lines)
    delimiter, records = _choose_delimiter(lines, told)
    found = _find_header([r for r in records if r[2] and (told is None or r[0] > 1)], path)
    headers, trailing = _settle_width(found)
    _check_width(path, headers, limits)
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        header_line=found[0][0],
        data_line=found[0][1] + 1,
        headers=name_headers(headers),
        trailing_delimiter=trailing,
        line_end=line_end,
        container=container,
        own_export=is_own_export(headers),
        evidence={"encoding": evidence, "delimiter": _delimiter_evidence(delimiter, found, told)},
    )


def _workbook_dialect(path: Path, limits: ReadLimits) -> Dialect:
    sheet, rows = read_sheet(path, limits)
    records: list[Record] = [
        (number, number, row)
        for number, row in enumerate(rows[: _SAMPLE_RECORDS * 5], start=1)
        if any(row)
    ]
    found = _find_header(records[:_SAMPLE_RECORDS], path)
    headers = list(found[0][2])
    while headers and not headers[-1]:
        headers.pop()
    _check_width(path, headers, limits)
    return Dialect(
        encoding="utf-8",
        delimiter=",",
        header_line=found[0][0],
        data_line=found[0][0] + 1,
        headers=name_headers(headers),
        container="workbook",
        sheet=sheet,
        own_export=is_own_export(headers),
        evidence={"sheet": sheet},
    )


def _read_sample(path: Path, container: str, encoding: str, limits: ReadLimits) -> tuple[str, bool]:
    sample = b""
    for chunk in read_utf8(path, container, encoding, limits):
        sample += chunk
        if len(sample) > _SAMPLE_BYTES:
            return sample[:_SAMPLE_BYTES].decode("utf-8", errors="ignore"), False
    return sample.decode("utf-8", errors="ignore"), True


def _physical_lines(text: str, line_end: str, whole: bool) -> list[str]:
    lines = [f"{line}\n".replace("\r", "") for line in text.split(line_end)]
    return lines if whole or len(lines) == 1 else lines[:-1]


def _told_delimiter(lines: Sequence[str]) -> str | None:
    first = lines[0].strip().lower() if lines else ""
    return first[4] if first.startswith("sep=") and len(first) == 5 else None


def _choose_delimiter(lines: Sequence[str], told: str | None) -> tuple[str, list[Record]]:
    if told is not None:
        return told, _sample_records(lines, told)
    tried = [(d, _sample_records(lines, d)) for d in DELIMITERS]
    return max(tried, key=lambda pair: _delimiter_score(pair[1]))


def _sample_records(lines: Sequence[str], delimiter: str) -> list[Record]:
    reader = csv.reader(iter(line.replace("\0", " ") for line in lines), delimiter=delimiter)
    records: list[Record] = []
    previous = 0
    try:
        for cells in reader:
            records.append((previous + 1, reader.line_num, cells))
            previous = reader.line_num
            if len(records) >= _SAMPLE_RECORDS:
                break
    except csv.Error:
        return records
    return records


def _delimiter_score(records: Sequence[Record]) -> tuple[float, int]:
    """Known header names first, then how many records share one width above 1."""
    filled = [cells for _, _, cells in records if cells]
    widths = Counter(len(cells) for cells in filled if len(cells) > 1)
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    known = max(sum(fold(c) in _KNOWN_HEADERS for c in cells) for cells in filled[:_HEADER_SEARCH])
    return count / len(filled) + (known if known > 1 else 0), width


def _find_header(records: Sequence[Record], path: Path) -> tuple[Record, list[Record]]:
    """Return the header record and the sampled records after it."""
    if not records:
        raise FileRefused(N_("%(name)s is empty: export it again."), name=path.name)
    searched = records[:_HEADER_SEARCH]
    known = [sum(fold(c) in _KNOWN_HEADERS for c in cells) for _, _, cells in searched]
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


def _settle_width(found: tuple[Record, list[Record]]) -> tuple[list[str], bool]:
    """Return the header cells, and whether every record ends with one delimiter too many."""
    headers, rows = list(found[0][2]), [cells for _, _, cells in found[1]]
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


def _check_width(path: Path, headers: Sequence[str], limits: ReadLimits) -> None:
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


def is_own_export(headers: Sequence[str]) -> bool:
    """Whether the first columns are those of a file this product writes, in its order."""
    return any(tuple(headers[: len(own)]) == own for own in OWN_EXPORTS)


def _delimiter_evidence(
    delimiter: str, found: tuple[Record, list[Record]], told: str | None
) -> str:
    if told is not None:
        return "the line sep="
    width = len(found[0][2])
    same = sum(len(cells) == width for _, _, cells in found[1])
    return f"{same} of {len(found[1])} sampled records have {width} cells with {delimiter!r}"
