"""Which cells of a large file the one-pass reader may parse by itself, and as what.

A column taken straight from a header becomes a typed column of the plain rows; where a mapping
computes a value, its headers become text, and SQL computes the value as it does for every other
row. Words (yes and no, a status, a currency) are those of the first rows of the file: SQL says
once what each of them means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from core.contracts import BLANK_ALLOWED, REQUIRED_GROUPS, Column, ColumnType
from core.ingest.cells import ColumnSource, column_source, has_rate
from core.ingest.contract_rows import Parsing, code_sql, trimmed_cells
from core.ingest.derive import NUMERIC, derivation_headers
from core.ingest.mapping import ColumnMapping
from core.ingest.plain import PlainColumn, PlainPlan, plan_of
from core.ingest.plain_cells import DATE, DMY, ISO, MDY, NUMBER, TEXT, WORD
from core.ingest.reader import RawTable
from core.ingest.values import EARLIEST, LATEST, Formats, ParsedColumn, longest_text

_ORDERS = {"iso": ISO, "dmy": DMY, "mdy": MDY}
_SCALES = {
    ColumnType.MONEY: 2,
    ColumnType.QUANTITY: 3,
    ColumnType.VOLUME: 1,
    ColumnType.INTEGER: 0,
    ColumnType.DECIMAL: 6,
}
_FACTOR_SCALE = 6
_EXACT = pa.decimal64(18, _FACTOR_SCALE)
_WORD_TYPES = frozenset({ColumnType.BOOLEAN, ColumnType.CHOICE})
_MOST_WORDS = 64
_ANY_TEXT = 1 << 30
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class PlainSources:
    """What to read of a file, and the source of every contract column over what was read."""

    plan: PlainPlan
    sources: tuple[ColumnSource, ...]


@dataclass(frozen=True, kw_only=True)
class PlainCells:
    """The cells of plain rows: text as read, and the exact decimals beside it."""

    raw: RawTable
    formats: Formats

    def text(self, header: str) -> str:
        """Return the column of the cell's text, NULL when blank."""
        return self.raw.column(header)

    def factor(self, header: str) -> str:
        """Return the column of the cell's exact decimal."""
        return f"n{self.raw.headers.index(header)}"


def plan_plain(work: Parsing, first_rows: Sequence[ColumnSource], formats: Formats) -> PlainSources:
    """Return what the one-pass reader is asked for under the mapping of `work`.

    `first_rows` are the sources over the cells of the raw table: the first rows of the file. Only
    for files that are not an own export.
    """
    raw, mapping = work.raw, work.mapping
    cells = PlainCells(raw=raw, formats=formats)
    columns: dict[str, PlainColumn] = {}
    sources = []
    for seen in first_rows:
        source = column_source(seen.column, mapping, cells, work.options.tenant_currency)
        typed = _typed_column(work, seen, first_rows, formats)
        if typed is not None:
            columns[typed.name] = typed
            source = _certain(source, typed)
        else:
            columns |= {c.name: c for c in _texts_of(raw, seen.column, mapping, formats)}
        sources.append(source)
    for fields in mapping.create_missing.values():
        for header in fields.values():
            text = _text(raw.headers.index(header))
            columns[text.name] = text
    return PlainSources(plan=plan_of(list(columns.values())), sources=tuple(sources))


def _certain(source: ColumnSource, typed: PlainColumn) -> ColumnSource:
    value = typed.name
    if source.column.type is ColumnType.DECIMAL:
        value = f"CAST({value} AS DOUBLE)"
    parsed = ParsedColumn(value=value, code="NULL")
    return replace(source, cell=typed.name, shown="NULL", parsed=parsed, certain=True)


def _texts_of(
    raw: RawTable, column: Column, mapping: ColumnMapping, formats: Formats
) -> list[PlainColumn]:
    """Return the columns from which SQL computes `column`.

    A number or date among them is read twice, as text and as what it is: so its cells vote for a
    format, and a row whose cell could be read in two ways is not plain.
    """
    rule = mapping.derive.get(column.name, {})
    headers = list(derivation_headers(rule))
    if not rule and column.name in mapping.columns:
        headers.append(mapping.columns[column.name])
    texts = [*headers]
    if has_rate(column, mapping) and "currency" in mapping.columns:
        texts.append(mapping.columns["currency"])
    read = [_text(raw.headers.index(header)) for header in texts]
    if rule.get("op") != "lookup":
        places = [raw.headers.index(header) for header in headers]
        if column.type in NUMERIC:
            read += [_factor(place, formats) for place in places]
        elif column.type is ColumnType.DATE:
            read += [_voting_date(place, formats) for place in places]
    return read


