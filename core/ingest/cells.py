"""Where each contract column gets its text from: a column of the file, a constant, a derivation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.contracts import Column, ColumnType
from core.ingest.derive import derivation_headers, parse_rate
from core.ingest.mapping import ColumnMapping, contract_column
from core.ingest.reader import RawTable
from core.ingest.values import (
    Formats,
    ParsedColumn,
    number_text,
    parse_column,
    parse_number,
    quote_literal,
)

FACTOR = "DECIMAL(18, 6)"
_WIDE_FACTOR = "DECIMAL(24, 6)"  # a product of two has 38 digits: it cannot overflow
_RATE = "DECIMAL(10, 6)"
_PRODUCT = "DECIMAL(28, 10)"


class Cells(Protocol):
    """The cells of a table of rows, as SQL over it."""

    @property
    def formats(self) -> Formats:
        """Return how the file's cells are written."""

    def text(self, header: str) -> str:
        """Return the trimmed text of a cell, NULL when blank."""

    def factor(self, header: str) -> str:
        """Return the exact decimal of a cell with which values are computed, NULL for none."""


@dataclass(frozen=True, kw_only=True)
class TextCells:
    """The cells of a table that holds text only, trimmed."""

    raw: RawTable
    formats: Formats

    def text(self, header: str) -> str:
        """Return the column of the cell's text, NULL when blank."""
        return self.raw.column(header)

    def factor(self, header: str) -> str:
        """Return the exact decimal of a cell."""
        return f"TRY_CAST({number_text(self.text(header), self.formats)} AS {FACTOR})"


@dataclass(frozen=True, kw_only=True)
class ColumnSource:
    """SQL over a table of rows for one contract column.

    `cell` is NULL exactly when nothing is given in a row; `shown` is the text shown when the
    value cannot be used; `given` is False when the mapping has nothing for the column; of a
    `certain` one the rows at hand need no further check.
    """

    column: Column
    given: bool
    cell: str
    shown: str
    parsed: ParsedColumn
    certain: bool = False


def column_source(
    column: Column, mapping: ColumnMapping, cells: Cells, currency: str
) -> ColumnSource:
    """Return where `column` comes from under `mapping`; amounts are brought to `currency`."""
    rate = _currency_rate(column, mapping, cells, currency)
    if column.name in mapping.derive:
        return _derived(column, mapping.derive[column.name], cells, rate)
    if column.name in mapping.columns:
        cell = cells.text(mapping.columns[column.name])
        if column.name in mapping.constants:
            cell = f"coalesce({cell}, {quote_literal(mapping.constants[column.name])})"
    elif column.name in mapping.constants:
        cell = quote_literal(mapping.constants[column.name])
    else:
        nothing = ParsedColumn(value="NULL", code="NULL")
        return ColumnSource(column=column, given=False, cell="NULL", shown="NULL", parsed=nothing)
    parsed = _parse(column, cell, mapping, cells.formats, rate, currency)
    return ColumnSource(column=column, given=True, cell=cell, shown=cell, parsed=parsed)


def _parse(
    column: Column,
    cell: str,
    mapping: ColumnMapping,
    formats: Formats,
    rate: str | None,
    currency: str,
) -> ParsedColumn:
    if rate is not None:
        number = f"TRY_CAST({number_text(cell, formats)} AS {_WIDE_FACTOR}) * {rate}"
        return parse_number(column, f"({number})", cell)
    parsed = parse_column(column, cell, formats)
    if column.name in mapping.inverse:
        return ParsedColumn(value=f"NOT ({parsed.value})", code=parsed.code)
    if column.name == "currency":
        known = (currency.upper(), *(name.upper() for name in mapping.rates))
        listed = ", ".join(quote_literal(name) for name in known)
        unknown = f"CASE WHEN upper({cell}) NOT IN ({listed}) THEN 'CURRENCY_UNKNOWN' END"
        return ParsedColumn(value=f"upper({cell})", code=f"coalesce({parsed.code}, {unknown})")
    return parsed


def has_rate(column: Column, mapping: ColumnMapping) -> bool:
    """Whether values of `column` may have to be brought to another currency."""
    return column.type is ColumnType.MONEY and bool(mapping.rates)


def _currency_rate(
    column: Column, mapping: ColumnMapping, cells: Cells, currency: str
) -> str | None:
    """Return SQL of the rate that brings an amount to the tenant's currency, None for no rate."""
    if not has_rate(column, mapping):
        return None
    name = contract_column(mapping.kind, "currency").name
    if name in mapping.columns:
        cell = f"upper({cells.text(mapping.columns[name])})"
    elif name in mapping.constants:
        cell = f"upper({quote_literal(mapping.constants[name])})"
    else:
        return None
    cases = " ".join(
        f"WHEN {quote_literal(code.upper())} THEN {parse_rate(rate)}"
        for code, rate in mapping.rates.items()
        if code.upper() != currency.upper()
    )
    return f"CAST(CASE {cell} {cases} ELSE 1 END AS {_RATE})" if cases else None


def _derived(
    column: Column, rule: Mapping[str, Any], cells: Cells, rate: str | None
) -> ColumnSource:
    if rule["op"] == "lookup":
        cell = _looked_up(cells.text(rule["of"]), rule["table"])
        parsed = parse_column(column, cell, cells.formats)
        return ColumnSource(column=column, given=True, cell=cell, shown=cell, parsed=parsed)
    headers = derivation_headers(rule)
    texts = [cells.text(header) for header in headers]
    factors = [f"CAST({cells.factor(header)} AS {_WIDE_FACTOR})" for header in headers]
    if rule["op"] == "add_tax":
        factors.append(f"CAST(1 + {parse_rate(rule['rate'])} AS {_RATE})")
    number = " * ".join(factors)
    if rate is not None:
        number = f"TRY_CAST({number} AS {_PRODUCT}) * {rate}"
    cell = " || ' × ' || ".join(texts)
    shown = f"concat_ws(' × ', {', '.join(texts)})"
    parsed = parse_number(column, f"({number})", f"({cell})")
    return ColumnSource(column=column, given=True, cell=f"({cell})", shown=shown, parsed=parsed)


def _looked_up(cell: str, table: Mapping[str, str]) -> str:
    cases = " ".join(
        f"WHEN {quote_literal(str(spelling))} THEN {quote_literal(str(value))}"
        for spelling, value in table.items()
    )
    return f"CASE {cell} {cases} ELSE {cell} END" if cases else cell
