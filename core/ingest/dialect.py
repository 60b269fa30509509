"""How a delimited file is written: encoding, delimiter, header line, each with its evidence."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as defaulted
from pathlib import Path

from core.contracts import AUDIT_OUTPUT, NEXT_ACTION_OUTPUT, RECO_OUTPUT
from core.i18n import N_
from core.ingest.findings import Finding, Findings, found
from core.ingest.header import (
    Record,
    check_width,
    find_header,
    header_evidence,
    most_known,
    name_headers,
    settle_width,
)
from core.ingest.sampling import (
    SAMPLE_RECORDS,
    Sample,
    find_line_end,
    physical_lines,
    refuse_faults,
    refuse_two_kinds,
    sample_records,
)
from core.ingest.sheets import choose_sheet, filled_rows
from core.ingest.single_quotes import DOUBLE, SINGLE, count_enclosed, has_enclosed_column
from core.ingest.source import (
    ReadLimits,
    read_container,
    read_encoding,
    read_utf8,
)
from core.ingest.workbook import sample_sheets

DELIMITERS = (";", ",", "\t", "|")
_SAMPLE_BYTES = 1 << 18
_SAMPLE_ROWS = 1000  # of a sheet

_DELIMITER_NAMES: Mapping[str, str] = {
    ";": N_("semicolons"),
    ",": N_("commas"),
    "\t": N_("tabs"),
    "|": N_("vertical bars"),
}
_TRAILING = N_("Every row ends with one delimiter too many, which is left out.")

OWN_EXPORTS: tuple[tuple[str, ...], ...] = (RECO_OUTPUT, AUDIT_OUTPUT, NEXT_ACTION_OUTPUT)
OWN_MARK = "ia_crm_export"  # the last, blank column of a file of customers, products, … we write


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
    sheets: tuple[str, ...] = ()
    evidence: Findings = defaulted(default_factory=dict)


def read_dialect(path: Path, limits: ReadLimits, sheet: str | None = None) -> Dialect:
    """Find how the file is written; `sheet` names the one to read of a workbook.

    Raises `FileRefused` when it is empty, is no table, or has more columns than the limit, and
    `QuestionOpen` (`sheet`) when several sheets could be meant.
    """
    container = read_container(path)
    if container == "workbook":
        return _workbook_dialect(path, limits, sheet)
    encoding, encoding_evidence = read_encoding(path, container, limits)
    text, whole = _read_sample(path, container, encoding, limits)
    line_end = find_line_end(text)
    lines = physical_lines(text, line_end, whole)
    told = _told_delimiter(lines)
    delimiter, quote, sample = _choose_delimiter(lines, told)
    place = _find_place(path, sample, 1 if told is None else 2)
    refuse_two_kinds(path, text, line_end, quote, place[0])
    headers, trailing = settle_width(place)
    check_width(path, headers, limits)
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        header_line=place[0][0],
        data_line=place[0][1] + 1,
        headers=name_headers(headers),
        trailing_delimiter=trailing,
        line_end=line_end,
        container=container,
        own_export=is_own_export(headers),
        evidence={
            "encoding": encoding_evidence,
            "delimiter": _delimiter_evidence(delimiter, place[1], len(headers), told),
            "quote": _quote_evidence(text, delimiter, quote),
            "header": header_evidence(place[0][0], of_rows=False),
            **({"trailing": found(_TRAILING)} if trailing else {}),
        },
    )


def _workbook_dialect(path: Path, limits: ReadLimits, sheet: str | None) -> Dialect:
    samples = {
        name: filled_rows(rows) for name, rows in sample_sheets(path, limits, _SAMPLE_ROWS).items()
    }
    name, evidence = choose_sheet(path, samples, sheet)
    place = find_header(samples[name][:SAMPLE_RECORDS], path)
    headers = list(place[0][2])
    while headers and not headers[-1]:
        headers.pop()
    check_width(path, headers, limits)
    return Dialect(
        encoding="utf-8",
        delimiter=",",
        header_line=place[0][0],
        data_line=place[0][0] + 1,
        headers=name_headers(headers),
        container="workbook",
        sheet=name,
        sheets=tuple(samples),
        own_export=is_own_export(headers),
        evidence={"sheet": evidence, "header": header_evidence(place[0][0], of_rows=True)},
    )


def _read_sample(path: Path, container: str, encoding: str, limits: ReadLimits) -> tuple[str, bool]:
    sample = b""
    for chunk in read_utf8(path, container, encoding, limits):
        sample += chunk
        if len(sample) > _SAMPLE_BYTES:
            return sample[:_SAMPLE_BYTES].decode("utf-8", errors="ignore"), False
    return sample.decode("utf-8", errors="ignore"), True


def _find_place(path: Path, sample: Sample, first: int) -> tuple[Record, list[Record]]:
    """Return the header, looked for from line `first` on, and the sampled records after it."""
    records = [record for record in sample.records if record[2] and record[0] >= first]
    if not records:
        refuse_faults(path, sample, None)
    place = find_header(records, path)
    refuse_faults(path, sample, place[0])
    return place


def _told_delimiter(lines: Sequence[str]) -> str | None:
    first = lines[0].strip().lower() if lines else ""
    return first[4] if first.startswith("sep=") and len(first) == 5 else None


def _choose_delimiter(lines: Sequence[str], told: str | None) -> tuple[str, str, Sample]:
    """Return the delimiter, the quote and the sampled records."""
    tried = [_choose_quote(lines, d) for d in ((told,) if told is not None else DELIMITERS)]
    return max(tried, key=lambda one: _delimiter_score(one[2].records))


def _choose_quote(lines: Sequence[str], delimiter: str) -> tuple[str, str, Sample]:
    """Return the delimiter, the quote and the records that it gives.

    Single quotes are obeyed when they make more rows as wide as the others, or stand around most
    cells or every filled one of a column: an apostrophe of a name, or one put before a formula,
    does none of these.
    """
    double = sample_records(lines, delimiter, DOUBLE)
    enclosed, others = count_enclosed(lines[:SAMPLE_RECORDS], delimiter)
    if enclosed:
        single = sample_records(lines, delimiter, SINGLE)
        gained = _delimiter_score(single.records)[0] - _delimiter_score(double.records)[0]
        rows = [cells for _, _, cells in double.records]
        if gained > 0 or (gained == 0 and (enclosed > others or has_enclosed_column(rows))):
            return delimiter, SINGLE, single
    return delimiter, DOUBLE, double


def _delimiter_score(records: Sequence[Record]) -> tuple[float, int]:
    """Known header names first, then how many records share one width above 1."""
    filled = [cells for _, _, cells in records if cells]
    widths = Counter(len(cells) for cells in filled if len(cells) > 1)
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    known = most_known(records)
    return count / len(filled) + (known if known > 1 else 0), width


def is_own_export(headers: Sequence[str]) -> bool:
    """Whether the file is one that this product writes, whose cells are guarded.

    The outputs of a run have headers that no other program writes; a file of customers,
    products, sales or contacts, whose headers anybody may use, ends with `OWN_MARK`.
    """
    is_output = any(tuple(headers[: len(own)]) == own for own in OWN_EXPORTS)
    return is_output or OWN_MARK in headers[-1:]


def _delimiter_evidence(
    delimiter: str, rows: Sequence[Record], width: int, told: str | None
) -> Finding:
    name = found(_DELIMITER_NAMES[delimiter]) if delimiter in _DELIMITER_NAMES else delimiter
    if told is not None:
        return found(N_("Cells separated by %(delimiter)s: the line sep= says so."), delimiter=name)
    if width == 1:
        return found(N_("One column: no delimiter divides the rows."))
    same = sum(len(cells) == width or _has_trailing(cells, width) for _, _, cells in rows)
    message = N_(
        "Cells separated by %(delimiter)s: %(same)s of %(records)s sampled rows have "
        "%(cells)s cells, as the header has."
    )
    return found(message, delimiter=name, same=same, records=len(rows), cells=width)


def _has_trailing(cells: Sequence[str], width: int) -> bool:
    return len(cells) == width + 1 and not cells[-1]


def _quote_evidence(text: str, delimiter: str, quote: str) -> Finding:
    quoted = len(re.findall(rf"(?:^|{re.escape(delimiter)}){quote}", text, re.MULTILINE))
    if quoted and quote == SINGLE:
        return found(N_("Single quotes around cells: %(count)s in the sample."), count=quoted)
    if quoted:
        return found(N_("Quotes around cells: %(count)s in the sample."), count=quoted)
    return found(N_("No cell of the sample is quoted; quotes would be obeyed."))