def _text(place: int) -> PlainColumn:
    return PlainColumn(
        name=f"c{place}", header=place, kind=TEXT, type=pa.string_view(), size=_ANY_TEXT
    )


def _factor(place: int, formats: Formats) -> PlainColumn:
    return PlainColumn(
        name=f"n{place}",
        header=place,
        kind=NUMBER,
        type=_EXACT,
        size=_FACTOR_SCALE,
        mark=ord(formats.decimal),
    )


def _voting_date(place: int, formats: Formats) -> PlainColumn:
    order = _ORDERS[formats.date_order]
    return PlainColumn(name=f"d{place}", header=place, kind=DATE, type=pa.date32(), mark=order)


def _typed_column(
    work: Parsing, seen: ColumnSource, first_rows: Sequence[ColumnSource], formats: Formats
) -> PlainColumn | None:
    """Return how a column is read without SQL, None when it must be computed or is not given."""
    column, mapping = seen.column, work.mapping
    name, header = column.name, mapping.columns.get(column.name)
    if header is None or name in mapping.derive or name in mapping.constants:
        return None
    if column.type is ColumnType.EMAIL or has_rate(column, mapping):
        return None
    read = PlainColumn(
        name=f"v_{column.field}",
        header=work.raw.headers.index(header),
        kind=TEXT,
        type=pa.string_view(),
        size=longest_text(column),
        required=_is_required(column, mapping),
    )
    if column.type in _WORD_TYPES or name == "currency":
        return _with_words(work, read, seen, first_rows)
    if column.type in _SCALES:
        return _number(read, column, formats)
    if column.type is ColumnType.DATE:
        return _date(read, column, formats, work.options.as_of)
    return read


def _is_required(column: Column, mapping: ColumnMapping) -> bool:
    if column.required:
        return column.name not in BLANK_ALLOWED[mapping.kind]
    return any(
        [n for n in group if mapping.gives(n)] == [column.name]
        for group in REQUIRED_GROUPS[mapping.kind]
    )


def _number(read: PlainColumn, column: Column, formats: Formats) -> PlainColumn:
    scale = _SCALES[column.type]
    bounds = {
        which: round(bound * 10**scale)
        for which, bound in (("least", column.minimum), ("most", column.maximum))
        if bound is not None
    }
    stored = _EXACT if column.type is ColumnType.DECIMAL else pa.int64()
    mark = ord(formats.decimal)
    return replace(read, kind=NUMBER, type=stored, size=scale, mark=mark, **bounds)


def _date(read: PlainColumn, column: Column, formats: Formats, as_of: date) -> PlainColumn:
    latest = min(as_of, LATEST) if column.name == "sale_date" else LATEST
    return replace(
        read,
        kind=DATE,
        type=pa.date32(),
        mark=_ORDERS[formats.date_order],
        least=(EARLIEST - _EPOCH).days,
        most=(latest - _EPOCH).days,
    )


def _with_words(
    work: Parsing, read: PlainColumn, seen: ColumnSource, first_rows: Sequence[ColumnSource]
) -> PlainColumn:
    place = f"c{read.header}"
    code = code_sql(work, seen, first_rows)
    cells = trimmed_cells(work, work.raw.table)
    words = f"""
        SELECT DISTINCT coalesce({seen.cell}, ''), {seen.parsed.value}
        FROM (SELECT DISTINCT {place} FROM {cells} UNION ALL SELECT NULL)
        WHERE ({code}) IS NULL ORDER BY 1 LIMIT {_MOST_WORDS}
    """
    # As Arrow, not by way of Python's objects: making an array of these loads pandas.
    known = work.con.cursor().sql(words).to_arrow_table()
    cells, values = (column.combine_chunks() for column in known.columns)
    return replace(
        read,
        kind=WORD,
        type=values.type,
        words=tuple(cell.encode() for cell in cells.to_pylist()),
        values=values,
    )
